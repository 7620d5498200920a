"""Queries against Shopify's own schema, costs, long orders, refunds, hidden and deleted rows."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from graphql import parse, validate

import clients.shopify
import clients.shopify.bulk
import publishers.shopify
import sources.shopify
from clients import Implausible
from sandbox.records import Line
from sandbox.shopify import SCHEMA
from sandbox.shopify.cost import Costs
from sandbox.shopify.goods import Refund
from sandbox.web import now
from sources import Table, Window
from sources.shopify import queries
from sources.shopify.kinds import KINDS, REFUNDS
from tests import company, shopify_schema
from tests.kinds import KINDS as SYSTEMS
from tests.kinds import Running

SHOPIFY = next(kind for kind in SYSTEMS if kind.name == "shopify")


def _queries() -> dict[str, str]:
    texts = {
        "check": clients.shopify.CHECK,
        "scopes": clients.shopify.SCOPES,
        "run": clients.shopify.bulk.RUN,
        "state": clients.shopify.bulk.STATE,
        "locations": queries.LOCATIONS,
        "destroyed": queries.DESTROYED,
        "there": queries.THERE,
        "definitions": publishers.shopify.DEFINITIONS,
        "define": publishers.shopify.DEFINE,
        "set": publishers.shopify.SET,
        "clear": publishers.shopify.CLEAR,
    }
    for name, kind in {**KINDS, "refunds": REFUNDS}.items():
        texts[f"{name} by id"] = queries.nodes(kind)
        texts |= {f"more {c.name} of {name}": queries.more(kind, c) for c in kind.children}
        if kind.within:
            texts[f"{name} inside"] = queries.inside(kind)
            texts[f"{name} listed inside"] = queries.inside(kind, only_ids=True)
        elif kind.connection:
            texts[f"{name} paged"] = queries.page(kind)
            texts[f"{name} listed"] = queries.listed(kind)
            texts[f"{name} counted"] = queries.count(kind)
            texts[f"{name} spanned"] = queries.span(kind)
        if kind.connection:
            texts[f"{name} in bulk"] = queries.bulk(kind, "id:>7 AND id:<=9")
    return texts


QUERIES = _queries()


@shopify_schema.needed
@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_valid_in_shopifys_own_schema(name: str) -> None:
    query = parse(QUERIES[name])
    assert validate(shopify_schema.schema(clients.shopify.VERSION), query) == []


@pytest.mark.parametrize("name", QUERIES)
def test_the_sandbox_understands_every_query(name: str) -> None:
    assert validate(SCHEMA, parse(QUERIES[name])) == []


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_costs_more_than_one_may(name: str) -> None:
    if name.endswith("in bulk"):
        pytest.skip("a bulk operation is not paid for")
    first = (
        KINDS[name.split()[0]].first
        if name.endswith(("paged", "by id")) and name != ("refunds by id")
        else REFUNDS.first
    )
    document = parse(QUERIES[name])
    operation: Any = document.definitions[0]
    rows = first if name.endswith("by id") else 1
    assert rows * Costs(document, operation, {"first": first}).requested() <= 1000


def table(running: Running, name: str, **remembered: Any) -> Table:
    shop = clients.shopify.connect(running.system, sleep=lambda seconds: None)
    return sources.shopify.tables_of(shop, lambda table: remembered.get(table, {}))[name]


def read(running: Running, name: str, window: Window | None = None) -> list[dict[str, Any]]:
    pages = table(running, name).read(window or Window())
    return [row for page in pages for row in page.rows]


def listed(running: Running, name: str, **remembered: Any) -> dict[str, str | None]:
    listing = table(running, name, **remembered).listing
    assert listing is not None
    return {key: at for part in listing(Window()) for key, at in part.cursors.items()}


def fetched(running: Running, name: str, *keys: str) -> list[dict[str, Any]]:
    fetch = table(running, name).fetch
    assert fetch is not None
    return fetch(keys)


def order(number: int) -> str:
    return f"gid://shopify/Order/{number}"


def test_an_order_comes_with_all_its_lines() -> None:
    with SHOPIFY.running(customers=3, orders=2) as running:
        first = running.store.orders["1001"]
        line = first.lines[0]
        first.lines = [Line(n, f"SKU-{n}", "Zeytin", 1, line.unit_price) for n in range(212)]
        rows = {row["id"]: row for row in read(running, "orders")}
    assert [len(rows[order(n)]["lineItems"]["nodes"]) for n in (1001, 1002)] == [212, 2]
    skus = [node["sku"] for node in rows[order(1001)]["lineItems"]["nodes"]]
    assert skus == [f"SKU-{n}" for n in range(212)]
    assert "endCursor" not in json.dumps(rows[order(1001)])


def test_refunds_say_which_lines_came_back() -> None:
    with SHOPIFY.running(customers=3, orders=3) as running:
        given = [Refund(Decimal("12.50"), company.START, {1: 1}), Refund(Decimal(3), company.START)]
        running.store.refunds["1001"] = given
        rows = {row["id"]: row for row in read(running, "orders")}
    back = rows[order(1001)]["refunds"]
    assert [r["totalRefundedSet"]["shopMoney"]["amount"] for r in back] == ["12.50", "3.00"]
    assert [len(r["refundLineItems"]["nodes"]) for r in back] == [1, 0]
    line = back[0]["refundLineItems"]["nodes"][0]
    assert line["lineItem"]["id"] == rows[order(1001)]["lineItems"]["nodes"][0]["id"]
    assert rows[order(1002)]["refunds"] == []


def test_what_we_wrote_does_not_come_back_as_news() -> None:
    with SHOPIFY.running(customers=2, orders=0) as running:
        for number in range(12):
            running.store.given.setdefault("1", {})[f"theirs.field{number}"] = "a"
            running.store.metafield_types["1", f"theirs.field{number}"] = "text"
        running.store.given["1"]["kopru.tier"] = "gold"
        running.store.metafield_types["1", "kopru.tier"] = "text"
        row = read(running, "customers")[0]
    found = {(node["namespace"], node["key"]) for node in row["metafields"]["nodes"]}
    assert found == {("theirs", f"field{number}") for number in range(12)}


def test_rows_that_change_while_they_are_read_hide_nobody() -> None:
    with SHOPIFY.running(customers=100, orders=0) as running:
        seen = []
        for page in table(running, "customers").read(Window()):
            seen += [row["id"] for row in page.rows]
            for record in ("1", "50", "90"):
                running.store.change(record, city="Kars")
    assert sorted(seen) == sorted(f"gid://shopify/Customer/{n}" for n in range(1, 101))


def test_a_list_out_of_order_is_not_believed() -> None:
    with SHOPIFY.running(customers=100, orders=0) as running:
        running.store._keys = lambda *asked: [(n, 101 - n) for n in range(1, 101)]
        with pytest.raises(Implausible, match="order of their ids"):
            read(running, "customers")


def test_a_window_reads_what_changed_since() -> None:
    with SHOPIFY.running(customers=120, orders=0) as running:
        rows = read(running, "customers", Window(since="2026-03-05T14:00:00Z"))
    assert {int(row["id"].rpartition("/")[2]) for row in rows} == set(range(100, 121))


@pytest.mark.parametrize("name", KINDS)
def test_the_listing_has_the_cursors_and_fetch_the_rows_that_were_read(name: str) -> None:
    with SHOPIFY.running(customers=60, orders=30) as running:
        rows = {row["id"]: row for row in read(running, name)}
        assert rows
        assert listed(running, name) == {key: row["updatedAt"] for key, row in rows.items()}
        missing = next(iter(rows)).replace("/1", "/9990001")
        assert {r["id"]: r for r in fetched(running, name, *rows, missing)} == rows


@pytest.mark.parametrize(("name", "type_", "record"), [
    ("orders", "Order", "1001"), ("customers", "Customer", "3"),
])  # fmt: skip
def test_a_deletion_the_shop_tells_of_is_gone(name: str, type_: str, record: str) -> None:
    since = Window(since=f"{now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    with SHOPIFY.running(customers=5, orders=5) as running:
        running.store.destroy(type_, record)
        told = [page.gone for page in table(running, name).read(since) if page.gone]
        assert told == [{f"gid://shopify/{type_}/{record}": "deleted"}]
        assert len(listed(running, name)) == 4
        other = "customers" if name == "orders" else "orders"
        assert not any(page.gone for page in table(running, other).read(since))


def test_orders_that_a_scope_hides_are_said_and_never_taken_for_deleted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with SHOPIFY.running(customers=3, orders=20) as running:
        running.store.orders["1020"].ordered_at = now()
        running.store.scopes.discard("read_all_orders")
        with caplog.at_level(logging.WARNING):
            assert [row["id"] for row in read(running, "orders")] == [order(1020)]
            read(running, "customers")
        assert len([r for r in caplog.records if "60 days" in r.message]) == 1
        assert not table(running, "orders").lists_all
        held = {order(n): "2026-03-01T00:00:00Z" for n in range(1001, 1020)}
        assert listed(running, "orders", orders=held).keys() == {*held, order(1020)}
        running.store.scopes.add("read_all_orders")
        running.store.destroy("Order", "1001")
        assert order(1001) not in listed(running, "orders", orders=held)
