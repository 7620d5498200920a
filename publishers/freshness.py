"""How old what we know of consents is: an unsubscribe that was not pulled yet cannot be kept to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from systems import System
from warehouse import Places
from warehouse.landing import Landing
from warehouse.serve import served

TABLES = frozenset({"customers", "contacts", "consents"})  # that say who agreed to what
SAYING = """
    select distinct consents.system
    from marts.consents as consents
    semi join ops.systems as systems on consents.system = systems.system
    order by all
"""
LOADS = "select table_name, load_id from meta.loads where system = ?"


def stale(places: Places, system: System, now: datetime | None = None) -> str:
    """Why nothing of marketing may be added in the system now; empty where it may."""
    oldest = (now or datetime.now(UTC)) - timedelta(hours=system.consent_hours)
    late = {name: known for name, known in _known(places) if known is None or known < oldest}
    if not late:
        return ""
    said = ", ".join(
        f"{name} ({f'{known:%Y-%m-%d %H:%M} UTC' if known else 'never read whole'})"
        for name, known in late.items()
    )
    return (
        f"what is known of consents is older than {system.consent_hours} hours: {said}. Nobody "
        f"is added to a marketing audience of {system.name} and nobody is created there until pull "
        "and build have run; who took a consent back is taken out. Where systems are pulled less "
        f"often, set consent_hours of [{system.name}] in systems.toml."
    )


def _known(places: Places) -> Iterator[tuple[str, datetime | None]]:
    """Each system that says anything of consents, and up to when the served files know it."""
    landing = Landing(places.landing)
    with served(places) as connection:
        names = [name for (name,) in connection.execute(SAYING).fetchall()]
        built = {name: dict(connection.execute(LOADS, [name]).fetchall()) for name in names}
    for name in names:
        tables = TABLES & {*landing.tables(name)}
        moments = [_read_whole(landing, name, table, built[name].get(table)) for table in tables]
        yield name, None if None in moments else min((m for m in moments if m), default=None)


def _read_whole(landing: Landing, system: str, table: str, built: str | None) -> datetime | None:
    """When the newest reading that missed nothing began, before the first news that the served
    files do not have."""
    known = None
    for load in landing.loads(system, table):
        said = load.manifest
        if (said.rows or said.gone) and load.id > (built or ""):
            break
        if said.finished and said.complete:
            known = datetime.fromtimestamp(float(load.id), UTC)
    return known
