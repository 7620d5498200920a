"""Shopify: customers, orders, abandoned checkouts, products, variants, inventory levels.

API: Admin GraphQL 2026-10   Auth: client credentials or a static token   Deletes: events, sweeps

Rows are walked in the order of their ids, which no edit moves: `id:>last` starts every page, so
no walk is too deep and none skips a row that changes while it is read. Many rows at once come
by bulk operations (`bulk`). Inventory levels are walked location by location.
Without the scope read_all_orders a shop hides orders older than 60 days: then an order that is
not listed proves nothing, and is never taken for deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Unpack

from dlt.sources import DltResource

from clients import Denied, Implausible
from clients.shopify import HIDDEN, Shopify, connect
from sources import Asked, Listed, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract
from sources.shopify import bulk, queries
from sources.shopify.kinds import KINDS, Kind
from sources.shopify.rows import complete, fetch, number
from sources.shopify.shape import shape
from systems import System

BULK_FROM = 250  # rows in a window: from here on a bulk operation is faster than pages
Held = Callable[[], Mapping[str, str | None]]
log = logging.getLogger(__name__)


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system), memory), asked)


def tables_of(shop: Shopify, memory: Memory) -> dict[str, Table]:
    return {
        name: Table(
            name,
            key=lambda row: str(row["id"]),
            read=partial(_read, shop, kind),
            cursor=lambda row: str(row["updatedAt"]),  # always YYYY-MM-DDTHH:MM:SSZ
            changed_since=True,
            overlap=kind.overlap,
            lists_all=kind.connection != "orders",
            listing=partial(_listing, shop, kind, partial(memory, name)),
            fetch=partial(fetch, shop, kind),
            shape=partial(shape, shop, kind),
        )
        for name, kind in KINDS.items()
    }


def _read(shop: Shopify, kind: Kind, window: Window) -> Iterator[Page]:
    """Position: what the walk that was chosen needs; see there."""
    at = window.position
    if at is None:
        _warn(shop, kind)
    if at is None and window.since and (gone := _destroyed(shop, kind, window.since)):
        yield Page([], position={}, gone=gone)
    if (at and "bulk" in at) or (not at and _many(shop, kind, window)):
        yield from bulk.read(shop, kind, window)
    elif kind.within:
        yield from _inside(shop, kind, window)
    else:
        yield from _walked(shop, kind, window)


def _warn(shop: Shopify, kind: Kind) -> None:
    if kind.connection == "orders" and not shop.sees_all_orders():
        log.warning("%s.orders: %s", shop.http.system, HIDDEN)


def _many(shop: Shopify, kind: Kind, window: Window) -> bool:
    if not kind.within:
        return bulk.held(shop, kind, queries.since(window.since)) >= BULK_FROM
    # Nothing counts levels; a whole scan reads at least one for each variant.
    variants = bulk.held(shop, KINDS["variants"], None)
    return window.since is None and variants >= BULK_FROM


def _walked(shop: Shopify, kind: Kind, window: Window) -> Iterator[Page]:
    """Position: `after`, the last id seen."""
    after = (window.position or {}).get("after", 0)
    for nodes, claimed, following in _ids(shop, kind, window, queries.page(kind), after):
        position = following and {"after": following}
        yield Page(complete(shop, kind, nodes), claimed=claimed, position=position)


def _ids(
    shop: Shopify, kind: Kind, window: Window, text: str, after: int
) -> Iterator[tuple[list[Row], int | None, int | None]]:
    """Pages of nodes in the order of ids, how many there are, the id the next page starts after."""
    whole = queries.since(window.since)
    while True:
        beyond = queries.both(f"id:>{after}" if after else None, whole)
        data = shop.query(text, {"first": kind.first, "query": beyond, "whole": whole})
        nodes = data["rows"]["nodes"]
        ids = [number(node["id"]) for node in nodes]
        if ids != sorted(ids) or (ids and ids[0] <= after):
            raise Implausible(
                shop.http.system,
                f"{kind.connection} did not come in the order of their ids, from {after} on",
            )
        exact = data["held"] and data["held"]["precision"] == "EXACT"
        claimed = data["held"]["count"] if exact else None
        following = ids[-1] if ids and data["rows"]["pageInfo"]["hasNextPage"] else None
        yield nodes, claimed, following
        if following is None:
            return
        after = following


def _inside(shop: Shopify, kind: Kind, window: Window) -> Iterator[Page]:
    """Position: `place`, the location being walked, and the cursor `after` inside it."""
    at = window.position or {}
    asked = queries.since(window.since)
    for page, position in _places(shop, kind, queries.inside(kind), asked, at):
        yield Page(page, position=position)


def _places(
    shop: Shopify, kind: Kind, text: str, asked: str | None, at: Row
) -> Iterator[tuple[list[Row], Row | None]]:
    places = [place for place in _locations(shop) if number(place) >= number(at.get("place", "0"))]
    after = at.get("after")
    for place, following in zip(places, [*places[1:], None], strict=True):
        while True:
            asking = {"id": place, "after": after, "query": asked}
            location = shop.query(text, asking)["location"]
            if location is None:  # closed for good since it was listed
                break
            found = location[kind.within]
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                yield found["nodes"], {"place": following} if following else None
                break
            yield found["nodes"], {"place": place, "after": after}
        after = None


def _locations(shop: Shopify) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = shop.query(queries.LOCATIONS, {"after": after})["locations"]
        found += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return sorted(found, key=number)
        after = page["pageInfo"]["endCursor"]


def _listing(shop: Shopify, kind: Kind, held: Held, window: Window) -> Iterator[Listed]:
    if kind.within:
        asked = queries.since(window.since)
        for nodes, _ in _places(shop, kind, queries.inside(kind, only_ids=True), asked, {}):
            yield Listed(_cursors(nodes))
        return
    for nodes, claimed, _ in _ids(shop, kind, window, queries.listed(kind), 0):
        yield Listed(_cursors(nodes), claimed)
    if kind.connection == "orders" and not shop.sees_all_orders():
        yield Listed(held())


def _cursors(nodes: list[Row]) -> dict[str, str | None]:
    return {node["id"]: node["updatedAt"] for node in nodes}


def _destroyed(shop: Shopify, kind: Kind, since: str) -> dict[str, str]:
    """Keys that the shop's events call destroyed, and that are not there any more. Events are
    kept for a year and not for everything: what they leave out, the daily sweep finds."""
    if kind.subject is None:
        return {}
    asked = queries.both(
        "action:destroy", f"subject_type:{kind.subject}", queries.since(since, "created_at")
    )
    gone: dict[str, str] = {}
    after = None
    while True:
        try:
            events = shop.query(queries.DESTROYED, {"query": asked, "after": after})["events"]
        except Denied as error:
            log.info("%s: no events, the daily sweep looks for deletions: %s", kind.type, error)
            return gone
        told = (events or {"nodes": []})["nodes"]
        ids = [
            f"gid://shopify/{kind.type}/{number(str(event['subjectId']))}"
            for event in told
            if event.get("subjectType") == kind.subject and event["action"] == "destroy"
        ]
        there = {node["id"] for node in shop.query(queries.THERE, {"ids": ids})["nodes"] if node}
        gone |= dict.fromkeys((id_ for id_ in ids if id_ not in there), "deleted")
        if not events or not events["pageInfo"]["hasNextPage"]:
            return gone
        after = events["pageInfo"]["endCursor"]
