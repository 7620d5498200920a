"""Types landed documents: one SQL query in which a bad cell is a reason, never a crash.

One `json_extract_string` takes all cells of a row at once (a call per column costs eight
times as much), one `from_json` all cells of an array's elements; then each is cast with
`try_cast`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from contracts.reader import Column, Table
from contracts.supported import strptime

LANDED = ("_key", "_cursor", "_hash", "_row", "_change", "_load_id")
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
# Up to 15 digits are told apart by a double, which the exact value is compared with.
WITH_EXPONENT = r"^[+-]?\d{1,8}(\.\d{0,7})?[eE][+-]?\d{1,2}$"
# A lone dot before three digits groups thousands; before any others it is a mistake.
DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?$"
DATED = r"^\d{4}-\d"
FOUR_DIGITS = r"\d{4}"
OFFSET = r"(:\d\d(\.\d+)?) ?(Z|[+-]\d\d(:?\d\d)?)$"
FIRST, LAST = "0001-01-01", "9999-12-31 23:59:59.999999"  # what others can read, too


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """An SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def pointers(path: str) -> list[str]:
    """JSON pointers a path may mean: a name with dots in it (a CSV's "Tel."), or a walk."""
    parts = path.replace("~", "~0").replace("/", "~1").split(".")
    walk = "/" + "/".join(parts)
    return [walk] if len(parts) == 1 else ["/" + ".".join(parts), walk]


def typed_query(table: Table, landed: str) -> str:
    """SELECT of one row per row of `landed` (a relation with the six landing columns).

    Gives `_key`, `_hash`, `_load_id`, `_change`, the contract's columns, and `_unreadable`:
    a list of {rule, reason}, one per cell that is there but is not what was promised.
    """
    paths = [pointer for column in table.columns for pointer in pointers(column.path)]
    wanted = ", ".join(map(text, paths))
    found = {pointer: f"_cells[{number}]" for number, pointer in enumerate(paths, start=1)}
    cells = [
        f"{_clean(column, [found[p] for p in pointers(column.path)])} as {_cell(column)}"
        for column in table.columns
    ]
    arrays = [column for column in table.columns if column.items]
    raw = [f"{_elements(column)} as {_raw(column)}" for column in arrays]
    typed = [
        f"{typed_cell(column, _cell(column))} as {quoted(column.name)}" for column in table.columns
    ]
    unreadable = [reason for column in table.columns for reason in _unreadable(column)]
    own = [*map(_cell, table.columns), *map(_raw, arrays)]
    return f"""
with documents as (
    select _key, _hash, _load_id, _change, json_extract_string(_row, [{wanted}]) as _cells
    from {landed}
),
cells as (
    select _key, _hash, _load_id, _change,
        {", ".join(cells)}
    from documents
),
elements as (
    select {", ".join(["*", *raw])}
    from cells
),
typed as (
    select *, {", ".join(typed)}
    from elements
)
select * exclude ({", ".join(own)}),
    list_filter(
        [{", ".join(unreadable)}]::STRUCT("rule" VARCHAR, reason VARCHAR)[],
        lambda cell: cell is not null
    ) as _unreadable
from typed
"""


def _cell(column: Column) -> str:
    """The column that holds a cell's text."""
    return quoted(f"_cell_{column.name}")


def _raw(column: Column) -> str:
    """The column that holds an array's elements as they came, each a struct of texts."""
    return quoted(f"_raw_{column.name}")


def _clean(column: Column, found: list[str]) -> str:
    """The text of one cell; empty is absent, and absent is the contract's default."""
    cell = f"nullif(trim(coalesce({', '.join(found)})), '')"
    default = column.settings.get("default")
    return cell if default is None else f"coalesce({cell}, {text(_written(default))})"


def typed_cell(column: Column, cell: str) -> str:
    """SQL expression of the column's type; NULL where the cell cannot be read as it."""
    if column.settings.get("decimalComma") and column.logical in ("number", "integer"):
        plain = f"replace(replace({cell}, '.', ''), ',', '.')"
        cell = f"case when {_matches(cell, DECIMAL_COMMA)} then {plain} end"
    cast = CASTS.get(column.logical, _plain)
    return cast(column, cell)


def _matches(cell: str, pattern: str) -> str:
    return f"regexp_matches({cell}, {text(pattern)})"


def _plain(column: Column, cell: str) -> str:
    return cell if column.type == "VARCHAR" else f"try_cast({cell} as {column.type})"


def _integer(column: Column, cell: str) -> str:
    # A cast of '12.7' would round; whole numbers written as 12.0 or 12.000 are still whole.
    whole = f"regexp_extract({cell}, '^([+-]?\\d+)(\\.0*)?$', 1)"
    return f"try_cast(nullif({whole}, '') as {column.type})"


def _number(column: Column, cell: str) -> str:
    kind = column.type.upper()
    value = f"try_cast({cell} as {column.type})"
    if kind in ("DOUBLE", "FLOAT", "REAL"):
        return f"case when {_matches(cell, NUMBER)} and isfinite({value}) then {value} end"
    if not kind.startswith(("DECIMAL", "NUMERIC")):
        return _integer(column, cell)
    # try_cast rounds in silence; money with more decimals than promised must be seen.
    plain = rf"^[+-]?\d*(\.\d{{0,{scale(kind)}}}0*)?$"
    double = f"try_cast({cell} as DOUBLE)"
    exact = f"{_matches(cell, WITH_EXPONENT)} and {value}::DOUBLE = {double}"
    return f"case when {_matches(cell, plain)} or ({exact}) then {value} end"


