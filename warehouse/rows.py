"""Rows on their way into the landing: their hash, and the Arrow columns they become."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from sources import Row
from warehouse.landing import SCHEMA

FULL = 8_000_000  # bytes of documents


@dataclass
class Batch:
    """Rows on their way into Arrow, column by column in the order of SCHEMA; without load ids."""

    columns: tuple[list[Any], ...] = field(default_factory=lambda: ([], [], [], [], []))
    size: int = 0

    def add(
        self, key: str, cursor: str | None, digest: str, document: bytes, change: str | None
    ) -> None:
        for column, value in zip(
            self.columns, (key, cursor, digest, document or None, change), strict=True
        ):
            column.append(value)
        self.size += len(document)

    @property
    def is_full(self) -> bool:
        return self.size >= FULL

    def __len__(self) -> int:
        return len(self.columns[0])

    def table(self, load: str) -> pa.Table:
        columns = (*self.columns, [load] * len(self))
        return pa.table([pa.array(column, pa.string()) for column in columns], schema=SCHEMA)


def row_hash(row: Row, volatile: tuple[str, ...] = (), change: str | None = None) -> str:
    """32 hex digits over the row's canonical JSON without its volatile paths.

    Empty, null and absent are the same to every contract, and old systems turn one into the
    other by themselves: no difference either.
    """
    kept = _without(row, volatile)
    filled = {name: value for name, value in kept.items() if value is not None and value != ""}
    content = orjson.dumps(filled, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content + (change or "").encode(), digest_size=16).hexdigest()


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
