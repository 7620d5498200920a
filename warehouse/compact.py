"""Compact: of loads older than some days the landing keeps what everything after needs, no more.

The oldest loads, up to the first that is too young, refused, not checked or not loaded, are merged.
Of each key stay at most three rows, each as it was landed, with its own load id:

    its newest row                           what a pull compares with
    the row whose values the warehouse has   where the newest one is bad, gone, or the same again
    how it went                              where it is gone, and its newest row is bad

They become as many loads, layers, in that order in time; so check, load, rebuild and replay know of
loads only. What the merged loads had in quarantine is kept beside the newest layer. All count from
the moment when that layer's manifest is written, and from then on what was merged does not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import duckdb

from contracts import Contract
from contracts.typed import text
from systems import System
from warehouse import Places, memory, opened, tables, transaction
from warehouse.disk import hold_room, size
from warehouse.files import write_json
from warehouse.landing import PART, SCHEMA, Landing, LandingError, Load
from warehouse.load import note, waiting_query
from warehouse.locks import Taken, alone
from warehouse.verdict import Verdict, verdict_of

log = logging.getLogger(__name__)
LAYERS = 3
BAD = ("_key", "rules", "_unreadable", "_row", "_load_id")


@dataclass(frozen=True)
class Settled:
    """A load that is in the warehouse. `newer`: loads whose rows it does not bring."""

    load: Load
    verdict: Verdict
    newer: tuple[Load, ...]


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
    with alone(landing.root, system.name, "rewritten"):
        for name in contract.tables:
            one = Compacted(system.name, name)
            run = _settled(landing, system, name, loaded, before.timestamp())
            # What one compaction left is merged again with what came since.
            if len(run) > 1 and not all(s.load.manifest.compacted for s in run):
                old = sum(size(one.load.files) for one in run)
                hold_room(landing.root, old, f"compact {system.name}.{name}")
                layers = _merge(places, landing, run, one)
                _note(places, layers)
            one.freed = _swept(landing, system.name, name)
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
    if 0 < merged < len(loads) and _ids(loads[merged - 1].id)[0] >= loads[merged].id:
        raise LandingError(
            f"{loads[merged].folder}: the loads {loads[merged - 1].id} and {loads[merged].id} are "
            "too near to each other to put anything between. Nothing was merged; it will be once "
            "the newer one is old enough, too."
        )


def _ids(newest: str) -> list[str]:
    """Of the layers, newest first."""
    return [f"{newest}{LAYERS - level:03}" for level in range(LAYERS)]


def _merge(
    places: Places, landing: Landing, run: Sequence[Settled], done: Compacted
) -> list[tuple[Load, Verdict]]:
    connection = memory()
    try:
        spill = places.data / "compacting"
        connection.execute(f"set temp_directory = {text(str(spill))}")
        _choose(connection, run)
        layers = _write(connection, run)
        done.loads, done.rows = len(run), sum(one.load.manifest.rows for one in run)
        done.kept = sum(verdict.rows for _, verdict in layers)
    finally:
        connection.close()
    for load, verdict in layers:
        write_json(load.verdict_path, asdict(verdict))
    landing.add([load for load, _ in layers])
    log.info(
        "%s.%s: %d loads with %d rows merged to %d rows",
        *(done.system, done.table, done.loads, done.rows, done.kept),
    )
    return layers


def _choose(connection: duckdb.DuckDBPyConnection, run: Sequence[Settled]) -> None:
    """Tables of what the run's loads say: `seen`, `kept` (layer by layer) and `was`."""
    columns = "n, _position, _key, _hash, _change, _load_id, bad"
    seen = " union all ".join(_seen(n, one) for n, one in enumerate(run))
    connection.execute(f"create table seen as select {columns} from ({seen})")
    connection.execute(
        """create table kept as
            with turned as (
                select *, _hash is distinct from lag(_hash) over (partition by _key order by n)
                    as turned
                from seen where not bad
            ), wanted as (
                -- Same hash as before: the warehouse kept the row it had.
                select _key, max(n) as n from turned where turned group by _key
                union
                select _key, max(n) from turned
                where turned and _hash is distinct from _change group by _key
                union
                select _key, max(n) from seen group by _key
            )
            select n, _position, _key, bad,
                row_number() over (partition by _key order by n desc) - 1 as layer
            from seen semi join wanted using (_key, n)"""
    )
    waiting = [query for n, one in enumerate(run) for query in _waiting(n, one)]
    if not waiting:
        return
    connection.execute(
        f"""create table was as
            with told as ({" union all ".join(waiting)}),
            last as (
                select key, max(n) as n, max_by(rules, n) as rules, max_by(reasons, n) as reasons,
                    max_by(row, n) as row, min_by(first_load, n) as first_load,
                    max_by(last_load, n) as last_load, max_by(state, n) as state
                from told group by key
            ), later as (
                -- The first version that came after the last bad one took its place.
                select key, min_by(seen._load_id, seen.n) as load_id
                from last inner join seen on key = _key and seen.n > last.n
                where state = 'open' group by key
            )
            select last.key, rules, reasons, row, first_load,
                coalesce(load_id, last_load) as last_load,
                case when load_id is null then state else 'cleared' end as state
            from last left join later on last.key = later.key"""
    )


