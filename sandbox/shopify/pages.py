"""Connections: filtered, sorted, cut at a cursor."""

from __future__ import annotations

import base64
import binascii
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError

SHOP = ZoneInfo("Europe/Istanbul")
MOST = 250
DEEPEST = 25_000  # objects behind one connection that paging reaches
TERM = re.compile(r"(\w+):(>=|<=|>|<)?('[^']*'|\"[^\"]*\"|\S+)")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": lambda have, want: have == want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
}
WHOLE: ContextVar[bool] = ContextVar("whole", default=False)  # a bulk operation: no pages
Key = tuple[Any, int]  # the value sorted by (times as whole seconds), and the id
Test = Callable[[Any], bool]


def tests(query: str | None, fields: dict[str, Callable[[Any], Any]]) -> list[Test]:
    """The conditions of a search such as `updated_at:>='2026-11-01T00:00:00Z'`, all to hold.

    A timestamp that is not in single quotes loses its time and is read as a day in the shop's
    zone. Terms on fields nobody can search are ignored, as Shopify does.
    """
    conditions = []
    for name, operator, raw in TERM.findall(query or ""):
        if name not in fields:
            continue
        text = raw.strip("'\"")
        want: Any = text.lower()
        if name.endswith("_at"):
            want = _seconds(text, quoted=raw.startswith("'"))
        elif name == "id":
            want = int(text.rpartition("/")[2])
        conditions.append(_test(fields[name], COMPARE[operator], want))
    return conditions


def _test(value: Callable[[Any], Any], compare: Callable[[Any, Any], bool], want: Any) -> Test:
    return lambda item: compare(value(item), want)


def _seconds(text: str, *, quoted: bool) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise GraphQLError(f"Invalid timestamp in query filter: {text}") from None
    if not quoted:
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=SHOP)).timestamp())


def connection(
    keys: list[Key],
    node: Callable[[int], Any],
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    reverse: bool = False,
    shorten: Callable[[list[Any]], list[Any]] = lambda rows: rows,
    **_: Any,
) -> dict[str, Any]:
    """`keys` ascending; cursors hold the key itself, so that rows coming and going move nobody."""
    if WHOLE.get():
        return _rows(keys, keys, node, (False, False))
    size = first if first is not None else last
    if size is None:
        raise GraphQLError("you must provide one of first or last", extensions=_code())
    if not 0 <= size <= MOST:
        raise GraphQLError(f"first must be between 0 and {MOST}", extensions=_code())
    low, high = 0, len(keys)
    if after:
        key = _decode(after)
        low, high = (low, bisect_left(keys, key)) if reverse else (bisect_right(keys, key), high)
    if before:
        key = _decode(before)
        low, high = (bisect_right(keys, key), high) if reverse else (low, bisect_left(keys, key))
    from_end = reverse == (first is not None)
    start, end = (max(low, high - size), high) if from_end else (low, min(high, low + size))
    passed = len(keys) - end if reverse else start
    if passed + (end - start) > DEEPEST:
        raise GraphQLError(f"Pagination reaches only {DEEPEST} objects", extensions=_code())
    shown = keys[start:end]
    if reverse:
        shown = shown[::-1]
    more = (start > 0, end < len(keys))
    return _rows(shorten(shown), shown, node, more[::-1] if reverse else more)


def _rows(
    shown: list[Key], cut: list[Key], node: Callable[[int], Any], more: tuple[bool, bool]
) -> dict[str, Any]:
    nodes = [node(key[1]) for key in shown]
    return {
        "nodes": nodes,
        "edges": lambda info: [
            {"cursor": _encode(key), "node": row} for key, row in zip(shown, nodes, strict=True)
        ],
        "pageInfo": {
            "startCursor": _encode(cut[0]) if cut else None,
            "endCursor": _encode(cut[-1]) if cut else None,
            "hasPreviousPage": more[0],
            "hasNextPage": more[1],
        },
    }


def _code() -> dict[str, str]:
    return {"code": "BAD_REQUEST"}


def _encode(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decode(cursor: str) -> Key:
    try:
        value, number = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError):
        raise GraphQLError(f"Invalid cursor for current pagination sort: {cursor}") from None
    return value, number
