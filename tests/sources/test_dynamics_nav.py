"""Dynamics NAV by its preset: bookmarks, days instead of moments, keys that change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import sources.incremental
import sources.soap
from clients import Denied, Refused
from clients.soap import Soap
from sandbox.nav import COMPANY, PASSWORD, Nav
from sandbox.serving import serving
from systems import Connection, System
from tests import company
from tests.legacy import parsed
from tests.pulled import Landing, contract
from tests.typed_rows import typed_rows

SETTINGS = f"""
[nav]
kind = "soap"
preset = "dynamics_nav"
company = "{COMPANY}"
tables.customers.paging.size = 7
tables.orders.paging.size = 2
"""


@pytest.fixture
def nav() -> Nav:
    people = [replace(c, company="Çınar A.Ş.") for c in company.customers(20)]
    return Nav(people, [replace(o, customer="3") for o in company.orders(9, lines=1)])


@pytest.fixture
def landing(nav: Nav, tmp_path: Path) -> Iterator[Landing]:
    with serving(nav.app()) as url:
        system = system_of(url)
        yield Landing(tmp_path, sources.soap, system, contract("dynamics_nav"))


def system_of(url: str, password: str = PASSWORD) -> System:
    connection = Connection(host=f"{url}/DynamicsNAV", login="kopru", password=password)
    return parsed(SETTINGS).connected(connection)


def test_every_page_is_read_whole_by_bookmarks(landing: Landing, nav: Nav) -> None:
    landing.pull()
    assert {name: reading.error for name, reading in landing.readings.items()} == dict.fromkeys(
        landing.promised.tables
    )
    counts = {name: len(rows) for name, rows in landing.rows.items()}
    assert counts == {"customers": 20, "contacts": 20, "products": 1, "orders": 3, "invoices": 3}
    assert [len(page.rows) for page in landing.pages["customers"]] == [7, 7, 6, 0]


def test_a_list_of_one_line_is_a_list(landing: Landing) -> None:
    landing.pull("orders", "invoices")
    [order, *_] = landing.rows["orders"].values()
    assert [line["Quantity"] for line in order["SalesLines"]["Sales_Order_Line"]] == ["2"]
    orders = typed_rows(landing.promised.tables["orders"], [order])
    assert orders[0]["lines"][0]["total"] == Decimal("25.00")
    invoices = typed_rows(
        landing.promised.tables["invoices"], list(landing.rows["invoices"].values())
    )
    assert all(len(invoice["lines"]) == 1 for invoice in invoices)
    assert invoices[0]["currency"] == "TRY"


def test_a_change_is_known_by_day_and_read_once(
    landing: Landing, nav: Nav, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.pull("customers")
    last = max(c.updated_at for c in nav.customers.values() if c.updated_at)
    nav.customers["2"].updated_at = last + timedelta(days=1)
    nav.customers["2"].phone = "0212"
    landing.pull("customers")
    since = landing.readings["customers"].since
    assert since
    assert datetime.fromisoformat(since) < last - timedelta(days=1)
    read = landing.read("customers")
    assert len(read) == len(set(read)) == 20  # all changed within two days
    assert landing.rows["customers"]["M000002"]["Phone_No"] == "0212"
    monkeypatch.setattr(sources.incremental, "_now", lambda: "2027-01-01T00:00:00Z")
    nav.customers["5"].updated_at = datetime(2026, 12, 30, tzinfo=UTC)
    landing.pull("customers")
    landing.pull("customers")
    assert landing.read("customers") == ["M000005"]


def test_a_deleted_customer_is_found_by_the_sweep(
    landing: Landing, nav: Nav, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.pull("customers")
    del nav.customers["9"]
    monkeypatch.setattr(sources.incremental, "_now", lambda: "2027-01-01T00:00:00Z")
    landing.pull("customers")
    assert landing.changes["customers"] == {"M000009": "deleted"}
    assert landing.readings["customers"].listed == 19


def test_a_posted_order_is_not_a_deleted_one(landing: Landing, nav: Nav) -> None:
    landing.pull("orders", "invoices")
    [open_order, *_] = [o for o in nav.orders.values() if o.status == "processing"]
    open_order.status = "completed"
    landing.pull("orders", "invoices")
    assert landing.changes["orders"] == {}
    assert len(landing.rows["orders"]) == 3
    assert len(landing.rows["invoices"]) == 4


def test_pages_smaller_than_asked_for_lose_nothing(landing: Landing, nav: Nav) -> None:
    nav.faults = ["ignored_size"]
    landing.pull("customers")
    assert len(landing.rows["customers"]) == 20


def test_each_load_goes_on_at_its_bookmark(landing: Landing) -> None:
    loads = 0
    while loads == 0 or not landing.readings["customers"].finished:
        landing.pull("customers", pages_per_load=1)
        loads += 1
    assert loads == 4
    assert len(landing.rows["customers"]) == 20


def test_faults_and_wrong_passwords_say_what_to_do(landing: Landing, nav: Nav) -> None:
    nav.faults = ["fault"]
    landing.pull("products")
    error = landing.readings["products"].error
    assert isinstance(error, Refused)
    assert "The server is stopping" in str(error)
    soap = Soap(system_of(landing.system.connection.url.removesuffix("/DynamicsNAV"), "yanlış"))
    with pytest.raises(Denied, match="answered 401.*Airflow connection 'nav'"):
        soap.check()


def test_a_page_nobody_published_stops_its_table_only(landing: Landing) -> None:
    landing.system.settings["tables"]["contacts"]["wsdl"] = "/WS/{company}/Page/Kisiler"
    landing.pull("contacts", "products")
    assert "answered 404" in str(landing.readings["contacts"].error)
    assert landing.readings["products"].error is None


def test_a_company_nobody_named_is_asked_for(landing: Landing) -> None:
    del landing.system.settings["company"]
    landing.pull("customers")
    error = str(landing.readings["customers"].error)
    assert "names 'company', and no such setting is there" in error
    assert "systems.toml" in error
