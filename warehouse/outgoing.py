"""What leaves keeps its promise too: the marts against contracts/marts.odcs.yaml.

Also the warehouse rules of every source contract: uniqueness across loads.
"""

from __future__ import annotations

import logging

import duckdb

from contracts import load
from contracts.reader import HERE
from contracts.rules import load_rules, row_rules, warehouse_rules
from contracts.typed import quoted

log = logging.getLogger(__name__)
SCHEMAS = ("marts", "metrics")


class Broken(RuntimeError):
    """A mart breaks its contract: nothing is served, the last served files stay."""


def hold(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises Broken naming every rule of severity error that does not hold, with first keys."""
    contract = load(HERE / "marts.odcs.yaml")
    problems = []
    for table in contract.tables.values():
        name = f"{table.settings['schema']}.{quoted(table.name)}"
        promised = {column.name for column in table.columns}
        there = {row[0] for row in connection.execute(f"describe {name}").fetchall()}
        if promised ^ there:
            problems.append(f"{name}: columns differ from the contract: {sorted(promised ^ there)}")
            continue
        key = ", ".join(quoted(column.name) for column in table.key_columns)
        for rule in row_rules(table):
            if rule.id == "readable":  # typed by SQL already
                continue
            count, keys = connection.execute(
                f"""select count(*), list(concat_ws('/', {key}))[:5] from {name}
                    where not coalesce(({rule.sql}), false)"""
            ).fetchall()[0]
            if count:
                problems.append(
                    _say(rule.severity, f"{name}: {rule.id} fails {count} times: {keys}")
                )
        duplicated = connection.execute(
            f"select count(*) - count(distinct ({key})) from {name}"
        ).fetchall()[0][0]
        if duplicated:
            problems.append(f"{name}: {duplicated} rows repeat the key {key}")
        for rule in (*load_rules(table), *warehouse_rules(table)):
            if not connection.execute(rule.sql.replace("{table}", name)).fetchall()[0][0]:
                problems.append(_say(rule.severity, f"{name}: {rule.id} does not hold"))
    problems = [problem for problem in problems if problem]
    if problems:
        raise Broken(
            "Not served, the last served files stay: "
            + "; ".join(problems)
            + ". Mend the model, or the promise in contracts/marts.odcs.yaml."
        )


def _say(severity: str, problem: str) -> str:
    """The problem, or nothing after a warning was logged."""
    if severity == "error":
        return problem
    log.warning(problem)
    return ""
