"""The SOAP source through real dlt runs against the sandbox ERP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sources.soap
from clients import ClientError, Refused
from clients.soap import Rejected
from sandbox.erp import Erp
from sandbox.erp import types as erp_types
from sandbox.erp import wire as erp_wire
from sandbox.serving import serving
from tests import legacy
from tests.pulled import Landing, contract


@pytest.fixture
def erp() -> Erp:
    return legacy.erp(40)


@pytest.fixture
def url(erp: Erp) -> Iterator[str]:
    with serving(erp.app()) as url:
        yield url


@pytest.fixture
def landing(url: str, tmp_path: Path) -> Landing:
    return Landing(tmp_path, sources.soap, legacy.soap_system(url), contract("dolibarr"))


def test_the_first_run_reads_every_detail_and_every_order(landing: Landing) -> None:
    landing.pull()
    assert len(landing.rows["customers"]) == 40
    assert landing.rows["customers"]["7"]["email"] == "kisi7@deneme.example"
    assert [len(order["lines"]) for order in landing.rows["orders"].values()] == [2, 3, 1, 2]
    for reading, count in ((landing.readings["customers"], 40), (landing.readings["orders"], 4)):
        assert (reading.claimed, reading.seen, reading.finished) == (count, count, True)


def test_the_second_run_reads_only_its_share_again(landing: Landing, erp: Erp) -> None:
    landing.pull("customers")
    erp.requests = 0
    landing.pull("customers")
    again = landing.read("customers")
    assert len(again) < 10
    assert sorted([*again, *landing.unchanged("customers")]) == sorted(erp.customers)
    assert erp.requests == 2 + len(again)  # WSDL, list, details


def test_a_thin_change_is_seen_at_once_though_its_timestamp_is_old(
    landing: Landing, erp: Erp
) -> None:
    landing.pull("customers").pull("customers")
    erp.change("11", touch=False, phone="0532 999 88 77", email="yeni@deneme.example")
    landing.pull("customers")
    assert "11" in landing.read("customers")
    assert landing.rows["customers"]["11"]["email"] == "yeni@deneme.example"


def test_what_a_thin_row_hides_is_seen_within_as_many_runs_as_it_has_shares(
    landing: Landing, erp: Erp
) -> None:
    landing.system.settings["tables"]["customers"]["detail"]["share"] = 4
    landing.pull("customers")
    for customer in erp.customers.values():
        customer.tax_number = "9876543210"
    seen: list[str] = []
    for _ in range(4):
        landing.pull("customers")
        seen += landing.read("customers")
    assert sorted(seen) == sorted(erp.customers)
    assert {row["profid1"] for row in landing.rows["customers"].values()} == {"9876543210"}


def test_a_full_read_trusts_no_memory(landing: Landing) -> None:
    landing.pull("customers").pull("customers", full=True)
    assert len(landing.read("customers")) == 40


def test_a_deleted_customer_is_neither_read_nor_unchanged(landing: Landing, erp: Erp) -> None:
    landing.pull("customers")
    del erp.customers["5"]
    landing.pull("customers")
    assert "5" not in [*landing.read("customers"), *landing.unchanged("customers")]
    assert landing.readings["customers"].complete


def test_a_broken_table_fails_alone_and_says_why(landing: Landing, erp: Erp) -> None:
    broken = landing.system.settings["tables"]["customers"]
    broken["operation"] = "getInvoices"
    landing.pull()
    assert isinstance(landing.readings["customers"].error, Refused)
    assert "no operation getInvoices" in str(landing.readings["customers"].error)
    assert landing.readings["orders"].error is None
    assert len(landing.rows["orders"]) == 4


def test_one_refused_record_does_not_stop_the_others(
    landing: Landing, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = erp.operations["getThirdParty"]

    def picky(**arguments: str) -> str:
        if arguments["id"] == "17":
            raise erp_wire.Denial("KO", "Kayıt bozuk")
        return whole(**arguments)

    monkeypatch.setitem(erp.operations, "getThirdParty", picky)
    landing.pull("customers")
    assert len(landing.rows["customers"]) == 39
    assert "1 of 40 records cannot be read" in str(landing.readings["customers"].error)
    assert "Kayıt bozuk" in str(landing.readings["customers"].error)
    assert not landing.readings["customers"].finished
    monkeypatch.setitem(erp.operations, "getThirdParty", whole)
    landing.pull("customers")
    assert "17" in landing.read("customers")
    assert landing.readings["customers"].error is None


def test_an_operation_that_is_broken_for_good_stops_its_table_only(
    landing: Landing, erp: Erp
) -> None:
    erp.broken.add("getInvoicesForThirdParty")
    landing.pull("invoices", "orders", "products")
    assert "Unknown column" in str(landing.readings["invoices"].error)
    assert landing.readings["orders"].complete
    assert landing.rows["products"]["KLM-1"]["label"] == "Kalem & <silgi>"


def test_a_short_thin_list_is_read_once_more_in_the_same_run(landing: Landing, erp: Erp) -> None:
    erp.faults = ["short_list"]
    landing.pull("customers")
    assert len(landing.rows["customers"]) == 40
    assert landing.readings["customers"].complete
    assert landing.readings["customers"].repaired == 1
    erp.faults = ["short_list", "short_list"]
    reading = landing.pull("orders").readings["orders"]
    assert (reading.claimed, reading.seen, reading.complete) == (4, 3, False)


def test_what_is_gone_is_found_though_the_list_takes_several_loads(
    landing: Landing, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.soap, "DETAILS", 10)
    landing.pull("customers")
    del erp.customers["5"]
    loads = 0
    while loads == 0 or not landing.readings["customers"].finished:
        landing.pull("customers", pages_per_load=1)
        loads += 1
    assert loads == 4
    assert landing.changes["customers"] == {"5": "deleted"}


def test_a_field_the_wsdl_no_longer_has_stops_the_table(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.pull("orders")
    changed = {**erp_types.ORDER, "billed": "xsd:int"}
    del changed["note_public"]
    monkeypatch.setitem(erp_types.STRUCTS["Order"], "order", changed)
    error = str(landing.pull("orders").readings["orders"].error)
    assert "note_public is gone (it was string)" in error
    assert "billed is int (it was string)" in error


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "tables.orders.operaton",
            "x",
            "tables.orders has operaton, which says nothing.*rows",
        ),
        ("tables.orders.rows", "", "tables.orders has no rows"),
        ("tables.orders.paging", {"by": "seite"}, "paging.by is 'seite'.*offset, page, bookmark"),
        ("tables.orders.paging", {"by": "page"}, "no argument is {page}"),
        ("tables.orders.cursor", "date", "has a cursor, and no argument is {since}"),
        ("tables.orders.arguments", {"idthirdparty": "{who}"}, "uses {who}.*{since}"),
        ("tables.orders.first", "dün", "first is 'dün'.*a moment"),
        ("tables.orders.paging", {"by": "page", "size": "many"}, "size is 'many'.*whole number"),
        ("tables.orders.timezone", "Istanbul", "timezone is 'Istanbul'.*Europe/Istanbul"),
        ("tables.orders.overlap", {"tage": 1}, "overlap is .*days"),
        ("authentication.members.login", "user", "names 'user'.*login, password, extra"),
        ("authentication.username_token", "sha", "username_token is 'sha'.*digest"),
        ("soap", "1.3", "soap is '1.3'"),
        ("result.ko", "x", "result has ko"),
        ("tables.orders.rows", "order", "answers no order. It has result, orders"),
    ],
)
def test_wrong_settings_are_refused_with_what_is_valid(
    landing: Landing, path: str, value: object, words: str
) -> None:
    *above, name = path.split(".")
    spec = landing.system.settings
    for part in above:
        spec = spec[part]
    spec[name] = value  # type: ignore[index]  # a dict, as TOML gives it
    error = landing.pull("orders").readings["orders"].error
    assert isinstance(error, Refused)
    assert re.search(words, str(error))


def test_orders_of_each_customer_come_out_the_same(landing: Landing) -> None:
    landing.pull("orders")
    at_once = dict(landing.rows["orders"])
    landing.rows["orders"].clear()
    spec = landing.system.settings["tables"]["orders"]
    spec.update(each="customers", parent_key="id", arguments={"idthirdparty": "{key}"})
    landing.pull("orders")
    assert landing.rows["orders"] == at_once
    assert landing.readings["orders"].claimed == 4


def test_a_business_error_stops_its_table_only(landing: Landing, erp: Erp) -> None:
    erp.faults = ["business_error"]
    landing.pull()
    errors = [reading.error for reading in landing.readings.values() if reading.error]
    assert [type(error) for error in errors] == [Rejected]
    assert isinstance(errors[0], ClientError)


def test_our_own_line_does_not_come_back_as_news(landing: Landing, erp: Erp) -> None:
    erp.members["3"] = {"note_public": "Arayın\n[Köprü] value=high"}
    landing.pull("customers")
    assert landing.rows["customers"]["3"]["note_public"] == "Arayın"


def test_a_table_nobody_configured_is_refused_by_name(landing: Landing) -> None:
    del landing.system.settings["tables"]["orders"]
    with pytest.raises(Refused, match="promises orders, and nothing says how to read it"):
        landing.pull()
