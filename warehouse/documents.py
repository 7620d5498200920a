"""Rows as JSON documents, and the hash that says whether one changed.

The hash is MD5 because DuckDB has it too: rows in columns are told by SQL, and the same row has
the same hash either way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from contracts.typed import quoted, text
from sources import Page, Row
from sources.cells import Cells
from warehouse.landing import SCHEMA

ESCAPED = bytes([*range(0x20), *b'"\\'])
# The landing's first five columns.
LANDED = pa.schema(list(SCHEMA)[:5])


def told(page: Page, volatile: tuple[str, ...] = ()) -> pa.Table:
    """A page's rows and what is gone, as LANDED."""
    said = [document(row, volatile, page.change) for row in page.rows]
    none, gone = [None] * len(page.gone), list(page.gone.values())
    columns = (
        [*page.keys, *page.gone],
        [*page.cursors, *none],
        [*(digest for digest, _ in said), *gone],
        [*(content for _, content in said), *none],
        [*[page.change] * len(said), *gone],
    )
    # As bytes they come in three times as fast, and what was encoded a moment ago is UTF-8.
    arrays = [pa.array(column, pa.binary()).view(pa.string()) for column in columns]
    return pa.table(arrays, schema=LANDED)


def document(
    row: Row, volatile: tuple[str, ...] = (), change: str | None = None
) -> tuple[str, bytes]:
    """32 hex digits over the row's canonical JSON without its volatile paths, and its JSON.

    Empty, null and absent are the same to every contract, and old systems turn one into the
    other by themselves: such fields are left out.
    """
    filled = {name: value for name, value in row.items() if value is not None and value != ""}
    steady: Row = filled
    for path in volatile:
        steady = _without(steady, path)
    content = to_json(steady, orjson.OPT_SORT_KEYS)
    digest = hashlib.md5(content + (change or "").encode(), usedforsecurity=False).hexdigest()
    return digest, content if steady is filled else to_json(filled)


def to_json(row: Row, option: int | None = None) -> bytes:
    """Whatever a system can say in JSON: also numbers over 64 bits, and halves of an emoji."""
    try:
        return orjson.dumps(row, option=option)
    except TypeError:
        return orjson.dumps(_sayable(row), option=option)


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_sayable(str(name)): _sayable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_sayable(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _without(row: Row, path: str) -> Row:
    """A copy without the path, which shares everything else; the row itself where it has none."""
    first, _, rest = path.partition(".")
    if first not in row:
        return row
    if not rest:
        return {name: value for name, value in row.items() if name != first}
    inner = row[first]
    kept = _without(inner, rest) if isinstance(inner, dict) else inner
    return row if kept is inner else {**row, first: kept}


def told_cells(
    connection: duckdb.DuckDBPyConnection, page: Page, cells: Cells, volatile: tuple[str, ...]
) -> pa.Table:
    """The same of a page of cells. `connection` keeps the order of rows."""
    written = {name: _written(name, cells.batch.column(name)) for name in cells.batch.schema.names}
    kept = written.keys() - set(volatile)
    hashed = "_row" if kept == written.keys() else _document(written, kept)
    connection.register("page", pa.table(cells.batch))
    try:
        # Nested: an expression written twice is computed twice.
        made = connection.execute(
            f"""select md5({hashed} || {text(page.change or "")}) as _hash, _row
                from (select *, {_document(written, written)} as _row from page)"""
        ).to_arrow_table()
    finally:
        connection.unregister("page")
    strings = (pa.array(page.keys, pa.string()), pa.array(page.cursors, pa.string()))
    change = pa.array([page.change] * len(cells), pa.string())
    return pa.table([*strings, made["_hash"], made["_row"], change], names=LANDED.names)


def _document(written: Mapping[str, str], names: Iterable[str]) -> str:
    """SQL of the row's canonical JSON. `written`: name -> SQL of its part of it."""
    parts = ", ".join(written[name] for name in sorted(names))
    return f"concat('{{', ltrim(concat({parts}, ''), ','), '}}')"


def _written(name: str, column: pa.StringArray) -> str:
    """SQL of `,"name":"cell"`, or of nothing for an empty cell. What no cell of the column needs
    is left out: with every cell escaped, telling a page takes twice as long."""
    before, cell, quote = f",{orjson.dumps(name).decode()}:", quoted(name), '"'
    part = f"{text(before + quote)}, {cell}, {text(quote)}"
    if _has_escapes(column):
        part = f"{text(before)}, to_json({cell})"
    if pc.any(pc.equal(column, "")).as_py():
        return f"case when {cell} = '' then '' else concat({part}) end"
    return part


def _has_escapes(column: pa.StringArray) -> bool:
    """Whether JSON writes a character of these texts, or of those they are a slice of, in
    another way."""
    data = column.buffers()[2]
    content = data.to_pybytes() if data else b""
    return len(content.translate(None, ESCAPED)) < len(content)
