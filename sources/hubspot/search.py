"""Walks through searches, which answer at most 10,000 rows each.

A longer walk starts again at the last modification it saw; when that many rows share one
instant, it goes through them by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clients.hubspot import SEARCH_CAP, SEARCH_LIMIT, HubSpot
from sources.hubspot.kinds import Kind
from sources.shapes import Row

EVERYTHING = {"filterGroups": [], "sorts": [], "properties": [], "limit": 1, "after": "0"}
Found = tuple[list[Row], int | None, Row | None]


def held(crm: HubSpot, kind: Kind) -> int:
    """How many records there are. A list does not say so; a search for everything does."""
    return crm.search(kind.name, EVERYTHING)[1]


def searched(
    crm: HubSpot, kind: Kind, properties: Sequence[str], since: str, position: Row | None
) -> Iterator[Found]:
    """Rows, how many there are in all, and the position after them: `from` (ms) where this query
    starts, `after` inside it, the `claimed` total of the first query, and `id`: inside one
    instant, the last id walked."""
    at = position or {"from": millis(since), "after": 0, "claimed": None, "id": None}
    while True:
        rows, total, after = crm.search(kind.name, _query(kind, properties, at))
        at = {**at, "claimed": total if at["claimed"] is None else at["claimed"]}
        following = _following(kind, at, rows, after)
        yield rows, at["claimed"], following
        if following is None:
            return
        at = following


def cursor(kind: Kind, row: Row) -> str | None:
    moment = (row.get("properties") or {}).get(kind.modified) or row.get("updatedAt")
    return _iso(millis(moment)) if moment else None


def _query(kind: Kind, properties: Sequence[str], at: Mapping[str, Any]) -> dict[str, Any]:
    moment = {"propertyName": kind.modified, "operator": "GTE", "value": str(at["from"])}
    filters, sort = [moment], kind.modified
    if at["id"] is not None:
        moment["operator"] = "EQ"
        filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": at["id"]})
        sort = "hs_object_id"
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": SEARCH_LIMIT,
        "after": str(at["after"]),
    }


def _following(
    kind: Kind, at: Mapping[str, Any], rows: list[Row], after: str | None
) -> dict[str, Any] | None:
    """Where the walk goes on after this page, which said its successor starts at `after`."""
    if after is None or not rows:
        # An instant walked by id is done: on with what came later.
        past = {**at, "from": at["from"] + 1, "after": 0, "id": None}
        return past if at["id"] is not None else None
    if int(after) + SEARCH_LIMIT <= SEARCH_CAP:
        return {**at, "after": int(after)}
    if at["id"] is not None:
        return {**at, "after": 0, "id": str(rows[-1]["id"])}
    latest = millis(cursor(kind, rows[-1]) or "")
    if latest > at["from"]:
        return {**at, "from": latest, "after": 0}
    return {**at, "after": 0, "id": "0"}


def millis(moment: str) -> int:
    """Epoch milliseconds of an ISO moment, or of one already given so."""
    if moment.isdecimal():
        return int(moment)
    parsed = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _iso(millis: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"
