"""Rows as JSON documents, and the hash that says whether one changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from contracts.typed import quoted, text
from sources import Page, Records, Row, to_json
from sources.cells import Cells
from warehouse.landing import SCHEMA

ESCAPED = bytes([*range(0x20), *b'"\\'])
# The landing's first five columns.
LANDED = pa.schema(list(SCHEMA)[:5])


def written(rows: Sequence[Row]) -> Cells | Records:
    """The rows as texts; cells become such in `told`.

    Empty, null and absent are the same to every contract, and old systems turn one into the
    other by themselves: such fields are left out. Records stay as their system wrote them.
    """
    if isinstance(rows, Cells | Records):
        return rows
    filled = (
        {name: value for name, value in row.items() if value is not None and value != ""}
        for row in rows
    )
    return Records([to_json(row) for row in filled])


def told(
    connection: duckdb.DuckDBPyConnection, pages: Iterable[Page], volatile: Sequence[str] = ()
) -> pa.Table:
    """The pages' rows and what is gone, as LANDED. `connection` keeps the order of rows."""
    unhashed = pa.concat_tables(
        table for page in pages for table in (_rows(connection, page), _gone(page))
    )
    hashes = _asked(connection, unhashed, f"select {_hash(volatile)} as _hash from page")
    return unhashed.add_column(2, LANDED.field("_hash"), hashes["_hash"])


def names(connection: duckdb.DuckDBPyConnection, landed: pa.Table) -> set[str]:
    """Of all fields that any of the rows has."""
    found = _asked(connection, landed, "select distinct unnest(json_keys(_row)) as n from page")
    return set(found["n"].to_pylist())


def _rows(connection: duckdb.DuckDBPyConnection, page: Page) -> pa.Table:
    rows = written(page.rows)
    if isinstance(rows, Cells):
        texts = _documents(connection, rows)
    else:  # as bytes they come in three times as fast
        texts = pa.array(rows.texts, pa.binary()).view(pa.string())
    return _unhashed(page.keys, page.cursors, texts, [page.change] * len(rows))


def _gone(page: Page) -> pa.Table:
    none = pa.nulls(len(page.gone), pa.string())
    return _unhashed([*page.gone], none, none, [*page.gone.values()])


def _unhashed(*columns: Any) -> pa.Table:
    schema = LANDED.remove(2)
    arrays = zip(columns, schema.types, strict=True)
    return pa.table(
        [c if isinstance(c, pa.Array | pa.ChunkedArray) else pa.array(c, t) for c, t in arrays],
        schema=schema,
    )


def _hash(volatile: Sequence[str]) -> str:
    """SQL of 32 hex digits over a row without its volatile paths; of what is gone, how it went.

    A list in the place of an object (PHP writes one for the other) is left whole.
    """
    patch: dict[str, Any] = {}
    lists = ""
    for path in volatile:
        *above, last = path.split(".")
        inner = patch
        for depth, name in enumerate(above, start=1):
            inner = inner.setdefault(name, {})
            at = text("/" + "/".join(above[:depth]))
            lists += f", case json_type(_row, {at}) when 'ARRAY' then _row -> {at} end"
        inner[last] = None
    steady = f"json_merge_patch(_row, {text(to_json(patch).decode())})" if patch else "_row"
    said = f"concat({steady}::varchar, _change{lists})"
    return f"case when _row is null then _change else md5({said}) end"


def _asked(connection: duckdb.DuckDBPyConnection, page: pa.Table, query: str) -> pa.Table:
    connection.register("page", page)
    try:
        return connection.execute(query).to_arrow_table()
    finally:
        connection.unregister("page")


def _documents(connection: duckdb.DuckDBPyConnection, cells: Cells) -> pa.ChunkedArray:
    """Each row's JSON, without its empty cells."""
    parts = {name: _written(name, cells.batch.column(name)) for name in cells.batch.schema.names}
    query = f"select {_document(parts)} as _row from page"
    return _asked(connection, pa.table(cells.batch), query)["_row"]


def _document(written: Mapping[str, str]) -> str:
    """SQL of the row's canonical JSON. `written`: name -> SQL of its part of it."""
    parts = ", ".join(written[name] for name in sorted(written))
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
