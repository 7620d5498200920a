"""Walks longer than a search may answer, many changes in one instant, deals and their contacts."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import clients.hubspot
import sources.hubspot
import sources.hubspot.search
from sources import Window
from tests import company
from tests.kinds import KINDS, Running
from tests.pulled import contract

HUBSPOT = next(kind for kind in KINDS if kind.name == "hubspot")
EARLY = Window(since="2026-01-01T00:00:00Z")


@pytest.fixture
def running() -> Iterator[Running]:
    with HUBSPOT.running(customers=330, orders=40) as served:
        yield served


@pytest.fixture
def _small_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of 20 that end after 100, instead of 200 and 10,000."""
    monkeypatch.setattr(sys.modules["sandbox.hubspot.search"], "CAP", 100)
    monkeypatch.setattr(sources.hubspot.search, "SEARCH_CAP", 100)
    monkeypatch.setattr(sources.hubspot.search, "SEARCH_LIMIT", 20)


def pages(running: Running, name: str, window: Window) -> list[Any]:
    crm = clients.hubspot.connect(running.system, sleep=lambda seconds: None)
    table = sources.hubspot.tables_of(crm, contract("hubspot"))[name]
    return list(table.read(window))


def numbers(found: list[Any]) -> list[int]:
    return [int(row["id"]) for page in found for row in page.rows]


@pytest.mark.usefixtures("_small_searches")
def test_a_walk_beyond_the_cap_starts_again_at_the_last_change(running: Running) -> None:
    found = pages(running, "contacts", EARLY)
    assert set(numbers(found)) == set(range(1, 331))
    assert len(numbers(found)) < 345
    assert {page.claimed for page in found} == {330}


@pytest.mark.usefixtures("_small_searches")
@pytest.mark.parametrize("first", [1, 51, 101])
def test_more_changes_in_one_instant_than_a_search_answers(running: Running, first: int) -> None:
    customers = running.store.customers
    for number in range(first, first + 230):
        customers[str(number)].updated_at = customers[str(first)].updated_at
    soon = customers["330"], customers["1" if first > 1 else "329"]
    for customer, later in zip(soon, (1, 2), strict=True):
        moment = customers[str(first)].updated_at
        customer.updated_at = moment + timedelta(milliseconds=later)
    found = pages(running, "contacts", EARLY)
    assert set(numbers(found)) == set(range(1, 331))
    assert len(numbers(found)) < 330 + 2 * 100 + 20


@pytest.mark.usefixtures("_small_searches")
def test_any_position_of_a_long_walk_can_be_taken_up(running: Running) -> None:
    seen: set[int] = set()
    window = EARLY
    for _ in range(60):
        crm = clients.hubspot.connect(running.system, sleep=lambda seconds: None)
        contacts = sources.hubspot.tables_of(crm, contract("hubspot"))["contacts"]
        page = next(iter(contacts.read(window)))
        seen |= {int(row["id"]) for row in page.rows}
        if page.position is None:
            break
        window = Window(since=EARLY.since, position=json.loads(json.dumps(page.position)))
    assert seen == set(range(1, 331))


def test_searches_ask_from_the_very_millisecond(running: Running) -> None:
    customer = running.store.customers["300"]
    customer.updated_at = company.START + timedelta(days=90, milliseconds=7)
    assert numbers(pages(running, "contacts", Window(since="2026-05-30T10:00:00Z"))) == [300]
    assert numbers(pages(running, "contacts", Window(since="2026-05-30T10:00:01Z"))) == []


def test_deals_know_their_contacts_listed_or_searched(running: Running) -> None:
    listed = {r["id"]: r for p in pages(running, "deals", Window()) for r in p.rows}
    searched = {r["id"]: r for p in pages(running, "deals", EARLY) for r in p.rows}
    assert listed == searched
    linked = {
        n: [c["id"] for c in r["associations"]["contacts"]["results"]] for n, r in listed.items()
    }
    orders = running.store.orders
    assert linked == {n: [o.customer] if o.customer else [] for n, o in orders.items()}
    assert len(linked) == 40


def test_every_property_is_read_but_ours_and_the_empty_ones(running: Running) -> None:
    for name in ("favourite_tea", "kopru_tier"):
        more = {"label": "x", "type": "string", "fieldType": "text"}
        group = next(iter(running.store.schemas["contacts"].groups))
        running.store.schemas["contacts"].create({"name": name, "groupName": group, **more})
    running.store.given["5"] = {"kopru_tier": "gold", "favourite_tea": "bergamot"}
    row = next(r for p in pages(running, "contacts", Window()) for r in p.rows if r["id"] == "5")
    assert "date_of_birth" not in row["properties"]
    assert row["properties"]["favourite_tea"] == "bergamot"
    assert row["properties"]["hs_email_optout"] == "true"
    assert "kopru_tier" not in row["properties"]


def test_links_are_read_while_the_list_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with HUBSPOT.running(customers=250, orders=0) as running:
        crm = clients.hubspot.connect(running.system)
        second, pages, linked = threading.Event(), crm.page, crm.associated

        def page(kind: str, names: Any, after: str | None, **more: Any) -> Any:
            if after and not more.get("archived"):
                second.set()
            return pages(kind, names, after, **more)

        def associated(*asked: Any) -> Any:
            assert second.wait(timeout=20), "the list waits for the links of its first page"
            return linked(*asked)

        monkeypatch.setattr(crm, "page", page)
        monkeypatch.setattr(crm, "associated", associated)
        contacts = sources.hubspot.tables_of(crm, running.contract)["contacts"]
        read = list(contacts.read(Window()))
    assert len([row for page in read for row in page.rows]) == read[-1].claimed == 250
    assert all("associations" in row for page in read for row in page.rows)
