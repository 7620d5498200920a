"""Records as JSON texts: parsed only where somebody looks.

A pull needs a key, a date and a few samples of what an answer holds, and lands the rest as it
came. To parse all of it and write it anew would be most of the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, overload

import msgspec
import orjson

from clients.answers import parsed

CUT = msgspec.json.Decoder(list[msgspec.Raw])


class Records(Sequence[dict[str, Any]]):
    """`texts`: JSON objects, valid and in UTF-8. `heads`: the fields that are looked at, parsed,
    for each of them; empty where nobody does."""

    def __init__(self, texts: Sequence[bytes], heads: Sequence[Mapping[str, Any]] = ()) -> None:
        self.texts, self.heads = texts, heads

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def nbytes(self) -> int:
        return sum(map(len, self.texts))

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> Records: ...

    def __getitem__(self, at: int | slice) -> dict[str, Any] | Records:
        if isinstance(at, slice):
            return Records(self.texts[at], self.heads[at])
        record: dict[str, Any] = parsed(self.texts[at])
        return record

    def __add__(self, others: Records) -> Records:
        return Records([*self.texts, *others.texts], [*self.heads, *others.heads])

    def where(self, chosen: Sequence[bool]) -> Records:
        return Records([*compress(self.texts, chosen)], [*compress(self.heads, chosen)])


def records(content: bytes, heads: msgspec.json.Decoder[list[Any]]) -> Records:
    """Those of a JSON list; raises ValueError for anything else."""
    try:
        if not content.isascii():
            content.decode()  # nobody looks into texts that are not parsed
        found = heads.decode(content)
        return Records([bytes(each) for each in CUT.decode(content)], found)
    except (msgspec.DecodeError, RecursionError):
        pass
    # The standard library reads more: a BOM, halves of an emoji, endless numbers.
    rows = parsed(content)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no list of objects")
    return Records([*map(to_json, rows)], rows)


def to_json(record: Mapping[str, Any]) -> bytes:
    """Canonical; whatever a system can say: also numbers over 64 bits, and halves of an emoji."""
    try:
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return orjson.dumps(_sayable(record), option=orjson.OPT_SORT_KEYS)


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_sayable(str(name)): _sayable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_sayable(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
