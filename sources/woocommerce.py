"""WooCommerce: customers and orders.

API: REST v3   Auth: consumer key and secret   Page: 100   Deletes: customers by full scan

Customers have no filter by change at all, so they are scanned whole. Orders are asked for by
`modified_after`, but walked by id: walking by modification skips rows that change meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Unpack

from dlt.sources import DltResource

from clients import Implausible, Refused
from clients.woocommerce import OUR_META, PER_PAGE, WooCommerce, connect
from sources import Asked, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract
from systems import System

# `any` leaves out trash and the drafts of unfinished checkouts: they must be asked for by name.
STATUSES = ("any", "trash", "checkout-draft")
OVERLAP = timedelta(minutes=10)
MOST_STEPS_BACK = 100


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system)), asked)


def tables_of(store: WooCommerce) -> dict[str, Table]:
    return {
        "customers": Table("customers", _key, partial(_customers, store), _cursor),
        "orders": Table(
            "orders", _key, partial(_orders, store), _cursor, changed_since=True, overlap=OVERLAP
        ),
    }


def _key(row: Row) -> str:
    return str(row["id"])


def _cursor(row: Row) -> str | None:
    """UTC at one-second precision; the API leaves the Z out. New customers have none."""
    moment = row.get("date_modified_gmt") or row.get("date_created_gmt")
    return f"{moment}Z" if moment else None


def _customers(store: WooCommerce, window: Window) -> Iterator[Page]:
    """role=all: without it only those with the role `customer` are listed."""
    for rows, total, position in _walk(store, "customers", {"role": "all"}, window.position):
        yield Page([_without_ours(row) for row in rows], claimed=total, position=position)


def _without_ours(row: Row) -> Row:
    """What we wrote ourselves must not come back as news about the customer."""
    kept = [m for m in row.get("meta_data", []) if not str(m.get("key")).startswith(OUR_META)]
    return {**row, "meta_data": kept}


def _orders(store: WooCommerce, window: Window) -> Iterator[Page]:
    """One walk per status in turn. Position: which status, what the walks before it claimed,
    and the position of the walk."""
    at = window.position or {"status": 0, "before": 0, "walk": None}
    claimed, walk = at["before"], at["walk"]
    for number in range(at["status"], len(STATUSES)):
        last, total = number == len(STATUSES) - 1, 0
        for rows, total, position in _of_status(store, STATUSES[number], window.since, walk):
            here = {"status": number, "before": claimed, "walk": position}
            following = {"status": number + 1, "before": claimed + total, "walk": None}
            goes_on = here if position else None if last else following
            yield Page(rows, claimed=claimed + total, position=goes_on)
        claimed, walk = claimed + total, None


def _of_status(store: WooCommerce, status: str, since: str | None, walk: Any) -> Iterator[Any]:
    params: dict[str, Any] = {"status": status}
    if since:
        # Naive UTC with the flag; Z together with the flag silently loses the site's offset.
        params |= {"modified_after": since.removesuffix("Z"), "dates_are_gmt": "true"}
    try:
        yield from _walk(store, "orders", params, walk)
    except Refused:
        if status != "checkout-draft":  # stores without the block checkout don't know it
            raise
        yield [], 0, None


def _walk(
    store: WooCommerce, path: str, params: dict[str, Any], position: Any
) -> Iterator[tuple[list[Row], int, Any]]:
    """Pages (new rows, total, next position) by id, none skipped when rows leave meanwhile.

    Each request starts one row early, at the last row already seen. If that row is no longer
    there, the list moved up, and the walk steps back until it finds seen ground.
    """
    at = position or {"offset": 0, "last": 0}
    offset, last, back = at["offset"], at["last"], 0
    while True:
        query = {**params, "orderby": "id", "order": "asc", "offset": offset}
        rows, total = store.page(path, query)
        if offset and (not rows or rows[0]["id"] > last):
            offset, back = max(0, offset - PER_PAGE + 1), back + 1
            if back > MOST_STEPS_BACK:
                raise Implausible(store.http.system, f"{path} changes its order while it is read")
            continue
        fresh = [row for row in rows if row["id"] > last]
        end = offset + len(rows)
        if end >= total or (not fresh and len(rows) < PER_PAGE):
            yield fresh, total, None
            return
        offset, last = max(end - 1, 0), max([last, *(row["id"] for row in fresh)])
        yield fresh, total, {"offset": offset, "last": last}
