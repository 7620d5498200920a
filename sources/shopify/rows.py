"""Whole rows: every child of a row, refunds with their lines, nothing that we wrote ourselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clients.shopify import OUR_TAG, Shopify
from sources import Row
from sources.shopify import queries
from sources.shopify.kinds import REFUNDS, Child, Kind

OURS = "kopru"  # the namespace of the metafields that we write


def number(gid: str) -> int:
    """The digits of gid://shopify/Order/1, and of .../InventoryLevel/1?inventory_item_id=2."""
    return int(gid.rpartition("/")[2].partition("?")[0])


def fetch(shop: Shopify, kind: Kind, keys: Sequence[str]) -> list[Row]:
    """The rows of these keys; those no longer there are left out."""
    rows: list[Row] = []
    for start in range(0, len(keys), kind.first):
        asked = {"ids": list(keys[start : start + kind.first])}
        found = shop.query(queries.nodes(kind), asked)["nodes"]
        rows += complete(shop, kind, [node for node in found if node])
    return rows


def complete(shop: Shopify, kind: Kind, nodes: list[Row]) -> list[Row]:
    """Rows with every child; where a page of children ended is nothing to keep."""
    for node in nodes:
        untagged(node)
        for child in kind.children:
            node[child.name] = {"nodes": list(_children(shop, kind, child, node))}
    return refunded(shop, nodes) if kind.connection == "orders" else nodes


def refunded(shop: Shopify, orders: list[Row]) -> list[Row]:
    """Orders with their refunds in full; a bulk operation cannot look into them."""
    wanted = [refund["id"] for order in orders for refund in order["refunds"]]
    found = {refund["id"]: refund for refund in fetch(shop, REFUNDS, wanted)}
    for order in orders:
        order["refunds"] = [found[r["id"]] for r in order["refunds"] if r["id"] in found]
    return orders


def untagged(node: Row) -> None:
    """Takes our own tags out of a row."""
    if "tags" in node:
        node["tags"] = [tag for tag in node["tags"] if not tag.startswith(OUR_TAG)]


def theirs(child: Child, node: Row) -> bool:
    return not (child.name == "metafields" and node["namespace"] == OURS)


def _children(shop: Shopify, kind: Kind, child: Child, row: Row) -> Iterator[Row]:
    found = row[child.name]
    while True:
        yield from (node for node in found["nodes"] if theirs(child, node))
        if not found["pageInfo"]["hasNextPage"]:
            return
        asked = {"id": row["id"], "after": found["pageInfo"]["endCursor"]}
        node = shop.query(queries.more(kind, child), asked)["node"]
        if node is None:  # deleted since the page was read
            return
        found = node[child.name]
