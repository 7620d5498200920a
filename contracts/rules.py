"""A contract's promises as rules, in three classes.

row        one SQL predicate over a typed row, true where the row is good
load       one SQL scalar over the typed load, compared with what was promised
warehouse  uniqueness across loads, checked where all rows are
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contracts.reader import Column, Table
from contracts.supported import ContractError
from contracts.typed import quoted, text

Severity = Literal["error", "warning"]
COMPARISONS = {
    "mustBe": "=",
    "mustNotBe": "<>",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
}


@dataclass(frozen=True)
class Rule:
    """`sql`: for row rules the predicate (null passes only where written so); for load and
    warehouse rules a scalar query over {table} that must give true."""

    id: str
    level: Literal["row", "load", "warehouse"]
    sql: str
    severity: Severity = "error"


def row_rules(table: Table) -> list[Rule]:
    readable = Rule("readable", "row", "len(_unreadable) = 0")
    return [readable, *(rule for column in table.columns for rule in _column_rules(column))]


def load_rules(table: Table) -> list[Rule]:
    return [_table_rule(table, index, entry) for index, entry in enumerate(table.quality)]


def warehouse_rules(table: Table) -> list[Rule]:
    return [
        Rule(
            f"{column.name}.unique",
            "warehouse",
            f"select count({name}) = count(distinct {name}) from {{table}}",
        )
        for column in table.columns
        if column.unique
        for name in [quoted(column.name)]
    ]


def _column_rules(column: Column) -> Iterator[Rule]:
    name = quoted(column.name)
    if column.required or column.key_position is not None:
        yield Rule(f"{column.name}.required", "row", f"{name} is not null")
    severity: Severity = (
        "warning" if column.settings.get("optionsSeverity") == "warning" else "error"
    )
    for option, sql in _options(column, name):
        yield Rule(f"{column.name}.{option}", "row", f"coalesce({sql}, true)", severity)
    for entry in column.quality:
        yield _value_rule(column, entry)
    for item in column.items:
        yield from _item_rules(column, item)


def _item_rules(column: Column, item: Column) -> Iterator[Rule]:
    """Of an array's elements: `required`, and `primaryKey`, which tells them apart."""
    found = f"list_transform({quoted(column.name)}, lambda element: element.{quoted(item.name)})"
    name = f"{column.name}.{item.name}"
    if item.required or item.key_position is not None:
        missing = f"len(list_filter({found}, lambda value: value is null))"
        yield Rule(f"{name}.required", "row", f"coalesce({missing} = 0, true)")
    if item.key_position is not None:
        unique = f"len(list_distinct({found})) = len(list_filter({found}, lambda v: v is not null))"
        yield Rule(f"{name}.unique", "row", f"coalesce({unique}, true)")
    if item.options or item.quality or item.unique:
        raise ContractError(
            f"{item.where}: logicalTypeOptions, quality and unique are not supported inside an "
            "array; valid there: required and primaryKey."
        )


def _options(column: Column, name: str) -> Iterator[tuple[str, str]]:
    options = column.options
    if "pattern" in options:
        yield "pattern", f"regexp_matches({name}, {text(str(options['pattern']))})"
    if "minLength" in options:
        yield "minLength", f"length({name}) >= {int(options['minLength'])}"
    if "maxLength" in options:
        yield "maxLength", f"length({name}) <= {int(options['maxLength'])}"
    for option, sign in (
        ("minimum", ">="),
        ("maximum", "<="),
        ("exclusiveMinimum", ">"),
        ("exclusiveMaximum", "<"),
    ):
        if option in options:
            yield option, f"{name} {sign} {_literal(column, options[option])}"


def _literal(column: Column, value: Any) -> str:
    if column.logical in ("date", "timestamp"):
        return f"{text(str(value))}::{column.type}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContractError(f"{column.where}: {value!r} is not a number or a date.")
    return repr(value)


def _value_rule(column: Column, entry: Mapping[str, Any]) -> Rule:
    valid = (entry.get("arguments") or {}).get("validValues")
    if column.type == "VARCHAR" and any(isinstance(value, bool) for value in valid or ()):
        raise ContractError(f"{column.where}: write yes, no, on and off of {valid} in quotes.")
    if entry.get("metric") != "invalidValues" or not valid or entry.get("mustBe") != 0:
        raise ContractError(
            f"{column.where}: quality {dict(entry)} is not supported. "
            "Supported on a property: metric invalidValues with arguments.validValues, mustBe 0."
        )
    values = ", ".join(f"{text(str(value))}::{column.type}" for value in valid)
    predicate = f"coalesce({quoted(column.name)} in ({values}), true)"
    return Rule(f"{column.name}.validValues", "row", predicate, _severity(entry))


def _table_rule(table: Table, index: int, entry: Mapping[str, Any]) -> Rule:
    comparisons = [(key, entry[key]) for key in COMPARISONS if key in entry]
    kind, metric = entry.get("type", "library"), entry.get("metric")
    if len(comparisons) != 1 or not (kind == "sql" or metric == "rowCount"):
        raise ContractError(
            f"{table.where}: quality {dict(entry)} is not supported. Supported on a table: "
            f"metric rowCount or type sql, with exactly one of {', '.join(COMPARISONS)}."
        )
    (comparison, value) = comparisons[0]
    query = str(entry["query"]) if kind == "sql" else "select count(*) from {table}"
    query = query.replace("${object}", "{table}").replace("${table}", "{table}")
    name = entry.get("name") or metric or f"sql{index + 1}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContractError(f"{table.where}: {comparison} is {value!r}, which is not a number.")
    sql = f"select ({query}) {COMPARISONS[comparison]} {value!r}"
    return Rule(f"{table.name}.{name}", "load", sql, _severity(entry))


def _severity(entry: Mapping[str, Any]) -> Severity:
    return "warning" if entry.get("severity") in ("warning", "info") else "error"
