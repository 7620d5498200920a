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

LANDED = ("_key", "_cursor", "_hash", "_row", "_change", "_load_id")
OFFSET = r"(Z|[+-]\d\d:?\d\d)$"


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """An SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def json_path(path: str) -> str:
    return "$" + "".join(f'."{part}"' for part in path.split("."))


def typed_query(table: Table, landed: str) -> str:
    """SELECT of one row per row of `landed` (a relation with the six landing columns).

    Gives `_key`, `_hash`, `_load_id`, `_change`, the contract's columns, and `_unreadable`:
    a list of {rule, reason}, one per cell that is there but is not what was promised.
    """
    paths = ", ".join(text(json_path(column.path)) for column in table.columns)
    arrays = [column for column in table.columns if column.items]
    cells = [
        f"{_clean(column, i)} as {_cell(column)}" for i, column in enumerate(table.columns, start=1)
    ]
    raw = [f"{_elements(column)} as {_raw(column)}" for column in arrays]
    typed = [
        f"{typed_cell(column, _cell(column))} as {quoted(column.name)}" for column in table.columns
    ]
    unreadable = [reason for column in table.columns for reason in _unreadable(column)]
    own = [*map(_cell, table.columns), *map(_raw, arrays)]
    return f"""
with documents as (
    select _key, _hash, _load_id, _change, json_extract_string(_row, [{paths}]) as _cells
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


def _clean(column: Column, position: int) -> str:
    """The text of one cell; empty is absent, and absent is the contract's default."""
    cell = f"nullif(trim(_cells[{position}]), '')"
    default = column.settings.get("default")
    return cell if default is None else f"coalesce({cell}, {text(str(default))})"


def typed_cell(column: Column, cell: str) -> str:
    """SQL expression of the column's type; NULL where the cell cannot be read as it."""
    if column.settings.get("decimalComma") and column.logical in ("number", "integer"):
        cell = f"replace(replace({cell}, '.', ''), ',', '.')"
    cast = CASTS.get(column.logical, _plain)
    return cast(column, cell)


def _plain(column: Column, cell: str) -> str:
    return cell if column.type == "VARCHAR" else f"try_cast({cell} as {column.type})"


def _integer(column: Column, cell: str) -> str:
    # A cast of '12.7' would round; whole numbers written as 12.0 or 12.000 are still whole.
    whole = f"regexp_extract({cell}, '^([+-]?\\d+)(\\.0*)?$', 1)"
    return f"try_cast(nullif({whole}, '') as {column.type})"


def _number(column: Column, cell: str) -> str:
    cast = f"try_cast({cell} as {column.type})"
    if not column.type.upper().startswith("DECIMAL"):
        return cast
    # try_cast rounds in silence; money with more decimals than promised must be seen. The
    # wide decimal that shows it takes a hundred times as long: not where the text shows it too.
    plain = f"regexp_full_match({cell}, '[+-]?\\d*\\.?\\d{{0,{_scale(column.type)}}}0*')"
    exact = f"try_cast({cell} as DECIMAL(38,12)) = {cast}"
    return f"case when {plain} then {cast} when {exact} then {cast} end"


def _scale(decimal: str) -> int:
    """Digits after the point: DECIMAL is DECIMAL(18,3), DECIMAL(9) is DECIMAL(9,0)."""
    width = re.search(r"\(\s*\d+\s*(?:,\s*(\d+)\s*)?\)", decimal)
    return int(width[1] or 0) if width else 3


def _boolean(column: Column, cell: str) -> str:
    true, false = column.settings.get("trueValues"), column.settings.get("falseValues")
    if not true and not false:
        return f"try_cast({cell} as BOOLEAN)"
    branches = [
        f"when {cell} in ({', '.join(text(str(value)) for value in values)}) then {result}"
        for values, result in ((true, "true"), (false, "false"))
        if values
    ]
    return f"case {' '.join(branches)} end"


def _date(column: Column, cell: str) -> str:
    pattern = column.options.get("format")
    if pattern:
        return f"try_strptime({cell}, {text(strptime(str(pattern)))})::DATE"
    return f"try_cast({cell} as DATE)"


def _timestamp(column: Column, cell: str) -> str:
    """UTC. A `timezone` setting says the cell is local time there, whatever it claims."""
    pattern, zone = column.options.get("format"), column.settings.get("timezone")
    if pattern == "epoch":
        return f"make_timestamp(try_cast({cell} as BIGINT) * 1000000)"
    if pattern:
        moment = f"try_strptime({cell}, {text(strptime(str(pattern)))})"
    elif zone:
        moment = f"try_cast(regexp_replace({cell}, {text(OFFSET)}, '') as TIMESTAMP)"
    else:
        return f"(try_cast({cell} as TIMESTAMPTZ) at time zone 'UTC')"
    return f"({moment} at time zone {text(str(zone or 'UTC'))} at time zone 'UTC')"


def _array(column: Column, cell: str) -> str:
    if not column.items:
        return f"case when try_cast({cell} as JSON[]) is not null then {cell}::JSON end"
    inside = ", ".join(
        f"{quoted(item.name)}: {typed_cell(item, _element_cell(column, item))}"
        for item in column.items
    )
    return f"list_transform({_raw(column)}, lambda element: {{{inside}}})"


def _elements(column: Column) -> str:
    tops = {item.path.partition(".")[0]: "VARCHAR" for item in column.items}
    deeper = dict.fromkeys(_deeper(column), "JSON")
    shape = text(json.dumps([tops | deeper]))
    return f"from_json(try_cast({_cell(column)} as JSON), {shape})"


def _deeper(column: Column) -> set[str]:
    """Top names of elements of which a path goes further down."""
    return {top for item in column.items for top, dot, _ in [item.path.partition(".")] if dot}


def _element_cell(column: Column, item: Column) -> str:
    top, _, rest = item.path.partition(".")
    cell = f"element.{quoted(top)}"
    if top in _deeper(column):
        cell = f"json_extract_string({cell}, {text(json_path(rest) if rest else '$')})"
    return f"nullif(trim({cell}), '')"


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
    broken = [
        f"({inner} is not null and {typed} is null)"
        for item in column.items
        for inner in [_element_cell(column, item)]
        for typed in [typed_cell(item, inner)]
        if typed != inner
    ]
    if broken:
        found = f"list_filter({_raw(column)}, lambda element: {' or '.join(broken)})"
        conditions.append(f"len({found}) > 0")
    if not conditions:
        return
    shown = f"left({cell}, 60)" if not column.personal else "'(personal)'"
    reason = f"concat({shown}, ' is not a readable {column.logical}')"
    when = " or ".join(f"({condition})" for condition in conditions)
    rule = text(f"{column.name}.type")
    yield f"case when {when} then {{'rule': {rule}, 'reason': {reason}}} end"


def strptime(pattern: str) -> str:
    """ODCS formats are Java's (dd.MM.yyyy HH:mm:ss); DuckDB wants strptime's."""
    for java, c in (
        ("yyyy", "%Y"),
        ("MM", "%m"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("mm", "%M"),
        ("ss", "%S"),
    ):
        pattern = pattern.replace(java, c)
    return pattern
