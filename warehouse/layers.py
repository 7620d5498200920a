"""Layers: what a compaction leaves of loads that are in the warehouse.

Of each key stay at most three rows, each as it was landed, with its own load id:

    its newest row                           what a pull compares with
    the row whose values the warehouse has   where the newest one is bad, gone, or the same again
    how it went                              where it is gone, and its newest row is bad

They become as many loads, in that order in time; so check, load, rebuild and replay know of loads
only. What the merged loads had in quarantine is kept beside the newest layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from contracts.typed import text
from warehouse.files import Folder, whole
from warehouse.landing import PART, SCHEMA, Load
from warehouse.load import waiting_query
from warehouse.verdict import Verdict

LAYERS = 3
BAD = ("_key", "rules", "_unreadable", "_row", "_load_id")


@dataclass(frozen=True)
class Settled:
    """A load that is in the warehouse. `newer`: loads whose rows it does not bring."""

    load: Load
    verdict: Verdict
    newer: tuple[Load, ...]


def ids(newest: str) -> list[str]:
    """Of the layers, newest first."""
    return [f"{newest}{LAYERS - level:03}" for level in range(LAYERS)]


def choose(connection: duckdb.DuckDBPyConnection, run: Sequence[Settled]) -> None:
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


def write(
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
    names = ids(newest.load.id)
    landed = sum(one.load.manifest.rows for one in run)
    layers = []
    for layer in sorted({0, *counts}, reverse=True):
        count = counts.get(layer, 0)
        own = landed - sum(counts.values()) + count if layer == 0 else count
        manifest = replace(
            newest.load.manifest,
            load=names[layer],
            compacted=names[0],
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


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Folder) -> None:
    with whole(path) as aside:
        connection.execute(
            f"copy ({query}) to {text(str(aside))} (format parquet, row_group_size {PART})"
        )
