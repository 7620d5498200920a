"""Types landed documents: one SQL query in which a bad cell is a reason, never a crash.

One `json_extract_string` takes all cells of a row at once (a call per column costs eight
times as much), one `from_json` all cells of an array's elements; then each is cast with
`try_cast`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from contracts.cells import clean, typed_cell
from contracts.cells import quoted as quoted
from contracts.cells import scale as scale
from contracts.cells import text as text
from contracts.model import Column, Table

LANDED = ("_key", "_cursor", "_hash", "_row", "_change", "_load_id")


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
    numbers = {pointer: number for number, pointer in enumerate(paths, start=1)}
    cells = [
        f"{clean(column, [f'_cells[{numbers[p]}]' for p in pointers(column.path)])} "
        f"as {_cell(column)}"
        for column in table.columns
    ]
    arrays = [column for column in table.columns if column.items]
    raw = [f"{_elements(column, _cell(column))} as {_raw(column)}" for column in arrays]
    typed = [
        f"{_value(column, _cell(column), _raw(column))} as {quoted(column.name)}"
        for column in table.columns
    ]
    unreadable = [reason for column in table.columns for reason in _unreadable(table, column)]
    own = [*map(_cell, table.columns), *map(_raw, arrays)]
    return f"""
with documents as (
    select _key, _hash, _load_id, _change,
        json_extract_string(_row, [{", ".join(map(text, paths))}]) as _cells
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
    """The column that holds an array's elements, each a struct of its cells' texts."""
    return quoted(f"_raw_{column.name}")


def _value(column: Column, cell: str, elements: str = "") -> str:
    """The typed cell. `elements`: where those of an array were read already."""
    if not column.items:
        return typed_cell(column, cell)
    inside = ", ".join(
        f"{quoted(item.name)}: {_value(item, _inner(item))}" for item in column.items
    )
    elements = elements or _elements(column, cell)
    return f"list_transform({elements}, lambda element: {{{inside}}})"


def _inner(item: Column, element: str = "element") -> str:
    return f"{element}.{quoted(item.name)}"


def _elements(column: Column, cell: str) -> str:
    """Of an array's elements the texts of the items' cells, a struct each."""
    tops = _tops(column)
    shape = json.dumps([{top: "JSON" if deep else "VARCHAR" for top, deep in tops.items()}])
    inside = ", ".join(
        f"{quoted(item.name)}: {clean(item, list(_found(item, tops)))}" for item in column.items
    )
    read = f"from_json(try_cast({cell} as JSON), {text(shape)})"
    return f"list_transform({read}, lambda element: {{{inside}}})"


def _tops(column: Column) -> dict[str, bool]:
    """Top field -> whether a path goes further down in it."""
    tops: dict[str, bool] = {}
    for item in column.items:
        for pointer in pointers(item.path):
            top, rest = _split(pointer)
            tops[top] = tops.get(top, False) or bool(rest)
    return tops


def _split(pointer: str) -> tuple[str, str]:
    """Top field, and the JSON pointer from there on."""
    top, slash, rest = pointer[1:].partition("/")
    return top.replace("~1", "/").replace("~0", "~"), slash + rest


def _found(item: Column, tops: dict[str, bool]) -> Iterator[str]:
    """Where an item's text may be inside an element."""
    for pointer in pointers(item.path):
        top, rest = _split(pointer)
        field = f"element.{quoted(top)}"
        yield f"json_extract_string({field}, {text(rest or '$')})" if tops[top] else field


def _strangers(column: Column) -> str:
    """How many elements are no objects; looked for only where one has none of the cells."""
    some = ", ".join(_inner(item) for item in column.items)
    empty = f"list_filter({_raw(column)}, lambda element: coalesce({some}) is null)"
    kinds = f"json_type(try_cast({_cell(column)} as JSON), '$[*]')"
    return (
        f"case when len({empty}) > 0 "
        f"then len(list_filter({kinds}, lambda kind: kind <> 'OBJECT')) else 0 end"
    )


def _unreadable(table: Table, column: Column) -> Iterator[str]:
    """The reason why a cell cannot be read, as SQL that is NULL when it can."""
    cell, conditions = _cell(column), []
    if _value(column, cell, _raw(column)) != cell:  # a text is always readable
        conditions.append(f"{cell} is not null and {quoted(column.name)} is null")
    broken = [
        f"({_inner(item, 'pair[1]')} is not null and {_inner(item, 'pair[2]')} is null)"
        for item in column.items
        if _value(item, _inner(item)) != _inner(item)
    ]
    if column.items:
        conditions.append(f"{_strangers(column)} > 0")
        pairs = f"list_zip({_raw(column)}, {quoted(column.name)})"
        if broken:
            found = f"list_filter({pairs}, lambda pair: {' or '.join(broken)})"
            conditions.append(f"len({found}) > 0")
    if not conditions:
        return
    shown = f"left({cell}, 60)"
    if column.name in table.hidden:
        shown = "'(personal)'"
    elif column.logical not in ("object", "array"):  # what is inside, nobody promised
        shown = f"case when {cell}[1] in ('{{', '[') then '(several values)' else {shown} end"
    reason = f"concat({shown}, ' is not a readable {column.logical}')"
    when = " or ".join(f"({condition})" for condition in conditions)
    rule = text(f"{column.name}.type")
    yield f"case when {when} then {{'rule': {rule}, 'reason': {reason}}} end"
