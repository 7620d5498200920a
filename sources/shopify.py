"""Shopify: customers and orders.

API: Admin GraphQL 2026-10   Auth: client credentials   Page: 100 and 25   Deletes: not seen yet

Walked by `updatedAt`; a walk may go 25,000 rows deep, then it starts again at the last moment
it saw. Without the scope read_all_orders a shop shows the orders of the last 60 days only, and
the contract says so to people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Unpack

from dlt.sources import DltResource

from clients import Implausible
from clients.shopify import Shopify, connect
from sources import Asked, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract
from systems import System

DEEPEST = 24_000  # of the 25,000 rows that can be paged through
# smsMarketingConsent exists from 2026-10; before, the same is phone.marketingState.
CUSTOMERS = """
query Customers($first: Int!, $after: String, $query: String, $whole: String) {
  rows: customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      id firstName lastName displayName note createdAt updatedAt
      defaultEmailAddress { emailAddress marketingState marketingUpdatedAt }
      defaultPhoneNumber { phoneNumber smsMarketingConsent { state updatedAt } }
      defaultAddress { name company address1 address2 city zip countryCodeV2 phone }
    }
    pageInfo { hasNextPage endCursor }
  }
  held: customersCount(query: $whole, limit: null) { count precision }
}
"""
LINE = """
fragment Line on LineItem {
  id sku title quantity
  product { id }
  originalUnitPriceSet { shopMoney { amount } }
  discountedTotalSet { shopMoney { amount } }
}
"""
ORDERS = (
    """
query Orders($first: Int!, $after: String, $query: String, $whole: String) {
  rows: orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      id name email phone createdAt processedAt updatedAt cancelledAt
      displayFinancialStatus displayFulfillmentStatus currencyCode
      customer { id }
      billingAddress { name company phone }
      currentTotalPriceSet { shopMoney { amount currencyCode } }
      lineItems(first: 5) { nodes { ...Line } pageInfo { hasNextPage endCursor } }
    }
    pageInfo { hasNextPage endCursor }
  }
  held: ordersCount(query: $whole, limit: null) { count precision }
}
"""
    + LINE
)
MORE_LINES = (
    """
query MoreLines($id: ID!, $after: String) {
  order(id: $id) {
    lineItems(first: 100, after: $after) {
      nodes { ...Line }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + LINE
)


@dataclass(frozen=True)
class Listing:
    """One connection; `first` is chosen so that a page costs under the 1,000 points allowed."""

    text: str
    first: int
    overlap: timedelta


LISTINGS = {
    # customers.updated_at is documented as matching whole days, hence the day of overlap.
    "customers": Listing(CUSTOMERS, first=100, overlap=timedelta(days=1, minutes=10)),
    "orders": Listing(ORDERS, first=25, overlap=timedelta(minutes=10)),
}


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(connect(system)), asked)


def tables_of(shop: Shopify) -> dict[str, Table]:
    return {
        name: Table(
            name,
            key=lambda row: str(row["id"]),
            read=partial(_read, shop, listing),
            cursor=lambda row: str(row["updatedAt"]),  # always YYYY-MM-DDTHH:MM:SSZ
            changed_since=True,
            overlap=listing.overlap,
        )
        for name, listing in LISTINGS.items()
    }


def _read(shop: Shopify, listing: Listing, window: Window) -> Iterator[Page]:
    """Position: `from` where this walk starts, `after` its cursor, `depth` rows into it."""
    at = window.position or {"from": window.since, "after": None, "depth": 0}
    while True:
        data = shop.query(
            listing.text,
            {
                "first": listing.first,
                "after": at["after"],
                "query": _since(at["from"]),
                "whole": _since(window.since),
            },
        )
        nodes, info = data["rows"]["nodes"], data["rows"]["pageInfo"]
        rows = [_with_all_lines(shop, node) for node in nodes]
        at = _following(shop, at, nodes, info)
        held = data["held"]
        claimed = held["count"] if held and held["precision"] == "EXACT" else None
        yield Page(rows, claimed=claimed, position=at)
        if at is None:
            return


def _since(moment: str | None) -> str | None:
    """Quoted: without quotes Shopify drops the time and takes the day in the shop's zone."""
    return f"updated_at:>='{moment}'" if moment else None


def _following(shop: Shopify, at: Row, nodes: list[Row], info: Row) -> Row | None:
    if not info["hasNextPage"]:
        return None
    depth = at["depth"] + len(nodes)
    if depth < DEEPEST:
        return {**at, "after": info["endCursor"], "depth": depth}
    latest = nodes[-1]["updatedAt"]
    if at["from"] and latest <= at["from"]:
        raise Implausible(
            shop.http.system,
            f"more than {DEEPEST} rows say they were updated at {latest}",
            "They can only be read by a bulk operation, which is not there yet",
        )
    return {"from": latest, "after": None, "depth": 0}


def _with_all_lines(shop: Shopify, node: Row) -> Row:
    """An order with every line; where its first page of lines ended is nothing to keep."""
    lines: dict[str, Any] | None = node.get("lineItems")
    if lines is None:
        return node
    nodes, info = list(lines["nodes"]), lines["pageInfo"]
    while info["hasNextPage"]:
        more = shop.query(MORE_LINES, {"id": node["id"], "after": info["endCursor"]})["order"]
        if more is None:  # deleted since the page was read
            break
        nodes += more["lineItems"]["nodes"]
        info = more["lineItems"]["pageInfo"]
    return {**node, "lineItems": {"nodes": nodes}}
