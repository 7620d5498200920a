"""Files with no hints in the settings, from the server to typed rows: right in every column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.till import Till
from systems import System
from tests import legacy
from tests.house import House
from tests.sources.test_formats import WHOLE, zipped

FEEDS = """
[feeds]
kind = "files"
contract = "feeds"
directory = "feeds"

[feeds.tables.interactions]
files = "ziyaretler_*.csv"

[feeds.tables.surveys]
files = "anketler_*.csv"

[feeds.tables.marketing_costs]
files = "reklam_*.csv"

[feeds.tables.exchange_rates]
files = "kurlar_*.csv"
combine = { Karsilik = "TRY" }
"""
CALLS = """
[calls]
kind = "files"
contract = "calls"
directory = "feeds"

[calls.tables.interactions]
files = "cagrilar_*.csv"
combine = { Tur = "call" }
"""
BARE = """
[till]
kind = "files"
contract = "till"
directory = "out"

[till.tables.customers]
files = "musteriler_*.csv"
snapshot = true
trailer = "TOPLAM"

[till.tables.order_lines]
files = "satislar_*.csv"
combine = { TarihSaat = "{Tarih} {Saat}" }
trailer = "TOPLAM"
totals = { Tutar = 3 }
"""


@pytest.fixture
def till() -> Till:
    return Till(
        legacy.customers(40), legacy.orders(30), password=legacy.PASSWORD, night=date(2026, 11, 20)
    )


@pytest.fixture
def reached(till: Till) -> Iterator[System]:
    with till.serving() as address:
        yield legacy.till_system(address)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def at(reached: System, text: str) -> System:
    return legacy.parsed(text).connected(reached.connection)


def test_the_first_users_file_without_hints_is_right_in_every_column(
    house: House, reached: System, till: Till
) -> None:
    system = at(reached, BARE)
    assert house.round(system) == []
    assert house.quarantined(system) == []
    customers, lines = house.rows(system, "customers"), house.rows(system, "order_lines")
    assert len(customers) == 40
    for record, customer in till.customers.items():
        row = customers[record]
        assert (row["name"], row["city"], row["phone"]) == (
            customer.name,
            customer.city,
            customer.phone,
        )
        assert row["created_at"] == datetime(2024, 2, 29, 21)  # noqa: DTZ001 - UTC, as DuckDB has it
    for order in till.orders.values():
        for line in order.lines:
            row = lines[f"{order.record}/{line.line}"]
            assert (row["unit_price"], row["total"]) == (line.unit_price, line.total)
            assert row["quantity"] == line.quantity
            assert row["product_name"] == line.product
            assert row["ordered_at"].replace(tzinfo=UTC) == order.ordered_at


def test_feeds_in_five_dialects_come_out_right(house: House, reached: System) -> None:
    feeds, calls = at(reached, FEEDS), at(reached, CALLS)
    assert house.round(feeds) == []
    assert house.round(calls) == []
    assert house.quarantined(feeds) == house.quarantined(calls) == []
    rates = house.rows(feeds, "exchange_rates")
    assert {row["currency"] for row in rates.values()} == {"USD", "EUR", "GBP"}
    for row in rates.values():
        assert (row["day"], row["quote_currency"]) == (date(2026, 11, 20), "TRY")
        assert Decimal(40) < row["rate"] < Decimal(60)
    for row in house.rows(feeds, "marketing_costs").values():
        assert row["amount"] < 9000
        assert 0 <= row["clicks"] < 9000
    surveys = house.rows(feeds, "surveys").values()
    assert {row["kind"] for row in surveys} <= {"nps", "csat", "ces"}
    views = house.rows(feeds, "interactions").values()
    assert {row["kind"] for row in views} == {"visit", "product_view"}
    spoken = house.rows(calls, "interactions").values()
    assert spoken
    assert all(row["kind"] == "call" and row["phone"].startswith("0532") for row in spoken)
    assert {row["outcome"] for row in spoken} <= {"çözüldü", "geri aranacak", "ulaşılamadı"}


def test_e_invoices_in_a_zip_become_typed_invoices(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "faturalar"
    folder.mkdir()
    other = WHOLE.replace("6f1d0f52", "7a1d0f52").replace("KPR2026000000042", "KPR2026000000043")
    (folder / "kasim.zip").write_bytes(zipped({"1.xml": WHOLE.encode(), "2.xml": other.encode()}))
    system = legacy.parsed(
        f'[invoices]\nkind = "files"\ncontract = "ubl"\nformat = "ubl"\nfolder = "{folder}"\n'
        '[invoices.tables.invoices]\nfiles = "*"\nsettle = 0\n'
    )
    assert house.round(system) == []
    rows = house.rows(system, "invoices")
    assert len(rows) == 2
    row = rows["6f1d0f52-4a3c-4c55-9a52-3f0b7c1d9e11"]
    assert (row["net_total"], row["tax_total"], row["payable"]) == (100, 20, 120)
    assert row["issued_at"] == datetime(2026, 11, 20, 20, 30)  # noqa: DTZ001 - UTC, as DuckDB has it
    assert row["customer_tax_number"] == "12345678901"
    assert row["lines"][1]["unit_price"] == 25
    assert row["taxes"][0]["rate"] == 20


def test_a_contract_without_decimal_commas_refuses_the_file_and_says_why(
    house: House, reached: System, tmp_path: Path
) -> None:
    shipped = Path(__file__).parents[2] / "contracts" / "till.odcs.yaml"
    silent = tmp_path / "silent.odcs.yaml"
    text = shipped.read_text(encoding="utf-8")
    silent.write_text(text.replace("{property: decimalComma, value: true}", ""), encoding="utf-8")
    problems = house.round(replace(at(reached, BARE), contract=str(silent)), tables=["order_lines"])
    assert "column BirimFiyat has decimal commas and its contract does not say so" in problems[0]
    assert "decimalComma, value: true" in problems[0]
