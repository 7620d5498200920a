"""What leaves keeps its promise too: marts, metrics and what is given back to the tools.

Also what only whole tables can show: the uniqueness that source contracts promise.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from contracts import ContractError, Table, contract_of, load
from contracts.reader import HERE
from contracts.rules import Severity, load_rules, row_rules, warehouse_rules
from contracts.typed import quoted, text
from systems import System
from warehouse import tables, transaction

log = logging.getLogger(__name__)
BUILD = "build"  # stands for the load in ops.contract_results: these rules see all of them
OUTGOING = ("marts", "activation")  # contracts
SCHEMAS = ("marts", "metrics", "activation")  # what they promise, all of it


class Broken(RuntimeError):
    """What would leave breaks its contract: nothing is served, the last served files stay."""


@dataclass(frozen=True)
class Held:
    """A promised table, schema.table. `failing`: its rules that do not hold, all warnings."""

    name: str
    contract: str
    version: str
    failing: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        return "broken" if self.failing else "held"


@dataclass(frozen=True)
class _Problem:
    rule: str
    severity: Severity
    words: str


def hold(connection: duckdb.DuckDBPyConnection) -> list[Held]:
    """Every promised table; those of which a warning does not hold say which.

    Raises Broken naming every rule of severity error that does not hold, with first keys.
    """
    held, broken = [], []
    built = set(tables.of_schemas(connection, SCHEMAS))
    for contract in (load(HERE / f"{name}.odcs.yaml") for name in OUTGOING):
        for table in contract.tables.values():
            name = f"{table.settings['schema']}.{table.name}"
            problems = list(_problems(connection, table, name, name in built))
            broken += [one.words for one in problems if one.severity == "error"]
            warnings = [one for one in problems if one.severity != "error"]
            for one in warnings:
                log.warning(one.words)
            failing = tuple(f"{one.rule} (warning)" for one in warnings)
            held.append(Held(name, contract.id, contract.version, failing))
    unpromised = sorted(built - {one.name for one in held})
    broken += [f"{name}: no contract promises it" for name in unpromised]
    if broken:
        files = " or ".join(f"contracts/{name}.odcs.yaml" for name in OUTGOING)
        raise Broken(
            "Not served, the last served files stay: "
            + "; ".join(broken)
            + f". Mend the model, or the promise in {files}."
        )
    return held


def _problems(
    connection: duckdb.DuckDBPyConnection, table: Table, name: str, is_built: bool
) -> Iterator[_Problem]:
    if not is_built:
        yield _Problem("built", "error", f"{name}: is promised, and no model makes it")
        return
    promised = {column.name: column.type for column in table.columns}
    there = {row[0]: row[1] for row in connection.execute(f"describe {name}").fetchall()}
    stray = sorted(promised.keys() ^ there.keys())
    if stray:
        yield _Problem("columns", "error", f"{name}: columns differ from the contract: {stray}")
        return
    for column, kind in there.items():
        if kind != promised[column]:
            words = f"{name}: {column} is {kind}, promised is {promised[column]}"
            yield _Problem(f"{column}.type", "error", words)
    yield from _broken_rules(connection, table, name)


def _broken_rules(
    connection: duckdb.DuckDBPyConnection, table: Table, name: str
) -> Iterator[_Problem]:
    key = ", ".join(quoted(column.name) for column in table.key_columns)
    for rule in row_rules(table):
        if rule.id == "readable":  # typed by SQL already
            continue
        count, keys = connection.execute(
            f"""select count(*), list(concat_ws('/', {key}))[:5] from {name}
                where not coalesce(({rule.sql}), false)"""
        ).fetchall()[0]
        if count:
            words = f"{name}: {rule.id} fails {count} times: {keys}"
            yield _Problem(rule.id, rule.severity, words)
    duplicated = connection.execute(
        f"select count(*) - count(distinct ({key})) from {name}"
    ).fetchall()[0][0]
    if duplicated:
        yield _Problem("key", "error", f"{name}: {duplicated} rows repeat the key {key}")
    for rule in (*load_rules(table), *warehouse_rules(table)):
        if not connection.execute(rule.sql.replace("{table}", name)).fetchall()[0][0]:
            yield _Problem(rule.id, rule.severity, f"{name}: {rule.id} does not hold")


def across_loads(connection: duckdb.DuckDBPyConnection, systems: Iterable[System]) -> list[str]:
    """Notes in ops.contract_results, and says, which promised uniqueness does not hold.

    It stops nothing: rows of a system are told apart by their key whatever else they share.
    Values a mapping keeps outside the canonical columns are not compared.
    """
    problems: list[str] = []
    for system in systems:
        try:
            contract = contract_of(system)
        except ContractError as error:
            log.error("%s: uniqueness over all loads is not checked. %s", system.name, error)
            continue
        tables.ensure_raw(connection, system, contract)
        for table in contract.tables.values():
            problems += _repeated(connection, system, table)
    return problems


def _repeated(connection: duckdb.DuckDBPyConnection, system: System, table: Table) -> Iterator[str]:
    raw = tables.raw_name(system, table.name)
    there = {row[0] for row in connection.execute(f"describe {raw}").fetchall()}
    rows = f"(select * from {raw} where _system = {text(system.name)} and _change is null)"
    for rule in warehouse_rules(table):
        if rule.id.removesuffix(".unique") not in there:
            continue
        holds = connection.execute(rule.sql.replace("{table}", rows)).fetchall()[0][0]
        _note(connection, system.name, table.name, rule.id, failed=int(not holds))
        if not holds:
            problem = f"{system.name}.{table.name}: {rule.id} does not hold over all loads"
            log.error("%s. Records of the system share a value: correct them there.", problem)
            yield problem


def _note(
    connection: duckdb.DuckDBPyConnection, system: str, table: str, rule: str, *, failed: int
) -> None:
    row = [system, table, BUILD, rule]
    with transaction(connection):
        connection.execute(
            """delete from ops.contract_results
                where system = ? and table_name = ? and load_id = ? and rule = ?""",
            row,
        )
        connection.execute(
            """insert into ops.contract_results by name select
                ? as system, ? as table_name, ? as load_id, ? as rule, 'warning' as severity,
                ? as failed""",
            [*row, failed],
        )
