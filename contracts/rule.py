"""One rule, of one of three classes.

row        one SQL predicate over a typed row, true where the row is good
load       about a whole load: one SQL scalar, or an expectation of Great Expectations
warehouse  what only the whole table shows: uniqueness, relationships, age
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from contracts.cells import quoted
from contracts.model import Relationship

Severity = Literal["error", "warning"]
FIRST_KEYS = 5


@dataclass(frozen=True)
class Expectation:
    type: str
    kwargs: Mapping[str, Any]
    where: str


@dataclass(frozen=True)
class Rule:
    """`sql` of a row rule: the predicate (null passes only where written so). Of a load rule: a
    query over {table} that must give true. Of a warehouse rule: a query over {table}, {key} (a
    row's key as text), {to} (the related table) and {now} (UTC), which gives one row: whether
    it holds, how many rows fail, the first keys. `columns`: those of {table} it needs. `shows`:
    what was observed, or what went wrong in evaluating it, holds no personal value."""

    id: str
    level: Literal["row", "load", "warehouse"]
    sql: str
    severity: Severity = "error"
    columns: tuple[str, ...] = ()
    to: Relationship | None = None
    expectation: Expectation | None = None
    shows: bool = True

    def named(self, id: str, severity: Severity) -> Rule:
        return replace(self, id=id, severity=severity)


def duplicates(id: str, columns: tuple[str, ...], holds: str = "found = 0") -> Rule:
    """`holds`: SQL over found (rows beyond the first of each value) and total (values)."""
    names = ", ".join(quoted(column) for column in columns)
    there = " and ".join(f"{quoted(column)} is not null" for column in columns)
    sql = f"""with counted as (
            select {names}, count(*) as many from {{table}} as t where {there} group by all
        ), summed as (
            select coalesce(sum(many - 1), 0) as found, coalesce(sum(many), 0) as total
            from counted
        ), named as (
            select list(k order by k)[:{FIRST_KEYS}] as keys from (
                select {{key}} as k from {{table}} as t
                semi join (select {names} from counted where many > 1) as twice using ({names})
            )
        )
        select {holds}, found, keys from summed, named"""
    return Rule(id, "warehouse", sql, columns=columns)


def related(relationship: Relationship) -> Rule:
    """A row with a null in any of the columns refers to nothing, and passes."""
    pairs = list(zip(relationship.columns, relationship.to_columns, strict=True))
    same = " and ".join(f"parent.{quoted(to)} = t.{quoted(name)}" for name, to in pairs)
    there = " and ".join(f"t.{quoted(name)} is not null" for name, _ in pairs)
    sql = f"""with lost as (
            select {{key}} as k from {{table}} as t
            where {there} and not exists (select 1 from {{to}} as parent where {same})
        )
        select count(*) = 0, count(*), list(k order by k)[:{FIRST_KEYS}] from lost"""
    id = f"{'+'.join(relationship.columns)}.{relationship.to_table}"
    return Rule(id, "warehouse", sql, columns=relationship.columns, to=relationship)


def fresh(column: str, seconds: int) -> Rule:
    """A table without rows has none that are too old."""
    newest = f"max({quoted(column)})::TIMESTAMP"
    holds = f"coalesce({newest} >= {{now}} - to_seconds({seconds}), true)"
    sql = f"select {holds}, ({holds} is false)::INTEGER, []::VARCHAR[] from {{table}} as t"
    return Rule(f"{column}.freshness", "warehouse", sql, columns=(column,))
