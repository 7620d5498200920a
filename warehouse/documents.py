"""Rows as JSON documents, and the hash that says whether one changed.

The hash is MD5 because DuckDB has it too: rows in columns are told by SQL, and the same row has
the same hash either way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from contracts.typed import quoted, text
from sources import Page, Row
from sources.cells import Cells

LANDED = ["_key", "_cursor", "_hash", "_row", "_change"]


def row_hash(row: Row, volatile: tuple[str, ...] = (), change: str | None = None) -> str:
    """32 hex digits over the row's canonical JSON without its volatile paths.

    Empty, null and absent are the same to every contract, and old systems turn one into the
    other by themselves: no difference either.
    """
    names, nested = _parted(volatile)
    kept = _without(row, nested) if nested else row
    filled = {n: v for n, v in kept.items() if v is not None and v != "" and n not in names}
    content = to_json(filled, orjson.OPT_SORT_KEYS)
    return hashlib.md5(content + (change or "").encode(), usedforsecurity=False).hexdigest()


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


@cache
def _parted(paths: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names of whole fields, and paths that lead into one."""
    nested = tuple(path for path in paths if "." in path)
    return frozenset(paths) - frozenset(nested), nested


def _without(row: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy without the paths; shares everything else with the original."""
    kept = dict(row)
    for path in paths:
        first, dot, rest = path.partition(".")
        inner = kept.get(first)
        if not dot:
            kept.pop(first, None)
        elif isinstance(inner, Mapping):
            kept[first] = _without(inner, (rest,))
    return kept


def told(
    connection: duckdb.DuckDBPyConnection, page: Page, cells: Cells, volatile: tuple[str, ...]
) -> pa.Table:
    """The landing's first five columns of a page of cells; an empty cell is left out.

    `connection` keeps the order of rows.
    """
    names = sorted(cells.batch.schema.names)
    kept = [name for name in names if name not in volatile]
    hashed = "_row" if kept == names else _document(kept)
    connection.register("page", pa.table(cells.batch))
    try:
        # Nested: an expression written twice is computed twice.
        made = connection.execute(
            f"""select md5({hashed} || {text(page.change or "")}) as _hash, _row
                from (select *, {_document(names)} as _row from page)"""
        ).to_arrow_table()
    finally:
        connection.unregister("page")
    strings = (pa.array(page.keys, pa.string()), pa.array(page.cursors, pa.string()))
    change = pa.array([page.change] * len(cells), pa.string())
    return pa.table([*strings, made["_hash"], made["_row"], change], names=LANDED)


def _document(names: Iterable[str]) -> str:
    """SQL of the row's canonical JSON."""
    cells = [
        f"{text(orjson.dumps(name).decode() + ':')} || to_json(nullif({quoted(name)}, ''))"
        for name in names
    ]
    return f"'{{' || concat_ws(',', {', '.join(cells)}) || '}}'"
