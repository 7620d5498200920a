"""Rows as JSON documents, and the hash that says whether one changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from sources import Row


def row_hash(row: Row, volatile: tuple[str, ...] = (), change: str | None = None) -> str:
    """32 hex digits over the row's canonical JSON without its volatile paths.

    Empty, null and absent are the same to every contract, and old systems turn one into the
    other by themselves: no difference either.
    """
    kept = _without(row, volatile)
    filled = {name: value for name, value in kept.items() if value is not None and value != ""}
    content = to_json(filled, orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content + (change or "").encode(), digest_size=16).hexdigest()


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
