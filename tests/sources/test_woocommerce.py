"""A whole real store, and rows that move while they are read."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

import sources.incremental
import sources.woocommerce
from clients import Implausible
from clients.woocommerce import PER_PAGE, connect
from sources import Window
from systems import Connection, System
from tests.clients import recorded
from tests.clients.scripted import URL, Scripted, answer
from tests.kinds import KINDS
from tests.pulled import Landing, contract, nothing_held, pull

SHOP = System("shop", "woocommerce", connection=Connection(host=URL, login="k", password="s"))
WOOCOMMERCE = next(kind for kind in KINDS if kind.name == "woocommerce")


class Replay(Scripted):
    """Pages of given rows, by offset, as /customers and /orders give them; one at a time."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(answer())
        self.tables, self.lock = tables, threading.RLock()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with self.lock:
            return self.reply(request, **options)

    def reply(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        query = dict(parse_qsl(urlsplit(str(request.url)).query))
        table = str(request.url).partition("?")[0].rpartition("/")[2]
        assert query["per_page"] == "1" or (query["orderby"], query["order"]) == ("id", "asc")
        rows = self.tables[table] if query.get("status", "any") == "any" else []
        start = int(query.get("offset", 0))
        shown = rows[start : start + int(query["per_page"])]
        self.given = [answer(200, shown, {"X-WP-Total": str(len(rows))})]
        return Scripted.send(self, request, **options)


@recorded.needed
def test_the_recorded_store_comes_out_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"customers": 324, "orders": 640, "products": 40, "refunds": 30}
    tables = {**{name: recorded.rows(name) for name in counts}, "coupons": [], "variations": []}
    replay = Replay(tables)
    store = connect(SHOP)
    store.http.session.mount("http://", replay)
    monkeypatch.setattr(sources.woocommerce, "connect", lambda system: store)
    pages = pull(sources.woocommerce.source(SHOP, contract("woocommerce"), nothing_held), tmp_path)
    for name, count in counts.items():
        landed = [row for page in pages[name] for row in page.rows]
        assert landed == tables[name]
        assert len(landed) == pages[name][-1].claimed == count
    guests = [row for page in pages["orders"] for row in page.rows if row["customer_id"] == 0]
    assert all("@" in row["billing"]["email"] for row in guests)
    assert pages["orders"][0].cursors[0] == "2025-06-08T09:08:30Z"
    asked = [query for query in replay.queries() if query.get("role") == "all"]
    assert sorted(int(query["offset"]) for query in asked) == [0, 99, 198, 297]


