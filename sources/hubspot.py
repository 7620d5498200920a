"""HubSpot: contacts and deals.

API: CRM 2026-09   Auth: service key   Page: 100 listed, 200 searched   Deletes: not seen yet

Everything at first by LIST, which has no end; then changes by SEARCH, which answers at most
10,000 rows a query: a longer walk starts again at the last modification it saw, and when that
many share one instant it goes through them by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Unpack

from dlt.sources import DltResource

from clients.hubspot import SEARCH_CAP, SEARCH_LIMIT, HubSpot, connect
from sources import Asked, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract, ContractTable
from systems import System

PREFIX = "properties."
OVERLAP = timedelta(minutes=10)  # a change appears in the search index some moments later
EVERYTHING = {"filterGroups": [], "sorts": [], "properties": [], "limit": 1, "after": "0"}
# The vendor's name of "last modified": contacts are older than the hs_ convention.
MODIFIED = {"contacts": "lastmodifieddate", "deals": "hs_lastmodifieddate"}


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system), contract), asked)


@dataclass(frozen=True)
class Kind:
    """One object type as we read it."""

    crm: HubSpot
    name: str
    modified: str
    properties: tuple[str, ...]


def tables_of(crm: HubSpot, contract: Contract) -> dict[str, Table]:
    return {
        name: _table(crm, name, modified, contract.tables[name])
        for name, modified in MODIFIED.items()
        if name in contract.tables
    }


def _table(crm: HubSpot, name: str, modified: str, promised: ContractTable) -> Table:
    asked = {c.path.removeprefix(PREFIX) for c in promised.columns if c.path.startswith(PREFIX)}
    kind = Kind(crm, name, modified, tuple(sorted(asked | {modified})))
    return Table(
        name,
        key=lambda row: str(row["id"]),
        read=partial(_read, kind),
        cursor=partial(_cursor, kind),
        changed_since=True,
        overlap=OVERLAP,
    )


def _cursor(kind: Kind, row: Row) -> str | None:
    moment = (row.get("properties") or {}).get(kind.modified) or row.get("updatedAt")
    return _iso(_millis(moment)) if moment else None


def _read(kind: Kind, window: Window) -> Iterator[Page]:
    pages = _searched(kind, window) if window.since else _listed(kind, window)
    for page in pages:
        yield Page(_linked(kind, list(page.rows)), claimed=page.claimed, position=page.position)


def _listed(kind: Kind, window: Window) -> Iterator[Page]:
    after = window.position
    while True:
        rows, after = kind.crm.page(kind.name, kind.properties, after)
        if after is None:
            # A list does not say how long it is; a search for everything does.
            yield Page(rows, claimed=kind.crm.search(kind.name, EVERYTHING)[1])
            return
        yield Page(rows, position=after)


def _searched(kind: Kind, window: Window) -> Iterator[Page]:
    """Position: `from` (ms) where this query starts, `after` inside it, the `claimed` total of
    the first query, and `id`: inside one instant, the last id walked."""
    start = _millis(window.since or "")
    at = window.position or {"from": start, "after": 0, "claimed": None, "id": None}
    while True:
        rows, total, after = kind.crm.search(kind.name, _query(kind, at))
        at = {**at, "claimed": total if at["claimed"] is None else at["claimed"]}
        following = _following(kind, at, rows, after)
        yield Page(rows, claimed=at["claimed"], position=following)
        if following is None:
            return
        at = following


def _query(kind: Kind, at: Mapping[str, Any]) -> dict[str, Any]:
    moment = {"propertyName": kind.modified, "operator": "GTE", "value": str(at["from"])}
    filters, sort = [moment], kind.modified
    if at["id"] is not None:
        moment["operator"] = "EQ"
        filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": at["id"]})
        sort = "hs_object_id"
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "properties": list(kind.properties),
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
    latest = _millis(_cursor(kind, rows[-1]) or "")
    if latest > at["from"]:
        return {**at, "from": latest, "after": 0}
    return {**at, "after": 0, "id": "0"}


def _linked(kind: Kind, rows: list[Row]) -> list[Row]:
    """Deals with their contacts, in the shape LIST gives them; searches leave them out."""
    if kind.name != "deals" or not rows:
        return rows
    links = kind.crm.associated("deals", "contacts", [str(row["id"]) for row in rows])
    return [
        {
            **row,
            "associations": {
                "contacts": {"results": [{"id": c} for c in sorted(links.get(str(row["id"]), []))]}
            },
        }
        for row in rows
    ]


def _millis(moment: str) -> int:
    """Epoch milliseconds of an ISO moment, or of one already given so."""
    if moment.isdecimal():
        return int(moment)
    parsed = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _iso(millis: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"
