"""Bulk operations: the same rows as by pages, windows, every way an operation can end."""

from __future__ import annotations

import json
import logging
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import clients.shopify
import sources.shopify
from clients import Denied, Implausible, Unavailable
from sandbox.shopify.goods import Refund
from sources import Page, Window
from sources.shopify import bulk as shopify_bulk
from sources.shopify.kinds import KINDS
from sources.shopify.spool import Spool
from tests import company
from tests.kinds import KINDS as SYSTEMS
from tests.kinds import Running
from tests.pulled import nothing_held
from tests.sources.test_shopify import read, table

SHOPIFY = next(kind for kind in SYSTEMS if kind.name == "shopify")


@pytest.fixture
def running() -> Iterator[Running]:
    with SHOPIFY.running(customers=120, orders=90) as served:
        served.store.refunds["1002"] = [Refund(Decimal("12.50"), company.START, {2: 1})]
        yield served


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.shopify, "BULK_FROM", 1)
    monkeypatch.setattr(shopify_bulk, "PAGE", 7)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("since", [None, "2026-03-03T10:00:00Z"])
def test_bulk_rows_are_the_rows_of_pages(
    running: Running, name: str, since: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = {row["id"]: row for row in read(running, name, Window(since=since))}
    operations = len(running.store.bulk.operations)
    monkeypatch.setattr(sources.shopify, "BULK_FROM", 10**9)
    assert {row["id"]: row for row in read(running, name, Window(since=since))} == bulk
    assert operations == (1 if bulk and not (since and name == "inventory_levels") else 0)
    assert len(running.store.bulk.operations) == operations


def test_several_windows_cover_every_row_once(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shopify_bulk, "ROWS", 20)
    pages = list(table(running, "orders").read(Window()))
    ids = [int(row["id"].rpartition("/")[2]) for page in pages for row in page.rows]
    assert sorted(ids) == list(range(1001, 1091))
    assert 5 <= len(running.store.bulk.operations) <= 8
    assert pages[-1].claimed == 90
    assert pages[-1].position is None
    assert all(page.position for page in pages[:-1])


def test_any_position_can_be_taken_up(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify_bulk, "ROWS", 40)
    seen: list[str] = []
    window = Window()
    for _ in range(80):
        page = next(iter(table(running, "orders").read(window)))
        seen += [row["id"] for row in page.rows]
        if page.position is None:
            break
        window = Window(position=json.loads(json.dumps(page.position)))
    assert len(seen) == len(set(seen)) == 90
    assert len(running.store.bulk.operations) <= 4


def read_on(running: Running, page: Page) -> set[int]:
    rest = table(running, "orders").read(Window(position=page.position))
    return {int(row["id"].rpartition("/")[2]) for page in rest for row in page.rows}


@pytest.mark.parametrize("fault", ["bulk_failed", "bulk_expired"])
def test_an_operation_that_fails_is_read_in_smaller_windows_and_its_part_not_believed(
    running: Running, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shopify_bulk, "ROWS", 60)
    monkeypatch.setattr(shopify_bulk, "FEWEST", 10)
    running.store.faults = [fault]
    rows = read(running, "orders")
    assert sorted(int(r["id"].rpartition("/")[2]) for r in rows) == list(range(1001, 1091))
    assert all(len(row["lineItems"]["nodes"]) == 2 for row in rows)
    assert len(running.store.bulk.operations) >= 6


def test_an_operation_that_always_fails_ends_the_run_and_the_next_starts_anew(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shopify_bulk, "FEWEST", 10**6)
    running.store.faults = ["bulk_failed"]
    pages: list[Page] = []
    with pytest.raises(Unavailable, match=r"FAILED after \d+ objects, not taken: TIMEOUT"):
        for page in table(running, "orders").read(Window()):
            pages.append(page)
    assert not any(page.rows for page in pages)
    assert read_on(running, pages[-1]) == set(range(1001, 1091))


def test_an_operation_somebody_cancelled_is_started_by_the_next_run(running: Running) -> None:
    running.store.faults = ["bulk_canceled"]
    pages: list[Page] = []
    with pytest.raises(Unavailable, match="CANCELED"):
        for page in table(running, "orders").read(Window()):
            pages.append(page)
    assert len(running.store.bulk.operations) == 1
    assert read_on(running, pages[-1]) == set(range(1001, 1091))


def test_a_result_shorter_than_it_says_is_not_believed(running: Running) -> None:
    running.store.faults = ["bulk_short"]
    pages: list[Page] = []
    with pytest.raises(Implausible, match="says it wrote 270 objects, its result has 269"):
        for page in table(running, "orders").read(Window()):
            pages.append(page)
    assert not any(page.rows for page in pages)
    assert read_on(running, pages[-1]) == set(range(1001, 1091))


def test_a_busy_shop_is_waited_for(running: Running) -> None:
    slept: list[float] = []
    shop = clients.shopify.connect(running.system, sleep=slept.append)
    running.store.faults = ["bulk_busy", "bulk_busy"]
    orders = sources.shopify.tables_of(shop, nothing_held)["orders"]
    assert sum(len(page.rows) for page in orders.read(Window())) == 90
    assert slept[:2] == [1.0, 2.0]


def test_signed_addresses_are_told_to_nobody(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        pages = list(table(running, "orders").read(Window()))
        [operation] = running.store.bulk.operations.values()
        operation.lines[3] = "<html>"
        window = next(
            page for page in pages if page.position and page.position["bulk"]["operation"]
        )
        with pytest.raises(Implausible, match="line that is no object") as caught:
            list(table(running, "orders").read(Window(position=window.position)))
    ours = [r for r in caplog.records if not r.name.startswith("uvicorn")]
    told = f"{[r.getMessage() for r in ours]} {caught.value} {[p.position for p in pages]}"
    assert "signature" not in told
    assert ".jsonl" not in told


def test_an_address_that_is_not_encrypted_is_not_followed(running: Running) -> None:
    host = "http://storage.example"
    state = running.store.bulk.state
    running.store.bulk.state = lambda id: {**state(id), "url": f"{host}/x"}
    with pytest.raises(Denied, match="unencrypted"):
        list(table(running, "orders").read(Window()))


def test_a_long_result_is_not_held_in_memory() -> None:
    def lines() -> Iterator[tuple[bytes, dict[str, Any]]]:
        """20,000 orders of a kilobyte, then their lines from the last order to the first."""
        for number in range(20_000):
            yield _line({"id": f"gid://shopify/Order/{number}", "note": "x" * 1000})
        for number in reversed(range(20_000)):
            order = f"gid://shopify/Order/{number}"
            yield _line({"__typename": "LineItem", "id": f"{number}", "__parentId": order})

    tracemalloc.start()
    with Spool(KINDS["orders"]) as spool:
        assert spool.fill(lines()) == 40_000
        rows = 0
        for page in spool.pages("", 500):
            rows += len(page)
            assert all(len(row["lineItems"]["nodes"]) == 1 for row in page)
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 20_000
    assert peak < 8_000_000


def _line(found: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    return json.dumps(found).encode(), found
