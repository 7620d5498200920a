"""quality entries as rules: library metrics, SQL, and expectations of Great Expectations.

`mustBe: 0` of a metric that looks at one value is a row rule: bad rows wait, good ones go on.
Another threshold is about the whole load, and refuses it. Duplicates show in the whole table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import yaml

from contracts.cells import quoted, text
from contracts.grammar import COMPARISONS
from contracts.model import Column, Table
from contracts.options import literal
from contracts.places import ContractError, Place
from contracts.rule import Expectation, Rule, Severity, duplicates

SIGNS = dict(zip(COMPARISONS, ("=", "<>", ">", ">=", "<", "<="), strict=False))
SEVERITIES: Mapping[Any, Severity] = {
    None: "error",
    "critical": "error",
    "error": "error",
    "warning": "warning",
    "info": "warning",
}
KEYS = {
    "library": {"metric", "arguments", "unit", *COMPARISONS},
    "sql": {"query", "unit", *COMPARISONS},
    "custom": {"engine", "implementation"},
    "text": set(),
}
LOOKED_AT = set().union(*KEYS.values())
VARIABLE = re.compile(r"\$\{(\w+)\}")


def table_rules(table: Table) -> Iterator[Rule]:
    for number, entry in enumerate(table.quality):
        yield from _rules(table.where.at("quality", number), table, None, entry, number)


def column_rules(table: Table, column: Column) -> Iterator[Rule]:
    for number, entry in enumerate(column.quality):
        yield from _rules(column.where.at("quality", number), table, column, entry, number)


def valid(column: Column, name: str, place: Place, arguments: Mapping[str, Any]) -> str:
    """Predicate of metric invalidValues: null is neither valid nor invalid, and passes."""
    stray = sorted(arguments.keys() - {"validValues", "pattern"})
    values, pattern = arguments.get("validValues"), arguments.get("pattern")
    if stray or not (values or pattern) or not isinstance(values or [], list):
        raise ContractError(
            f"{place}: metric invalidValues needs arguments.validValues, a list, or "
            f"arguments.pattern, or both; {', '.join(stray) or 'they'} cannot be used."
        )
    parts = []
    if values:
        listed = ", ".join(literal(column, value) for value in values)
        parts.append(f"{name} in ({listed})")
    if pattern:
        if column.logical != "string":
            raise ContractError(f"{place}: a pattern is for a string, this is {column.logical}.")
        parts.append(f"regexp_matches({name}, {text(str(pattern))})")
    return f"coalesce({' and '.join(parts)}, true)"


def _rules(
    place: Place, table: Table, column: Column | None, entry: Mapping[str, Any], number: int
) -> Iterator[Rule]:
    kind = entry.get("type") or "library"
    severity = entry.get("severity")
    if kind not in KEYS or severity not in SEVERITIES:
        raise ContractError(
            f"{place}: type {kind!r} with severity {severity!r} is not supported; valid types: "
            f"{', '.join(KEYS)}; severities: critical, error, warning, info."
        )
    stray = sorted((entry.keys() & LOOKED_AT) - KEYS[kind])
    if "rule" in entry or stray:
        raise ContractError(
            f"{place}: {', '.join(stray) or 'rule'} is not supported for type {kind}; valid: "
            f"{', '.join(sorted(KEYS[kind]))}. The standard now says metric for rule."
        )
    found: Rule | None = None
    if kind == "library":
        found = _library(place, table, column, entry)
    elif kind == "sql":
        found = _sql(place, table, column, entry, number)
    elif kind == "custom":
        found = _custom(place, table, column, entry)
    if found:
        owner, _, own = found.id.partition(".")
        yield found.named(f"{owner}.{entry.get('name') or own}", SEVERITIES[severity])


def _library(place: Place, table: Table, column: Column | None, entry: Mapping[str, Any]) -> Rule:
    metric, arguments = entry.get("metric"), entry.get("arguments") or {}
    percent = _percent(place, entry)
    if metric == "duplicateValues":
        return _duplicates(place, table, column, entry, arguments)
    if column is None:
        if metric != "rowCount" or arguments or percent:
            raise ContractError(
                f"{place}: metric {metric!r} is not supported like this. Supported on a table: "
                "rowCount in rows, and duplicateValues with arguments.properties; on a property: "
                "nullValues, missingValues, invalidValues, duplicateValues."
            )
        sql = f"select {compared(place, entry, 'count(*)')} from {{table}}"
        return Rule(f"{table.name}.rowCount", "load", sql)
    name, good = _good(place, column, metric, arguments)
    if entry.get("mustBe") == 0 and not isinstance(entry["mustBe"], bool):
        compared(place, entry, "0")
        return Rule(f"{column.name}.{name}", "row", good)
    bad = f"count(*) filter (not coalesce({good}, false))"
    total = "count(*)" if percent else ""
    sql = f"select {compared(place, entry, bad, total)} from {{table}}"
    return Rule(f"{column.name}.{name}", "load", sql)


def _good(
    place: Place, column: Column, metric: object, arguments: Mapping[str, Any]
) -> tuple[str, str]:
    """What the rule is called, and the predicate of a good value."""
    name = quoted(column.name)
    if metric == "nullValues" and not arguments:
        return "nullValues", f"{name} is not null"
    if metric == "missingValues" and arguments.keys() <= {"missingValues"}:
        values = arguments.get("missingValues", [None])
        if not isinstance(values, list) or not values:
            raise ContractError(f"{place}: arguments.missingValues must be a list of values.")
        # Empty is absent: a cell of blanks was read as null.
        present = [f"{name} is not null"] if {None, ""} & set(values) else []
        listed = [literal(column, value) for value in values if value not in (None, "")]
        if listed:
            present.append(f"coalesce({name} not in ({', '.join(listed)}), true)")
        return "missingValues", " and ".join(present)
    if metric == "invalidValues":
        return "validValues", valid(column, name, place, arguments)
    raise ContractError(
        f"{place}: metric {metric!r} with arguments {', '.join(arguments) or 'none'} is not "
        "supported. Supported on a property: nullValues, missingValues (missingValues), "
        "invalidValues (validValues, pattern), duplicateValues."
    )


def _duplicates(
    place: Place,
    table: Table,
    column: Column | None,
    entry: Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> Rule:
    names = [column.name] if column else arguments.get("properties")
    known = [one.name for one in table.columns]
    stray = arguments.keys() - (set() if column else {"properties"})
    if stray or not isinstance(names, list) or not names or not set(names) <= set(known):
        raise ContractError(
            f"{place}: duplicateValues on a table needs arguments.properties, a list of some of "
            f"{', '.join(known)}; on a property it has no arguments."
        )
    total = "total" if _percent(place, entry) else ""
    return duplicates(
        f"{column.name if column else table.name}.duplicateValues",
        tuple(names),
        compared(place, entry, "found", total),
    )


def _sql(
    place: Place, table: Table, column: Column | None, entry: Mapping[str, Any], number: int
) -> Rule:
    named = {"object": "{table}", "table": "{table}"}
    if column:
        named |= {"property": quoted(column.name), "column": quoted(column.name)}
    query = str(entry.get("query") or "").strip().rstrip(";")
    unknown = sorted({found for found in VARIABLE.findall(query) if found not in named})
    if not query or unknown:
        raise ContractError(
            f"{place}: type sql needs a query; {', '.join(unknown) or 'it has none'}. Valid "
            f"variables: {', '.join(f'${{{each}}}' for each in named)}."
        )
    query = VARIABLE.sub(lambda match: named[match.group(1)], query)
    if column:
        query = query.replace("{column}", named["column"])
    sql = f"select {compared(place, entry, f'({query})')}"
    owner = column.name if column else table.name
    return Rule(f"{owner}.sql{number + 1}", "load", sql)


def _custom(place: Place, table: Table, column: Column | None, entry: Mapping[str, Any]) -> Rule:
    wanted = entry.get("implementation")
    if isinstance(wanted, str):
        try:
            wanted = yaml.safe_load(wanted)
        except yaml.YAMLError as error:
            raise ContractError(f"{place}: implementation is not valid YAML: {error}") from None
    engine = str(entry.get("engine", "")).replace("-", "").replace("_", "").lower()
    wanted = wanted if isinstance(wanted, dict) else {}
    named = isinstance(wanted.get("type"), str) and wanted.keys() <= {"type", "kwargs"}
    if engine != "greatexpectations" or not named:
        raise ContractError(
            f"{place}: type custom needs engine: greatExpectations and an implementation with "
            "type (such as expect_column_max_to_be_between) and kwargs; other engines are not run."
        )
    kwargs = dict(wanted.get("kwargs") or {})
    if column:
        kwargs.setdefault("column", column.name)
    owner = column.name if column else table.name
    expectation = Expectation(wanted["type"], kwargs, str(place))
    return Rule(f"{owner}.{wanted['type']}", "load", "", expectation=expectation)


def compared(place: Place, entry: Mapping[str, Any], measured: str, total: str = "") -> str:
    """SQL that is true where the measured value is as promised; of a share, times `total`.

    A share is multiplied out, never divided: nothing is rounded, and no row is no error.
    """
    given = [key for key in COMPARISONS if key in entry]
    if len(given) != 1:
        raise ContractError(
            f"{place}: has {', '.join(given) or 'no comparison'}; "
            f"write exactly one of {', '.join(COMPARISONS)}."
        )
    [key] = given
    measured = f"{measured} * 100" if total else measured
    limits = [
        f"{_number(place, key, value)} * {total}" if total else _number(place, key, value)
        for value in (entry[key] if isinstance(entry[key], list) else [entry[key]])
    ]
    if len(limits) != (2 if key.endswith("Between") else 1):
        raise ContractError(f"{place}: {key} is {entry[key]!r}; write [lowest, highest].")
    if key in SIGNS:
        return f"{measured} {SIGNS[key]} {limits[0]}"
    word = "not between" if key.startswith("mustNot") else "between"
    return f"{measured} {word} {limits[0]} and {limits[1]}"


def _number(place: Place, key: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContractError(f"{place}: {key} is {value!r}, which is not a number.")
    return format(Decimal(repr(value)), "f")


def _percent(place: Place, entry: Mapping[str, Any]) -> bool:
    unit = entry.get("unit") or "rows"
    if unit not in ("rows", "percent"):
        raise ContractError(f"{place}: unit is {unit!r}; valid: rows, percent.")
    return bool(unit == "percent")
