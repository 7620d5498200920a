"""Load: accepted rows and the journal into the warehouse, by difference, about a second.

Every load is one transaction: its rows, its quarantine and its line in ops.loads are all
there or none of them is. Same hash: not touched; an older load never overwrites a newer one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from contracts import Column, Contract, Table
from contracts.typed import quoted, text
from systems import System
from warehouse import Places, opened, tables, transaction
from warehouse.disk import hold_room, size
from warehouse.files import Folder
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.landing import Landing, Load
from warehouse.staged import forget, stage
from warehouse.verdict import Verdict, verdict_of

log = logging.getLogger(__name__)
MOMENT = "make_timestamp(({}::double * 1000000)::bigint)"  # of a load, by its id
# Bytes a landed one may become: the log of the transaction, and the table.
WRITTEN = 6
# A row of which only what happened to it is known: that stands in place of its hash.
GONE = "coalesce(_hash = _change, false)"


@dataclass
class Loaded:
    """What loading did for one table: `changed` rows differ from what was there before."""

    system: str
    table: str
    loads: int = 0
    changed: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class _Due:
    """A load with its verdict; `newer`: loads whose rows it no longer brings."""

    table: Table
    item: Load
    verdict: Verdict
    newer: list[Load]

    @property
    def version(self) -> tuple[str, str, bool, int]:
        """As ops.loads tells it."""
        return self.table.name, self.item.id, self.verdict.accepted, self.verdict.revision


def load(places: Places, system: System, contract: Contract) -> list[Loaded]:
    """Merges everything that is accepted and not loaded yet; one `Loaded` per table."""
    tables.hold_mapping(system, contract)
    landing = Landing(places.landing)
    done = {name: Loaded(system.name, name) for name in contract.tables}
    due = [one for table in contract.tables.values() for one in _judged(landing, system, table)]
    with opened(places) as connection:
        tables.ensure(connection)
        tables.ensure_raw(connection, system, contract)
        known = set(
            connection.execute(
                """select table_name, load_id, accepted, coalesce(revision, 0) from ops.loads
                    where system = ?""",
                [system.name],
            ).fetchall()
        )
        left = [one for one in due if one.version not in known]
        landed = sum(size(one.item.files) for one in left)
        folder = (places.warehouse_file or places.data / "warehouse").parent
        hold_room(folder, WRITTEN * landed, f"load {system.name}")
        for one in left:
            with transaction(connection):
                _load(connection, places, system, one, done[one.table.name])
                if one.verdict.accepted:
                    # Before the commit: a crash in between costs typing again, and no file stays.
                    forget(places, one.item)
        merge_journal(connection, Journal(places.journal))
        _decide(connection)
    return list(done.values())


def _judged(landing: Landing, system: System, table: Table) -> Iterator[_Due]:
    loads = {item.id: item for item in landing.loads(system.name, table.name)}
    for item in loads.values():
        verdict = verdict_of(item)
        if verdict is not None:
            newer = [loads[other] for other in verdict.superseded]
            yield _Due(table, item, verdict, newer)


def _load(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    system: System,
    due: _Due,
    done: Loaded,
) -> None:
    table, item, verdict = due.table, due.item, due.verdict
    changed = 0
    if item.manifest.rows:
        stage(connection, places, table, item, due.newer)
        _quarantine(connection, item, verdict)
        if verdict.accepted:
            target = tables.raw_name(system, table.name)
            _select_good(connection, system, table, item.bad_path(verdict.revision))
            changed = _merge(connection, system.name, target)
            changed += _tombstone(connection, system.name, target)
            if changed:
                # With the revision: a replay brings rows of a load that was built before.
                tables.bump(connection, target, f"{item.id}.{verdict.revision}")
    note(connection, item, verdict, changed)
    done.loads += 1
    done.changed += changed
    done.quarantined += verdict.quarantined


def note(
    connection: duckdb.DuckDBPyConnection, item: Load, verdict: Verdict, changed: int = 0
) -> None:
    """Says in ops that the load is in the warehouse, and what was found in it."""
    name = (verdict.system, verdict.table, item.id)
    connection.execute(
        "delete from ops.loads where system = ? and table_name = ? and load_id = ?",
        name,
    )
    connection.execute(
        f"""insert into ops.loads by name select
            ? as system, ? as table_name, ? as load_id, ? as contract, ? as accepted, ? as claimed,
            ? as seen, ? as landed, ? as quarantined, ? as revision, ? as changed, ? as reason,
            {MOMENT.format("?")} as loaded_from""",
        [
            *(*name, verdict.contract, verdict.accepted),
            *(item.manifest.claimed, item.manifest.seen, item.manifest.rows),
            *(verdict.quarantined, verdict.revision, changed, verdict.reason, item.id),
        ],
    )
    _note_results(connection, verdict)


def _note_results(connection: duckdb.DuckDBPyConnection, verdict: Verdict) -> None:
    connection.execute(
        "delete from ops.contract_results where system = ? and table_name = ? and load_id = ?",
        [verdict.system, verdict.table, verdict.load],
    )
    if verdict.results:
        connection.executemany(
            """insert into ops.contract_results by name select
                ? as system, ? as table_name, ? as load_id, ? as rule, ? as severity,
                ? as checked, ? as failed, ? as keys, ?::timestamp as checked_at""",
            [
                (
                    *(verdict.system, verdict.table, verdict.load, result.rule, result.severity),
                    *(result.checked, result.failed, result.keys, verdict.checked_at),
                )
                for result in verdict.results
            ],
        )


def _select_good(
    connection: duckdb.DuckDBPyConnection, system: System, table: Table, bad: Folder
) -> None:
    """Temp view `good`: typed rows in the raw table's columns, without the quarantined."""
    without_bad = (
        f"where _key not in (select _key from read_parquet({text(str(bad))}))"
        if bad.exists()
        else ""
    )
    connection.execute(
        f"""create or replace temp view good as
            select {text(system.name)} as _system, _key, _hash, _load_id, _change,
                {", ".join(_raw_columns(system, table))}
            from typed {without_bad}"""
    )