def scale(kind: str) -> int:
    """Decimals an SQL type keeps; DECIMAL alone is DECIMAL(18,3) in DuckDB."""
    if not kind.upper().startswith(("DECIMAL", "NUMERIC")):
        return 0
    found = re.search(r"\(\s*\d+\s*(?:,\s*(\d+)\s*)?\)", kind)
    return int(found.group(1) or 0) if found else 3


def _boolean(column: Column, cell: str) -> str:
    true, false = column.settings.get("trueValues"), column.settings.get("falseValues")
    if not true and not false:
        return f"try_cast({cell} as BOOLEAN)"
    branches = [
        f"when {cell} in ({', '.join(text(_written(value)) for value in values)}) then {result}"
        for values, result in ((true, "true"), (false, "false"))
        if values
    ]
    return f"case {' '.join(branches)} end"


def _written(value: object) -> str:
    """A contract's value as JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _date(column: Column, cell: str) -> str:
    pattern = column.options.get("format")
    if pattern:
        day = f"try_cast({_parsed(str(pattern), cell)} as DATE)"
    else:
        day = f"case when {_matches(cell, DATED)} then try_cast({cell} as DATE) end"
    return _within(day, "DATE")


def _timestamp(column: Column, cell: str) -> str:
    """UTC. A `timezone` setting says the cell is local time there, whatever it claims."""
    pattern, zone = column.options.get("format"), column.settings.get("timezone")
    dated = f"case when {_matches(cell, DATED)} then {cell} end"
    if pattern == "epoch":
        whole = f"try_cast(nullif(regexp_extract({cell}, '^-?\\d+$'), '') as BIGINT)"
        return _within(f"make_timestamp({whole} * 1000000)", "TIMESTAMP")
    if not pattern and not zone:
        return _within(f"(try_cast({dated} as TIMESTAMPTZ) at time zone 'UTC')", "TIMESTAMP")
    if pattern and "XXX" in str(pattern):
        return _within(f"({_parsed(str(pattern), cell)} at time zone 'UTC')", "TIMESTAMP")
    if pattern:
        local = f"try_cast({_parsed(str(pattern), cell)} as TIMESTAMP)"
    else:
        local = f"try_cast(regexp_replace({dated}, {text(OFFSET)}, '\\1') as TIMESTAMP)"
    moment = f"({local} at time zone {text(str(zone or 'UTC'))} at time zone 'UTC')"
    return _within(moment, "TIMESTAMP")


def _parsed(pattern: str, cell: str) -> str:
    # %Y takes 26 for the year 26: who promises four digits must show them.
    shown = f"case when {_matches(cell, FOUR_DIGITS)} then {cell} end"
    return f"try_strptime({shown if 'yyyy' in pattern else cell}, {text(strptime(pattern))})"


def _within(moment: str, kind: str) -> str:
    """NULL for moments that cannot be computed, and for those only DuckDB knows (infinity)."""
    limits = f"{kind} {text(FIRST)} and {kind} {text(LAST)}"
    return f"case when try({moment}) between {limits} then try({moment}) end"


def _array(column: Column, cell: str) -> str:
    if not column.items:
        return f"case when try_cast({cell} as JSON[]) is not null then {cell}::JSON end"
    inside = ", ".join(
        f"{quoted(item.name)}: {typed_cell(item, _element_cell(column, item))}"
        for item in column.items
    )
    return f"list_transform({_raw(column)}, lambda element: {{{inside}}})"


def _elements(column: Column) -> str:
    """The array parsed once: per element a struct of its top fields, JSON where a path goes on."""
    shape = {name: "JSON" if name in _deeper(column) else "VARCHAR" for name in _tops(column)}
    return f"from_json(try_cast({_cell(column)} as JSON), {text(json.dumps([shape]))})"


def _tops(column: Column) -> list[str]:
    tops = {_steps(pointer)[0] for item in column.items for pointer in pointers(item.path)}
    return sorted(tops)


def _deeper(column: Column) -> set[str]:
    """Top fields of elements of which a path goes further down."""
    walks = [_steps(pointer) for item in column.items for pointer in pointers(item.path)]
    return {top for top, *rest in walks if rest}


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _element_cell(column: Column, item: Column) -> str:
    found = []
    for pointer in pointers(item.path):
        top, *rest = _steps(pointer)
        field = f"element.{quoted(top)}"
        if top in _deeper(column):
            below = pointer[1:].partition("/")[2] if rest else ""
            field = f"json_extract_string({field}, {text(f'/{below}' if rest else '$')})"
        found.append(field)
    return _clean(item, found)


CASTS = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "array": _array,
}


def _unreadable(column: Column) -> Iterator[str]:
    """The reason why a cell cannot be read, as SQL that is NULL when it can."""
    cell, conditions = _cell(column), []
    if typed_cell(column, cell) != cell:  # a text is always readable
        conditions.append(f"{cell} is not null and {quoted(column.name)} is null")
    if column.items:
        broken = [
            f"({inner} is not null and {typed} is null)"
            for item in column.items
            for inner in [_element_cell(column, item)]
            for typed in [typed_cell(item, inner)]
            if typed != inner
        ]
        kinds = f"json_type(try_cast({cell} as JSON), '$[*]')"
        conditions.append(f"len(list_filter({kinds}, lambda kind: kind <> 'OBJECT')) > 0")
        if broken:
            bad = f"list_filter({_raw(column)}, lambda element: {' or '.join(broken)})"
            conditions.append(f"len({bad}) > 0")
    if not conditions:
        return
    personal = column.personal or any(item.personal for item in column.items)
    shown = "'(personal)'" if personal else f"left({cell}, 60)"
    reason = f"concat({shown}, ' is not a readable {column.logical}')"
    when = " or ".join(f"({condition})" for condition in conditions)
    rule = text(f"{column.name}.type")
    yield f"case when {when} then {{'rule': {rule}, 'reason': {reason}}} end"
