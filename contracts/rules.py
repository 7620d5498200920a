"""The compiler: a contract's promises as rules of three classes (see `rule`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from contracts import quality
from contracts.cells import quoted
from contracts.model import Column, Table
from contracts.options import predicates
from contracts.places import ContractError
from contracts.rule import Expectation, Rule, Severity, duplicates, fresh, related

__all__ = ["Expectation", "Rule", "Severity", "load_rules", "row_rules", "warehouse_rules"]


def row_rules(table: Table) -> list[Rule]:
    return _of(table, "row")


def load_rules(table: Table) -> list[Rule]:
    return _of(table, "load")


def warehouse_rules(table: Table) -> list[Rule]:
    return _of(table, "warehouse")


def _of(table: Table, level: str) -> list[Rule]:
    return [rule for rule in rules(table) if rule.level == level]


def rules(table: Table) -> list[Rule]:
    """All rules of a table; no two share an id. Raises ContractError naming what no rule fits."""
    found = [Rule("readable", "row", "len(_unreadable) = 0")]
    for column in table.columns:
        found += _column_rules(table, column)
    found += quality.table_rules(table)
    found += map(related, table.relationships)
    found += (fresh(promised.column, promised.seconds) for promised in table.freshness)
    seen: Counter[str] = Counter()
    for position, rule in enumerate(found):
        seen[rule.id] += 1
        if seen[rule.id] > 1:
            found[position] = rule.named(f"{rule.id}.{seen[rule.id]}", rule.severity)
    return [replace(rule, shows=not _names_hidden(table, rule)) for rule in found]


def _names_hidden(table: Table, rule: Rule) -> bool:
    words = f"{rule.sql} {dict(rule.expectation.kwargs) if rule.expectation else ''}"
    return any(name in words for name in table.hidden)


def _column_rules(table: Table, column: Column) -> Iterator[Rule]:
    name = quoted(column.name)
    if column.required or column.key_position is not None:
        yield Rule(f"{column.name}.required", "row", f"{name} is not null")
    if column.unique:
        yield duplicates(f"{column.name}.unique", (column.name,))
    for option, sql in predicates(column, name):
        yield Rule(
            f"{column.name}.{option}", "row", f"coalesce({sql}, true)", _options_severity(column)
        )
    yield from quality.column_rules(table, column)
    for item in column.items:
        yield from _item_rules(column, item)


def _options_severity(column: Column) -> Severity:
    return "warning" if column.settings.get("optionsSeverity") == "warning" else "error"


def _item_rules(column: Column, item: Column) -> Iterator[Rule]:
    """Of an array's elements: `primaryKey` tells those of one row apart."""
    found = f"list_transform({quoted(column.name)}, lambda element: element.{quoted(item.name)})"
    name = f"{column.name}.{item.name}"
    for option, sql in predicates(item, "v"):
        broken = f"list_filter({found}, lambda v: not coalesce({sql}, true))"
        sql = f"coalesce(len({broken}) = 0, true)"
        yield Rule(f"{name}.{option}", "row", sql, _options_severity(item))
    if item.required or item.key_position is not None:
        missing = f"len(list_filter({found}, lambda value: value is null))"
        yield Rule(f"{name}.required", "row", f"coalesce({missing} = 0, true)")
    if item.key_position is not None:
        unique = f"len(list_distinct({found})) = len(list_filter({found}, lambda v: v is not null))"
        yield Rule(f"{name}.unique", "row", f"coalesce({unique}, true)")
    deeper = [inner for inner in item.items if inner.required or inner.key_position is not None]
    if item.quality or item.unique or deeper or any(inner.options for inner in item.items):
        raise ContractError(
            f"{item.where}: quality and unique are not supported inside an array, nor any rule "
            "two arrays deep; valid there: required, primaryKey and logicalTypeOptions, one deep."
        )