def _raw_columns(system: System, table: Table) -> Iterator[str]:
    canonical = tables.canonical_columns(system, table.name)
    extra: list[Column] = []
    for column in table.columns:
        if canonical is None or column.name in canonical:
            yield quoted(column.name)
        else:
            extra.append(column)
    if canonical is not None:
        pairs = ", ".join(f"{text(column.name)}, {quoted(column.name)}" for column in extra)
        yield f"json_object({pairs}) as _extra"


def _merge(connection: duckdb.DuckDBPyConnection, system: str, target: str) -> int:
    rows = f"(from good where not {GONE})"
    there = connection.execute(f"select 1 from {target} where _system = ? limit 1", [system])
    if not there.fetchone():  # a first load has nothing to meet: two thirds of the time
        return _count(connection.execute(f"insert into {target} by name from {rows}"))
    # Not one MERGE: it updates in place, and one row in fifty makes DuckDB write all anew.
    connection.execute(
        f"""create or replace temp table met as
            select t.rowid as place, s._key,
                t._hash is distinct from s._hash and s._load_id >= t._load_id as is_older
            from {target} as t
            inner join {rows} as s on t._system = {text(system)} and t._key = s._key"""
    )
    connection.execute(
        f"delete from {target} where rowid in (select place from met where is_older)"
    )
    return _count(
        connection.execute(
            f"""insert into {target} by name
                from {rows} anti join (from met where not is_older) using (_key)"""
        )
    )


def _tombstone(connection: duckdb.DuckDBPyConnection, system: str, target: str) -> int:
    return _count(
        connection.execute(
            f"""update {target} as t
                set _change = s._change, _hash = s._hash, _load_id = s._load_id
                from (select * from good where {GONE}) as s
                where t._system = {text(system)} and t._key = s._key
                    and t._hash <> s._hash and s._load_id >= t._load_id"""
        )
    )


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


def _quarantine(connection: duckdb.DuckDBPyConnection, item: Load, verdict: Verdict) -> None:
    """Opens the load's bad rows; a newer good version of a row closes its old bad one."""
    system, table = text(verdict.system), text(verdict.table)
    if item.was_path.exists():
        _hold(connection, system, table, f"from read_parquet({text(str(item.was_path))})")
    if verdict.accepted:
        connection.execute(
            f"""update quarantine.rows as t set state = 'cleared', last_load = s._load_id,
                    last_seen = {MOMENT.format("s._load_id")}
                from (select _key, _load_id from typed) as s
                where t.system = {system} and t.table_name = {table} and t.key = s._key
                    and t.state in ('open', 'dismissed') and t.last_load <= s._load_id"""
        )
    if item.bad_path().exists():
        _hold(connection, system, table, waiting_query(item, verdict))


def waiting_query(item: Load, verdict: Verdict) -> str:
    """SELECT of the load's rows in quarantine. Those that a replay let in are told, too: a rebuild
    knows of them from here."""
    first, now = item.bad_path(), item.bad_path(verdict.revision)
    return f"""
        select _key as key, coalesce(n.rules, o.rules) as rules,
            [concat(c.rule, ': ', c.reason) for c in coalesce(n._unreadable, o._unreadable)]
                as reasons,
            o._row as row, o._load_id as first_load, o._load_id as last_load,
            case when n.rules is null then 'cleared' else 'open' end as state
        from read_parquet({text(str(first))}) as o
        left join read_parquet({text(str(now))}) as n using (_key)"""


def _hold(connection: duckdb.DuckDBPyConnection, system: str, table: str, query: str) -> None:
    connection.execute(
        f"""merge into quarantine.rows as t using (
                select {system} as system, {table} as table_name, * replace (row::JSON as row),
                    {MOMENT.format("first_load")} as first_seen,
                    {MOMENT.format("last_load")} as last_seen
                from ({query})
            ) as s
            on t.system = s.system and t.table_name = s.table_name and t.key = s.key
            when matched and s.last_load >= t.last_load then update set
                rules = s.rules, reasons = s.reasons, row = s.row, last_load = s.last_load,
                last_seen = s.last_seen, state = s.state
            when not matched then insert by name"""
    )


def _decide(connection: duckdb.DuckDBPyConnection) -> None:
    """What people decided about the version of a row that is there."""
    connection.execute(
        """update quarantine.rows as t set state = s.decision
            from (
                select system, table_name, key, load_id, arg_max(decision, recorded_at) as decision
                from journal.quarantine group by all
            ) as s
            where t.system = s.system and t.table_name = s.table_name and t.key = s.key
                and t.last_load = s.load_id and t.state <> s.decision"""
    )