def _seen(n: int, one: Settled) -> str:
    """SELECT of the load's rows, the newest of each key, as `load` takes them."""
    without = " ".join(f"anti join ({newer.rows_query}) using (_key)" for newer in one.newer)
    bad = one.load.bad_path(one.verdict.revision)
    is_bad = (
        f"_key in (select _key from read_parquet({text(str(bad))}))" if bad.exists() else "false"
    )
    return f"""select {n} as n, *, {is_bad} as bad from (
            select _position, _key, _hash, _change, _load_id from ({one.load.rows_query})
            qualify row_number() over (partition by _key order by _position desc) = 1
        ) {without}"""


def _waiting(n: int, one: Settled) -> list[str]:
    """SELECTs of what the load, and the loads merged in it, have in quarantine."""
    columns = "key, rules, reasons, row, first_load, last_load, state"
    found = []
    if one.load.was_path.exists():
        was = text(str(one.load.was_path))
        found.append(f"select {n} - 0.5 as n, {columns} from read_parquet({was})")
    if one.load.bad_path().exists():
        found.append(f"select {n} as n, {columns} from ({waiting_query(one.load, one.verdict)})")
    return found


def _write(
    connection: duckdb.DuckDBPyConnection, run: Sequence[Settled]
) -> list[tuple[Load, Verdict]]:
    """The layers' files, oldest layer first; their manifests and verdicts are not written yet."""
    rows = " union all ".join(
        f"select {n} as n, * from ({one.load.rows_query})" for n, one in enumerate(run)
    )
    newest = run[-1]
    counts: Mapping[int, int] = dict(
        connection.execute("select layer, count(*) from kept group by all").fetchall()
    )
    ids = _ids(newest.load.id)
    landed = sum(one.load.manifest.rows for one in run)
    layers = []
    for layer in sorted({0, *counts}, reverse=True):
        count = counts.get(layer, 0)
        own = landed - sum(counts.values()) + count if layer == 0 else count
        manifest = replace(
            newest.load.manifest,
            load=ids[layer],
            compacted=ids[0],
            rows=own,
            fields=tuple(sorted({f for one in run for f in one.load.manifest.fields})),
        )
        load = Load(manifest, newest.load.folder)
        if count:
            _copy(
                connection,
                f"""select {", ".join(SCHEMA.names)} from ({rows})
                    semi join (select n, _position from kept where layer = {layer})
                        using (n, _position)""",
                load.folder / f"{load.id}.0.parquet",
            )
        verdict = replace(
            newest.verdict,
            load=load.id,
            rows=count,
            quarantined=_bad(connection, run, load) if layer == 0 else 0,
            results=newest.verdict.results if layer == 0 else [],
            superseded=[],
            revision=0,
        )
        layers.append((load, verdict))
    return layers


def _bad(connection: duckdb.DuckDBPyConnection, run: Sequence[Settled], load: Load) -> int:
    """Writes which newest rows are bad, and what else was; gives how many are."""
    paths = {n: one.load.bad_path(one.verdict.revision) for n, one in enumerate(run)}
    bad = " union all ".join(
        f"select {n} as n, {', '.join(BAD)} from read_parquet({text(str(path))})"
        for n, path in paths.items()
        if path.exists()
    )
    if connection.execute("select 1 from duckdb_tables() where table_name = 'was'").fetchone():
        _copy(connection, "from was", load.was_path)
    else:
        load.was_path.unlink(missing_ok=True)
    load.bad_path().unlink(missing_ok=True)
    if not bad:
        return 0
    waiting = f"""select {", ".join(BAD)} from ({bad})
        semi join (select n, _key from kept where layer = 0 and bad) using (n, _key)"""
    [(count,)] = connection.execute(f"select count(*) from ({waiting})").fetchall()
    if count:
        _copy(connection, f"{waiting} order by _key", load.bad_path())
    return int(count)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(
        f"copy ({query}) to {text(str(path))} (format parquet, row_group_size {PART})"
    )


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


def _swept(landing: Landing, system: str, table: str) -> int:
    try:
        with alone(landing.root, system):
            return landing.sweep(system, table)
    except Taken:
        log.info("%s is being pulled: merged files of %s stay until the next run", system, table)
        return 0
