"""Types landed documents: one SQL query in which a bad cell is a reason, never a crash.

One `json_extract_string` takes all cells of a row at once (a call per column costs eight
times as much), then each column is cast with `try_cast`.
"""

from __future__ import annotations

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
    cells = [_cell(column, i) for i, column in enumerate(table.columns, start=1)]
    typed = [
        f"{typed_cell(column, cell)} as {quoted(column.name)}"
        for column, cell in zip(table.columns, cells, strict=True)
    ]
    unreadable = [
        _unreadable(column, cell) for column, cell in zip(table.columns, cells, strict=True)
    ]
    return f"""
with documents as (
    select _key, _hash, _load_id, _change, json_extract_string(_row, [{paths}]) as _cells
    from {landed}
),
typed as (
    select _key, _hash, _load_id, _change, _cells,
        {", ".join(typed)}
    from documents
)
select * exclude (_cells),
    list_filter([{", ".join(unreadable)}], lambda cell: cell is not null) as _unreadable
from typed
"""


def _cell(column: Column, position: int) -> str:
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
    if not column.type.upper().startswith("DECIMAL"):
        return f"try_cast({cell} as {column.type})"
    # try_cast rounds in silence; money with more decimals than promised must be seen.
    exact = f"try_cast({cell} as DECIMAL(38,12)) = try_cast({cell} as {column.type})"
    return f"case when {exact} then try_cast({cell} as {column.type}) end"


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
    elements = f"try_cast({cell} as JSON[])"
    if not column.items:
        return f"case when {elements} is not null then {cell}::JSON end"
    inside = ", ".join(
        f"{quoted(item.name)}: {typed_cell(item, _element_cell(item))}" for item in column.items
    )
    return f"list_transform({elements}, lambda element: {{{inside}}})"


def _element_cell(item: Column) -> str:
    path = text(json_path(item.path))
    return f"nullif(trim(json_extract_string(element, {path})), '')"


CASTS = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "array": _array,
}


def _unreadable(column: Column, cell: str) -> str:
    conditions = [f"{cell} is not null and {quoted(column.name)} is null"]
    if column.items:
        broken = " or ".join(
            f"({inner} is not null and {typed_cell(item, inner)} is null)"
            for item in column.items
            for inner in [_element_cell(item)]
        )
        conditions.append(
            f"len(list_filter(try_cast({cell} as JSON[]), lambda element: {broken})) > 0"
        )
    shown = f"left({cell}, 60)" if not column.personal else "'(personal)'"
    reason = f"concat({shown}, ' is not a readable {column.logical}')"
    when = " or ".join(f"({condition})" for condition in conditions)
    return (
        f"case when {when} then {{'rule': {text(column.name + '.type')}, 'reason': {reason}}} end"
    )


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
