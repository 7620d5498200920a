"""Queries against Shopify's own schema, costs, long orders, deep walks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import parse, validate

import clients.shopify
import publishers.shopify
import sources.shopify
from clients import Implausible
from sandbox.shopify import SCHEMA
from sandbox.shopify.cost import Costs
from sources import Window
from tests import shopify_schema
from tests.kinds import KINDS

SHOPIFY = next(kind for kind in KINDS if kind.name == "shopify")
QUERIES = {
    "customers": sources.shopify.CUSTOMERS,
    "orders": sources.shopify.ORDERS,
    "lines": sources.shopify.MORE_LINES,
    "check": clients.shopify.CHECK,
    "definitions": publishers.shopify.DEFINITIONS,
    "define": publishers.shopify.DEFINE,
    "set": publishers.shopify.SET,
    "clear": publishers.shopify.CLEAR,
}


@shopify_schema.needed
@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_valid_in_shopifys_own_schema(name: str) -> None:
    query = parse(QUERIES[name])
    assert validate(shopify_schema.schema(clients.shopify.VERSION), query) == []
    if "smsMarketingConsent" not in QUERIES[name]:  # exists from 2026-10
        assert validate(shopify_schema.schema("2026-01"), query) == []


@pytest.mark.parametrize("name", QUERIES)
def test_the_sandbox_understands_every_query(name: str) -> None:
    assert validate(SCHEMA, parse(QUERIES[name])) == []


@pytest.mark.parametrize("listing", sources.shopify.LISTINGS.values(), ids=sources.shopify.LISTINGS)
def test_a_page_costs_less_than_a_query_may(listing: sources.shopify.Listing) -> None:
    document = parse(listing.text)
    operation: Any = document.definitions[0]
    assert Costs(document, operation, {"first": listing.first}).requested() < 1000


def read(running: Any, name: str, window: Window | None = None) -> list[dict[str, Any]]:
    shop = clients.shopify.connect(running.system, sleep=lambda seconds: None)
    table = sources.shopify.tables_of(shop)[name]
    return [row for page in table.read(window or Window()) for row in page.rows]


def test_an_order_comes_with_all_its_lines() -> None:
    with SHOPIFY.running(customers=3, orders=2) as running:
        first = running.store.orders["1001"]
        line = first.lines[0]
        first.lines = [type(line)(n, f"SKU-{n}", "Zeytin", 1, line.unit_price) for n in range(212)]
        rows = {row["id"].rpartition("/")[2]: row for row in read(running, "orders")}
    assert [len(rows[n]["lineItems"]["nodes"]) for n in ("1001", "1002")] == [212, 2]
    skus = [node["sku"] for node in rows["1001"]["lineItems"]["nodes"]]
    assert skus == [f"SKU-{n}" for n in range(212)]
    assert "endCursor" not in json.dumps(rows["1001"])


def test_a_walk_too_deep_starts_again_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.shopify, "DEEPEST", 100)
    with SHOPIFY.running(customers=350, orders=0) as running:
        rows = read(running, "customers")
    assert len({row["id"] for row in rows}) == 350
    assert len(rows) < 370


def test_a_walk_that_cannot_get_on_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.shopify, "DEEPEST", 100)
    with SHOPIFY.running(customers=350, orders=0) as running:
        for customer in running.store.customers.values():
            customer.updated_at = running.store.customers["1"].updated_at
        with pytest.raises(Implausible, match="bulk operation"):
            read(running, "customers")


def test_a_window_reads_what_changed_since() -> None:
    with SHOPIFY.running(customers=120, orders=0) as running:
        rows = read(running, "customers", Window(since="2026-03-05T14:00:00Z"))
    assert {int(row["id"].rpartition("/")[2]) for row in rows} == set(range(100, 121))