class Moving(Replay):
    """Some rows disappear after the first page was given."""

    def __init__(self, ids: list[int], gone: set[int]) -> None:
        super().__init__({"customers": [{"id": number, "meta_data": []} for number in ids]})
        self.gone = gone

    def reply(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = super().reply(request, **options)
        rows = self.tables["customers"]
        self.tables["customers"] = [row for row in rows if row["id"] not in self.gone]
        return response


@pytest.mark.parametrize(
    "gone", [set(), {5}, {100}, set(range(1, 101)), set(range(2, 251)), set(range(90, 300))]
)
@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_rows_that_leave_do_not_hide_others(gone: set[int], at_once: int) -> None:
    store = connect(replace(SHOP, settings={"concurrency": at_once}))
    store.http.session.mount("http://", Moving(list(range(1, 351)), gone))
    customers = sources.woocommerce.tables_of(store)["customers"]
    pages = list(customers.read(Window()))
    seen = [row["id"] for page in pages for row in page.rows]
    assert set(seen) >= set(range(1, 351)) - gone
    assert len(seen) == len(set(seen))
    assert pages[-1].claimed == 350 - len(gone)


class Restless(Moving):
    """At every request some rows leave, and some that left come back, anywhere."""

    def __init__(self, ids: range, seed: int) -> None:
        super().__init__(list(ids), set())
        self.all, self.chance = list(ids), random.Random(seed)  # noqa: S311 - repeatable chance
        self.away: set[int] = set()
        self.moved: set[int] = set()

    def reply(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        back = {number for number in sorted(self.away) if self.chance.random() < 0.3}
        self.away = (self.away - back) | {*self.chance.sample(self.all, 3)}
        self.moved |= self.away
        there = [number for number in self.all if number not in self.away]
        self.tables["customers"] = [{"id": number, "meta_data": []} for number in there]
        return super().reply(request, **options)


@pytest.mark.parametrize("seed", range(5))
def test_pages_read_ahead_of_a_restless_list_hide_nothing_that_stayed(seed: int) -> None:
    store = connect(replace(SHOP, settings={"concurrency": 4}))
    restless = Restless(range(1, 2500), seed)
    store.http.session.mount("http://", restless)
    customers = sources.woocommerce.tables_of(store)["customers"]
    seen = [row["id"] for page in customers.read(Window()) for row in page.rows]
    assert {*restless.all} - restless.moved <= {*seen}
    assert len(seen) == len({*seen})


def test_a_list_that_never_settles_is_given_up() -> None:
    class Shuffled(Replay):
        def reply(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            self.tables["customers"] = [
                {"id": row["id"] + 1000, "meta_data": []} for row in self.tables["customers"]
            ]
            return super().reply(request, **options)

    store = connect(SHOP)
    rows = [{"id": number, "meta_data": []} for number in range(1, 2 * PER_PAGE)]
    store.http.session.mount("http://", Shuffled({"customers": rows}))
    customers = sources.woocommerce.tables_of(store)["customers"]
    with pytest.raises(Implausible):
        for number, page in enumerate(customers.read(Window())):
            assert number < 1000, page


def test_what_we_wrote_does_not_come_back_as_news(tmp_path: Path) -> None:
    with WOOCOMMERCE.running(customers=2, orders=0) as running:
        meta = [{"key": "kopru_tier", "value": "gold"}, {"key": "vip", "value": "1"}]
        running.store.meta.write("1", meta, hidden=False)
        resources = sources.woocommerce.source(
            running.system, contract("woocommerce"), nothing_held
        )
        [page] = pull(resources, tmp_path)["customers"]
    assert {meta["key"] for meta in page.rows[0]["meta_data"]} == {"newsletter", "vip"}


def test_trash_and_drafts_are_read_too() -> None:
    with WOOCOMMERCE.running(customers=3, orders=130) as running:
        running.store.orders["1001"].status = "trash"
        running.store.orders["1002"].status = "checkout-draft"
        store = connect(running.system)
        orders = sources.woocommerce.tables_of(store)["orders"]
        pages = list(orders.read(Window()))
    statuses = {row["id"]: row["status"] for page in pages for row in page.rows}
    assert (statuses[1001], statuses[1002]) == ("trash", "checkout-draft")
    assert len(statuses) == pages[-1].claimed + 1 == 130


def test_a_store_without_drafts_is_read_all_the_same() -> None:
    class Older(Replay):
        def reply(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            if "status=checkout-draft" not in str(request.url):
                return super().reply(request, **options)
            self.given = [answer(400, {"code": "rest_invalid_param", "message": "status[0]"})]
            return Scripted.send(self, request, **options)

    store = connect(SHOP)
    store.http.session.mount("http://", Older({"orders": [{"id": 1}, {"id": 2}]}))
    orders = sources.woocommerce.tables_of(store)["orders"]
    pages = list(orders.read(Window()))
    assert [row["id"] for page in pages for row in page.rows] == [1, 2]
    assert (pages[-1].claimed, pages[-1].position) == (2, None)


def test_changes_are_asked_for_in_naive_utc() -> None:
    replay = Replay({"orders": []})
    store = connect(SHOP)
    store.http.session.mount("http://", replay)
    orders = sources.woocommerce.tables_of(store)["orders"]
    list(orders.read(Window(since="2026-11-20T08:00:00Z")))
    query = replay.queries()[0]
    assert (query["modified_after"], query["dates_are_gmt"]) == ("2026-11-20T08:00:00", "true")


def test_refunds_of_a_store_without_their_list_are_found_order_by_order(tmp_path: Path) -> None:
    with WOOCOMMERCE.running(customers=3, orders=130) as running:
        landing = Landing(tmp_path / "new", sources.woocommerce, running.system, running.contract)
        asked = landing.pull("refunds").rows["refunds"]
        running.store.goods.has_refunds = False
        older = Landing(tmp_path / "old", sources.woocommerce, running.system, running.contract)
        found = older.pull("refunds").rows["refunds"]
        assert found == asked
        assert len(found) == 6
        assert older.readings["refunds"].complete
        assert older.pull("refunds").readings["refunds"].complete


def test_the_trash_and_what_left_it_are_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WOOCOMMERCE.running(customers=3, orders=30) as running:
        landing = Landing(tmp_path, sources.woocommerce, running.system, running.contract)
        landing.pull("orders")
        api = running.store
        with api.lock:
            api.orders["1003"].status = "trash"
            api.orders["1003"].updated_at = datetime.now(UTC)
            del api.orders["1004"]
        pages = landing.pull("orders").pages["orders"]
        assert [(page.change, page.keys) for page in pages if page.change] == [
            ("trashed", ["1003"])
        ]
        monkeypatch.setattr(sources.incremental, "_now", lambda: "2199-01-01T00:00:00Z")
        landing.pull("orders")
        assert landing.changes["orders"] == {"1003": "trashed", "1004": "deleted"}
        assert landing.readings["orders"].listed == 28


def test_a_variation_that_changed_without_its_product_is_found_by_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WOOCOMMERCE.running(customers=3, orders=30) as running:
        landing = Landing(tmp_path, sources.woocommerce, running.system, running.contract)
        landing.pull("variations")
        items = running.store.goods.items["variations"]
        changed, gone = sorted(items)[:2]
        items[changed].values["price"] = "0.99"
        items[changed].updated_at = datetime.now(UTC)
        del items[gone]
        monkeypatch.setattr(sources.incremental, "_now", lambda: "2199-01-01T00:00:00Z")
        landing.pull("variations")
        assert landing.rows["variations"][changed]["price"] == "0.99"
        assert landing.changes["variations"] == {gone: "deleted"}


def test_a_long_walk_survives_that_rows_leave_at_every_page() -> None:
    class Leaving(Replay):
        """With each page one of the rows before it goes."""

        def reply(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            del self.tables["customers"][0]
            return super().reply(request, **options)

    store = connect(SHOP)
    rows = [{"id": number, "meta_data": []} for number in range(1, 150 * PER_PAGE)]
    leaving = Leaving({"customers": rows})
    store.http.session.mount("http://", leaving)
    customers = sources.woocommerce.tables_of(store)["customers"]
    seen = [row["id"] for page in customers.read(Window()) for row in page.rows]
    assert {row["id"] for row in leaving.tables["customers"]} <= {*seen}
    assert len(seen) == len({*seen}) > 140 * PER_PAGE
