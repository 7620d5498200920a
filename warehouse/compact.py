"""Compact: of loads older than some days the landing keeps what everything after needs, no more.

The oldest loads, up to the first that is too young, refused, not checked or not loaded, are merged.
What stays of them are layers (layers.py). They count from the moment when the newest one's manifest
is written, and from then on what was merged does not.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from contracts import Contract
from systems import System
from warehouse import Places, in_memory, opened, tables, transaction
from warehouse.disk import hold_room, size
from warehouse.files import write_json
from warehouse.landing import Landing, LandingError, Load
from warehouse.layers import Settled, choose, ids, write
from warehouse.load import note
from warehouse.locks import Taken, alone
from warehouse.verdict import Verdict, verdict_of

log = logging.getLogger(__name__)


@dataclass
class Compacted:
    """Of one table: `loads` were merged, their `rows` became `kept`; `freed` bytes."""

    system: str
    table: str
    loads: int = 0
    rows: int = 0
    kept: int = 0
    freed: int = 0


def compact(
    places: Places, system: System, contract: Contract, *, now: datetime | None = None
) -> list[Compacted]:
    """One `Compacted` per table. Raises Taken while rows of the system are replayed.

    A killed run leaves the old loads or the new ones, and the next one removes the others' files.
    While the system is pulled, files are not removed but by the next run.
    """
    landing = Landing(places.landing)
    before = (now or datetime.now(UTC)) - timedelta(days=system.keep_days)
    loaded = _loaded(places, system)
    done = []
    with alone(places.here, system.name, "rewritten"):
        for name in contract.tables:
            one = Compacted(system.name, name)
            run = _settled(landing, system, name, loaded, before.timestamp())
            # What one compaction left is merged again with what came since.
            if len(run) > 1 and not all(s.load.manifest.compacted for s in run):
                old = sum(size(one.load.files) for one in run)
                hold_room(landing.root, old, f"compact {system.name}.{name}")
                layers = _merge(places, landing, run, one)
                _note(places, layers)
            one.freed = _swept(places, landing, system.name, name)
            done.append(one)
    return done


def _loaded(places: Places, system: System) -> set[tuple[str, str, int]]:
    with opened(places) as connection:
        tables.ensure(connection)
        query = """select table_name, load_id, coalesce(revision, 0) from ops.loads
            where accepted and system = ?"""
        return set(connection.execute(query, [system.name]).fetchall())


def _settled(
    landing: Landing,
    system: System,
    table: str,
    loaded: set[tuple[str, str, int]],
    before: float,
) -> list[Settled]:
    loads = landing.loads(system.name, table)
    by_id = {load.id: load for load in loads}
    run = []
    for load in takewhile(lambda load: float(load.id) < before, loads):
        verdict = verdict_of(load)
        if (
            verdict is None
            or not verdict.accepted
            or (table, load.id, verdict.revision) not in loaded
        ):
            log.info("%s.%s: load %s and newer ones stay: not loaded", system.name, table, load.id)
            break
        run.append(Settled(load, verdict, tuple(by_id[other] for other in verdict.superseded)))
    _hold_order([*loads[: len(run)], *loads[len(run) : len(run) + 1]], len(run))
    return run


def _hold_order(loads: Sequence[Load], merged: int) -> None:
    """A layer's id is between that of the newest merged load and the next."""
    if 0 < merged < len(loads) and ids(loads[merged - 1].id)[0] >= loads[merged].id:
        raise LandingError(
            f"{loads[merged].folder}: the loads {loads[merged - 1].id} and {loads[merged].id} are "
            "too near to each other to put anything between. Nothing was merged; it will be once "
            "the newer one is old enough, too."
        )


def _merge(
    places: Places, landing: Landing, run: Sequence[Settled], done: Compacted
) -> list[tuple[Load, Verdict]]:
    with in_memory(spill=places.data) as connection:
        choose(connection, run)
        layers = write(connection, run)
        done.loads, done.rows = len(run), sum(one.load.manifest.rows for one in run)
        done.kept = sum(verdict.rows for _, verdict in layers)
    for load, verdict in layers:
        write_json(load.verdict_path, asdict(verdict))
    landing.add([load for load, _ in layers])
    log.info(
        "%s.%s: %d loads with %d rows merged to %d rows",
        *(done.system, done.table, done.loads, done.rows, done.kept),
    )
    return layers


def _note(places: Places, layers: Sequence[tuple[Load, Verdict]]) -> None:
    """The warehouse holds them already, and ops says what a rebuild would. Killed before this, the
    warehouse loads them again, to no effect."""
    newest = layers[-1][1]
    with opened(places) as connection, transaction(connection):
        for table in ("ops.loads", "ops.contract_results"):
            connection.execute(
                f"""delete from {table}
                    where system = ? and table_name = ? and load_id < ?""",
                [newest.system, newest.table, newest.load],
            )
        for load, verdict in layers:
            note(connection, load, verdict, verdict.rows)


def _swept(places: Places, landing: Landing, system: str, table: str) -> int:
    try:
        with alone(places.here, system):
            return landing.sweep(system, table)
    except Taken:
        log.info("%s is being pulled: merged files of %s stay until the next run", system, table)
        return 0
