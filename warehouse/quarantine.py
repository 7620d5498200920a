"""Quarantine that people work on: rows are let in after a mend, or dismissed.

`replay` holds waiting rows against the contract as it is now, after a rule, a mapping or a
source's reading was mended. Only the newest landed version of a row is looked at, and rows that
went in already stay in. The verdict gets a new revision with the rows that are still bad, so any
machine, and a rebuild, goes on from there. What was decided, and by whom, is in the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import duckdb

from contracts import Contract, Table
from contracts.personal import is_masked, shown_key
from contracts.rules import row_rules
from contracts.typed import text
from systems import System
from warehouse import Places, in_memory
from warehouse.check import judge
from warehouse.files import whole, write_json
from warehouse.journal import Journal
from warehouse.landing import Landing, Load
from warehouse.locks import alone
from warehouse.staged import stage
from warehouse.tables import hold_mapping
from warehouse.verdict import Verdict, verdict_of

log = logging.getLogger(__name__)
RELEASED, DISMISSED = "released", "dismissed"


@dataclass
class Replayed:
    """Of one table's waiting rows: how many were looked at, and how many are good now."""

    system: str
    table: str
    looked_at: int = 0
    good: int = 0


class Waiting(NamedTuple):
    """A row in quarantine. `shown`: its key as people see it. `load`: that brought it."""

    key: str
    shown: str
    load: str


def replay(
    places: Places,
    system: System,
    contract: Contract,
    tables: Sequence[str] = (),
    *,
    by: str = "",
    why: str = "",
) -> list[Replayed]:
    """One `Replayed` for each table with waiting rows; `load` then takes the good ones.

    `tables`: only these. Raises ValueError for a table that the contract does not have, and
    BrokenGate naming a rule that cannot be evaluated.
    """
    hold_mapping(system, contract)
    done = []
    for table in [_table(system, contract, name) for name in tables or contract.tables]:
        one = Replayed(system.name, table.name)
        with alone(places.here, system.name, "rewritten"):
            loads = Landing(places.landing).loads(system.name, table.name)
            for position, load in enumerate(loads):
                verdict = verdict_of(load)
                if verdict is None or not verdict.accepted or not verdict.quarantined:
                    continue
                waiting, good = _replay(places, table, load, verdict, loads[position + 1 :])
                one.looked_at += waiting
                one.good += len(good)
                _note(places, system, table.name, good, RELEASED, by, why)
        if one.looked_at:
            done.append(one)
    return done


def dismiss(
    places: Places,
    system: System,
    contract: Contract,
    table: str,
    keys: Sequence[str],
    *,
    by: str,
    why: str,
) -> None:
    """Says of waiting rows that nothing is to be done about them, until they come anew.

    `keys`: as the systems write them, or masked as they are shown. Raises ValueError for keys
    that do not wait or stand for several rows, or without a reason.
    """
    if not why.strip():
        raise ValueError("Say why: a row that is dismissed needs a reason somebody can read later.")
    found = _waiting(places, _table(system, contract, table), system)
    dismissed: dict[str, Waiting] = {}
    for key in keys:
        named = [row for row in found.values() if key in (row.key, row.shown)]
        if len(named) != 1:
            what = f"stands for {len(named)} rows" if named else "is not in quarantine"
            raise ValueError(
                f"{system.name}.{table}: {_said(contract.tables[table], key)} {what}. Valid keys "
                "are those of quarantine.rows in serving/desk.duckdb; of rows that share a masked "
                "key, the system's own. Nothing was dismissed."
            )
        dismissed[named[0].key] = named[0]
    _note(places, system, table, dismissed.values(), DISMISSED, by, why)


def _table(system: System, contract: Contract, name: str) -> Table:
    if name not in contract.tables:
        raise ValueError(
            f"{system.name} has no table {name}. Its contract {contract.path.name} has: "
            f"{', '.join(contract.tables)}."
        )
    return contract.tables[name]


def _replay(
    places: Places, table: Table, load: Load, verdict: Verdict, newer: Sequence[Load]
) -> tuple[int, list[Waiting]]:
    """How many rows of the load wait, and those that are good."""
    old = f"read_parquet({text(str(load.bad_path(verdict.revision)))})"
    with in_memory(places.landing, spill=places.data) as connection:
        stage(connection, places, table, load, newer)
        connection.execute(f"create temp view waiting as from typed semi join {old} using (_key)")
        found = replace(verdict, results=[])
        judge(connection, table, row_rules(table), found, rows="waiting")
        good = _rows(
            connection, table, f"{old} semi join judged using (_key) anti join bad using (_key)"
        )
        changed = f"""select 1 from bad join {old} as o using (_key)
            where bad.rules is distinct from o.rules limit 1"""
        if good or connection.execute(changed).fetchone():
            _revise(connection, load, verdict, old)
        return found.rows, good


def _revise(connection: duckdb.DuckDBPyConnection, load: Load, verdict: Verdict, old: str) -> None:
    """First the rows that are still bad, then the verdict that names their file."""
    revision = verdict.revision + 1
    path = load.bad_path(revision)
    with whole(path) as file:
        connection.execute(
            f"""copy (
                    select o.* replace (
                        coalesce(b.rules, o.rules) as rules,
                        case when b._key is null then o._unreadable else b._unreadable end
                            as _unreadable)
                    from {old} as o left join bad as b using (_key)
                    where b._key is not null or o._key not in (select _key from judged)
                    order by o._key
                ) to {text(str(file))} (format parquet)"""
        )
    left = connection.execute(f"select count(*) from read_parquet({text(str(path))})").fetchall()
    revised = replace(verdict, revision=revision, quarantined=left[0][0])
    write_json(load.verdict_path, asdict(revised))


def _waiting(places: Places, table: Table, system: System) -> dict[str, Waiting]:
    """Rows in quarantine by key, each in its newest version."""
    found: dict[str, Waiting] = {}
    with in_memory(places.landing) as connection:
        for load in Landing(places.landing).loads(system.name, table.name):
            verdict = verdict_of(load)
            if verdict is not None and verdict.quarantined:
                path = text(str(load.bad_path(verdict.revision)))
                rows = _rows(connection, table, f"read_parquet({path})")
                found |= {row.key: row for row in rows}
    return found


def _rows(connection: duckdb.DuckDBPyConnection, table: Table, bad: str) -> list[Waiting]:
    query = f"select _key, {shown_key(table)}, _load_id from {bad} order by _key"
    return [Waiting(*row) for row in connection.execute(query).fetchall()]


def _said(table: Table, key: str) -> str:
    """A key that somebody gave, as it may be shown."""
    with in_memory() as connection:
        query = f"select case when {is_masked('_key')} then _key else {shown_key(table)} end"
        [(said,)] = connection.execute(f"{query} from (select ? as _key)", [key]).fetchall()
        return str(said)


def _note(
    places: Places,
    system: System,
    table: str,
    rows: Iterable[Waiting],
    decision: str,
    by: str,
    why: str,
) -> None:
    def records() -> Iterator[dict[str, str]]:
        for row in rows:
            yield {
                "system": system.name,
                "table_name": table,
                "key": row.key,
                "load_id": row.load,
                "decision": decision,
                "decided_by": by,
                "why": why,
            }

    Journal(places.journal).append("quarantine", records())
