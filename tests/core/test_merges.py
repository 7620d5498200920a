"""What a system merged itself: one customer, whose orders and keys are not lost."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.reader import HERE
from systems import System
from tests.core.house import House
from tests.core.test_check import rows
from warehouse.overrides import overrule

CRM = System("crm", "hubspot", contract=f"{HERE}/hubspot.odcs.yaml")
AT = "2026-10-01T08:00:00Z"
CONTACTS: dict[str, Any] = {"table": "contacts", "system": CRM, "key": ("id",)}
DEALS = CONTACTS | {"table": "deals"}


@pytest.fixture
def crm(house: House) -> House:
    """Two contacts; the ERP knows the person by the first one's address, a deal is theirs."""
    house.land(*rows(1, name="Ayşe Işık", email="ayse@eski.example"))
    house.land(contact("11", "ayse@eski.example"), contact("12", "ayse@yeni.example"), **CONTACTS)
    deal = {"id": "91", "associations": {"contacts": {"results": [{"id": "11"}]}}}
    values = {"dealname": "Masa", "amount": "100", "dealstage": "closedwon"}
    house.land({**deal, "properties": values, "createdAt": AT, "updatedAt": AT}, **DEALS)
    return house


def contact(number: str, email: str) -> dict[str, Any]:
    values = {"email": email, "firstname": "Ayşe", "lastname": "Işık", "lastmodifieddate": AT}
    return {"id": number, "properties": values, "createdAt": AT, "updatedAt": AT}


def built(house: House) -> list[tuple[Any, ...]]:
    for system in (house.erp, CRM):
        house.check(system)
        house.load(system)
    house.build(house.erp, CRM)
    return house.served(
        "select ids, order_count, customer_id from marts.customer_360 "
        "order by cardinality(ids) desc, customer_id"
    )


def test_the_survivor_takes_over_keys_and_orders(crm: House) -> None:
    first, second = built(crm)
    assert (first[0], first[1]) == ({"crm": ["11"], "erp": ["1"]}, 1)
    assert second[0] == {"crm": ["12"]}
    crm.land(gone=("11",), how="merged into 12", **CONTACTS)
    [one] = built(crm)
    assert one == ({"crm": ["12"], "erp": ["1"]}, 1, first[2])
    [kept] = crm.sql("select email, _change from raw_hubspot.contacts where id = '11'")
    assert kept == ("ayse@eski.example", "merged into 12")


def test_a_chain_of_merges_leads_to_its_end(crm: House) -> None:
    crm.land(contact("13", "ayse@enyeni.example"), **CONTACTS)
    crm.land(gone=("11",), how="merged into 12", **CONTACTS)
    crm.land(gone=("12",), how="merged into 13", **CONTACTS)
    [one] = built(crm)
    assert one[:2] == ({"crm": ["13"], "erp": ["1"]}, 1)


def test_a_merge_into_a_record_that_is_gone_loses_nobody_else(crm: House) -> None:
    crm.land(gone=("11",), how="merged into 12", **CONTACTS)
    crm.land(gone=("12",), **CONTACTS)
    [one] = built(crm)
    assert one[0] == {"erp": ["1"]}


FORMER = "select former_id, customer_id from marts.former_ids"


def test_ids_that_merges_retired_lead_to_who_is_left(crm: House) -> None:
    first, second = built(crm)
    assert crm.served(FORMER) == []
    crm.land(gone=("11",), how="merged into 12", **CONTACTS)
    built(crm)
    assert crm.served(FORMER) == [(second[2], first[2])]
    crm.land(*rows(5, 6, 7, 8, name="Veli Kaya", email="veli@posta.example"))
    others = {row[2] for row in built(crm)} - {first[2]}
    overrule(crm.places, "crm/customers/12", "erp/customers/8", "same", "oya", "a new name")
    [one] = built(crm)
    assert {one[2]} == others
    assert set(crm.served(FORMER)) == {(first[2], one[2]), (second[2], one[2])}


@pytest.fixture
def shop(house: House) -> House:
    """A guest's order, and an account of somebody with another address."""
    house.land(account(5, "hesap@posta.example"), **ACCOUNTS)
    house.land(guest(0), **ORDERS)
    return house


SHOP = System("web", "woocommerce", contract=f"{HERE}/woocommerce.odcs.yaml")
ACCOUNTS: dict[str, Any] = {"table": "customers", "system": SHOP, "key": ("id",)}
ORDERS = ACCOUNTS | {"table": "orders"}


GMT = {"date_created_gmt": AT[:-1], "date_modified_gmt": AT[:-1]}


def account(number: int, email: str) -> dict[str, Any]:
    return {"id": number, "email": email, "first_name": "Oya", "last_name": "Taş", **GMT}


def guest(account: int) -> dict[str, Any]:
    billing = {"email": "misafir@posta.example", "first_name": "O.", "last_name": "T."}
    money = {"currency": "TRY", "total": "5.00", "status": "completed", "line_items": []}
    return {"id": 77, "customer_id": account, "billing": billing, **money, **GMT}


def sold(house: House) -> dict[str, str]:
    problems = [verdict.problem for verdict in house.check(SHOP)]
    assert problems == [None] * len(problems)
    house.load(SHOP)
    house.build(SHOP)
    return dict(house.served("select record, customer_id from identity.customers", "desk.duckdb"))


def test_a_guest_who_is_given_an_account_is_who_has_it(shop: House) -> None:
    """As WooCommerce does with the orders of who registers later."""
    before = sold(shop)
    assert before["web/orders/77"] != before["web/customers/5"]
    shop.land(guest(5), **ORDERS)
    after = sold(shop)
    assert after["web/orders/77"] == after["web/customers/5"]
    [(former, now)] = shop.served(FORMER)
    assert {former, now} == set(before.values())
    [row] = shop.served("select customer_id, email, order_count from marts.customer_360")
    assert row == (now, "hesap@posta.example", 1)
    [change] = shop.served(
        "select former_id, customer_id, change, records from identity.id_changes", "desk.duckdb"
    )
    assert change == (former, now, "merged", 1)


def test_who_ordered_with_an_account_was_never_a_guest(shop: House) -> None:
    shop.land(guest(5), **ORDERS)
    assert set(sold(shop)) == {"web/customers/5"}
