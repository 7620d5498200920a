"""What leaves keeps its promise too: the marts against contracts/marts.odcs.yaml.

Also what only whole tables can show: the uniqueness that source contracts promise.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import duckdb

from contracts import ContractError, Table, contract_of, load
from contracts.reader import HERE
from contracts.rules import Severity, load_rules, row_rules, warehouse_rules
from contracts.typed import quoted, text
from systems import System
from warehouse import tables, transaction

log = logging.getLogger(__name__)
BUILD = "build"  # stands for the load in ops.contract_results: these rules see all of them


class Broken(RuntimeError):
    """A mart breaks its contract: nothing is served, the last served files stay."""


def hold(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises Broken naming every rule of severity error that does not hold, with first keys."""
    contract = load(HERE / "marts.odcs.yaml")
    problems = []
    for table in contract.tables.values():
        for severity, problem in _problems(connection, table):
            if severity == "error":
                problems.append(problem)
            else:
                log.warning(problem)
    if problems:
        raise Broken(
            "Not served, the last served files stay: "
            + "; ".join(problems)
            + ". Mend the model, or the promise in contracts/marts.odcs.yaml."
        )


def _problems(
    connection: duckdb.DuckDBPyConnection, table: Table
) -> Iterator[tuple[Severity, str]]:
    name = f"{table.settings['schema']}.{quoted(table.name)}"
    promised = {column.name for column in table.columns}
    there = {row[0] for row in connection.execute(f"describe {name}").fetchall()}
    if promised ^ there:
        yield "error", f"{name}: columns differ from the contract: {sorted(promised ^ there)}"
        return
    key = ", ".join(quoted(column.name) for column in table.key_columns)
    for rule in row_rules(table):
        if rule.id == "readable":  # typed by SQL already
            continue
        count, keys = connection.execute(
            f"""select count(*), list(concat_ws('/', {key}))[:5] from {name}
                where not coalesce(({rule.sql}), false)"""
        ).fetchall()[0]
        if count:
            yield rule.severity, f"{name}: {rule.id} fails {count} times: {keys}"
    duplicated = connection.execute(
        f"select count(*) - count(distinct ({key})) from {name}"
    ).fetchall()[0][0]
    if duplicated:
        yield "error", f"{name}: {duplicated} rows repeat the key {key}"
    for rule in (*load_rules(table), *warehouse_rules(table)):
        if not connection.execute(rule.sql.replace("{table}", name)).fetchall()[0][0]:
            yield rule.severity, f"{name}: {rule.id} does not hold"


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
