"""What leaves keeps its promise too: marts, metrics and what is given back to the tools.

Also what only whole tables can show of what source contracts promise: uniqueness, relationships
and freshness.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from contracts import Contract, ContractError, Table, contract_of, load
from contracts.personal import shown_key
from contracts.reader import HERE
from contracts.rules import Rule, Severity, load_rules, row_rules, warehouse_rules
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


def hold(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> list[Held]:
    """Every promised table; those of which a warning does not hold say which.

    Raises Broken naming every rule of severity error that does not hold, with first keys.
    """
    held, broken = [], []
    built = set(tables.of_schemas(connection, SCHEMAS))
    for contract in (load(HERE / f"{name}.odcs.yaml") for name in OUTGOING):
        for table in contract.tables.values():
            name = _name(table)
            problems = (
                list(_problems(connection, contract, table, as_of))
                if name in built
                else [_Problem("built", "error", f"{name}: is promised, and no model makes it")]
            )
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
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table, as_of: datetime
) -> Iterator[_Problem]:
    name = _name(table)
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
    yield from _whole(connection, contract, table, as_of)


def _broken_rules(
    connection: duckdb.DuckDBPyConnection, table: Table, name: str
) -> Iterator[_Problem]:
    """The table is read once where all rules hold, as they mostly do."""
    key = ", ".join(quoted(column.name) for column in table.key_columns)
    shown = shown_key(table, f"concat_ws('/', {key})")
    rules = [rule for rule in row_rules(table) if rule.id != "readable"]  # typed by SQL already
    broken = [f"not coalesce(({rule.sql}), false)" for rule in rules]
    counts = [f"count(*) filter (where {one})" for one in broken]
    repeated = f"count(*) - count(distinct ({key}))"
    [(duplicated, *failed)] = connection.execute(
        f"select {', '.join([repeated, *counts])} from {name}"
    ).fetchall()
    for rule, one, count in zip(rules, broken, failed, strict=True):
        if count:
            query = f"select list({shown})[:5] from {name} where {one}"
            [(keys,)] = connection.execute(query).fetchall()
            words = f"{name}: {rule.id} fails {count} times: {keys}"
            yield _Problem(rule.id, rule.severity, words)
    if duplicated:
        yield _Problem("key", "error", f"{name}: {duplicated} rows repeat the key {key}")


def _whole(
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table, as_of: datetime
) -> Iterator[_Problem]:
    """What only the whole table shows."""
    name, key = _name(table), ", ".join(quoted(column.name) for column in table.key_columns)
    for rule in load_rules(table):
        if rule.expectation:
            raise ContractError(
                f"{rule.expectation.where}: expectations of Great Expectations are run over loads; "
                "write a mart's rule as type sql."
            )
        if not connection.execute(rule.sql.replace("{table}", name)).fetchall()[0][0]:
            yield _Problem(rule.id, rule.severity, f"{name}: {rule.id} does not hold")
    text_key = shown_key(table, f"concat_ws('/', {key})")
    for rule in warehouse_rules(table):
        to = _name(contract.tables[rule.to.to_table]) if rule.to else ""
        holds, failed, keys = _evaluated(connection, rule, name, text_key, to, as_of)
        if not holds:
            words = f"{name}: {rule.id} fails {failed} times: {keys}"
            yield _Problem(rule.id, rule.severity, words)


def _name(table: Table) -> str:
    return f"{table.settings['schema']}.{table.name}"


def _evaluated(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    table: str,
    key: str,
    to: str,
    as_of: datetime,
) -> tuple[bool, int, list[str]]:
    """Whether a warehouse rule holds, how many rows break it, the first of their keys."""
    now = f"TIMESTAMP {text(str(as_of))}"
    sql = rule.sql
    for word, value in (("{table}", table), ("{key}", key), ("{to}", to), ("{now}", now)):
        sql = sql.replace(word, value)
    holds, failed, keys = connection.execute(sql).fetchall()[0]
    return bool(holds), int(failed), list(keys or ())


def across_loads(
    connection: duckdb.DuckDBPyConnection, systems: Iterable[System], as_of: datetime
) -> list[str]:
    """Notes in ops.contract_results, and says, which promises do not hold over all loads.

    It stops nothing: rows of a system are told apart by their key whatever else they share, and
    what a row refers to may come with the next load. Values a mapping keeps outside the
    canonical columns are not compared. `as_of`: UTC, from which ages are counted.
    """
    problems: list[str] = []
    for system in systems:
        try:
            contract = contract_of(system)
            rules = {
                table.name: [rule for rule in warehouse_rules(table) if _reachable(rule, contract)]
                for table in contract.tables.values()
            }
        except ContractError as error:
            log.error("%s: promises over all loads are not checked. %s", system.name, error)
            continue
        tables.ensure_raw(connection, system, contract)
        there = _columns(connection, system, contract)
        for name, found in rules.items():
            problems += _broken(connection, system, contract.tables[name], found, there, as_of)
    return problems


def _broken(
    connection: duckdb.DuckDBPyConnection,
    system: System,
    table: Table,
    rules: list[Rule],
    there: Mapping[str, set[str]],
    as_of: datetime,
) -> Iterator[str]:
    key = shown_key(table)
    rows = f"(select * from {_rows(system, table.name)} and _change is null)"
    for rule in rules:
        # What was deleted or archived is still something to refer to.
        to = f"(select * from {_rows(system, rule.to.to_table)})" if rule.to else ""
        if not set(rule.columns) <= there[table.name] or (
            rule.to and not set(rule.to.to_columns) <= there[rule.to.to_table]
        ):
            continue
        holds, failed, keys = _evaluated(connection, rule, rows, key, to, as_of)
        _note(connection, (system.name, table.name, BUILD, rule.id), rule.severity, failed, keys)
        if not holds:
            shown = f", first keys {', '.join(keys)}" if keys else ""
            problem = (
                f"{system.name}.{table.name}: {rule.id} does not hold over all loads "
                f"({failed} rows{shown})"
            )
            log.error("%s. Correct the records in the system, or the contract.", problem)
            yield problem


def _reachable(rule: Rule, contract: Contract) -> bool:
    """Not where a company wants some tables only: the others stay empty."""
    return rule.to is None or rule.to.to_table in contract.tables


def _rows(system: System, table: str) -> str:
    return f"{tables.raw_name(system, table)} where _system = {text(system.name)}"


def _columns(
    connection: duckdb.DuckDBPyConnection, system: System, contract: Contract
) -> dict[str, set[str]]:
    """Of each table of the contract those that are in the warehouse."""
    there = tables.columns(connection)
    raw = {table: tables.raw_name(system, table).replace('"', "") for table in contract.tables}
    return {table: set(there.get(name, ())) for table, name in raw.items()}


def _note(
    connection: duckdb.DuckDBPyConnection,
    row: tuple[str, str, str, str],
    severity: Severity,
    failed: int,
    keys: list[str],
) -> None:
    with transaction(connection):
        connection.execute(
            """delete from ops.contract_results
                where system = ? and table_name = ? and load_id = ? and rule = ?""",
            row,
        )
        connection.execute(
            """insert into ops.contract_results by name select
                ? as system, ? as table_name, ? as load_id, ? as rule, ? as severity,
                ? as failed, ? as keys""",
            [*row, severity, failed, keys],
        )
