"""WooCommerce: customers, orders, refunds, products, variations, coupons.

API: REST v3   Auth: consumer key and secret   Page: 100   Deletes: by the daily sweep of all ids

What can be asked for by `modified_after` is, but walked by id: walking by modification skips
rows that change meanwhile. Customers have no filter by change at all, so they are scanned whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Unpack

from dlt.sources import DltResource

from clients.woocommerce import OUR_META, WooCommerce, connect
from sources import Asked, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract
from sources.woocommerce.lists import Collection, List, Parts, Walk, cursor, key, walk
from systems import System

OVERLAP = timedelta(minutes=10)
# `any` leaves out trash and the drafts of unfinished checkouts: they must be asked for by name.
ORDERS = (
    Walk({"status": "any"}),
    Walk({"status": "checkout-draft"}, optional=True),  # unknown without the block checkout
    Walk({"status": "trash"}, change="trashed"),
)


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system)), asked)


def tables_of(store: WooCommerce) -> dict[str, Table]:
    # Before WooCommerce 9 refunds are only found order by order.
    by_order = Parts(store, "orders", "refunds", {"status": "any"})
    lists: dict[str, List] = {
        "orders": Collection(store, "orders", ORDERS),
        "refunds": Collection(store, "refunds", instead=by_order),
        "products": Collection(store, "products", (Walk({"status": "any"}),)),
        "variations": Parts(store, "products", "variations", {"type": "variable"}),
        "coupons": Collection(store, "coupons"),
    }
    tables = {
        name: Table(
            *(name, key, each.read, cursor),
            changed_since=True,
            overlap=OVERLAP,
            listing=each.listing,
            fetch=each.fetch,
        )
        for name, each in lists.items()
    }
    return {"customers": Table("customers", key, partial(_customers, store), cursor), **tables}


def _customers(store: WooCommerce, window: Window) -> Iterator[Page]:
    """role=all: without it only those with the role `customer` are listed."""
    found = walk(store, "customers", {"role": "all"}, window.position, store.at_once)
    for rows, total, position in found:
        yield Page([_without_ours(row) for row in rows], claimed=total, position=position)


def _without_ours(row: Row) -> Row:
    """What we wrote ourselves must not come back as news about the customer."""
    kept = [m for m in row.get("meta_data", []) if not str(m.get("key")).startswith(OUR_META)]
    return {**row, "meta_data": kept}
