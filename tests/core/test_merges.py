"""What a system merged itself: one customer, whose orders and keys are not lost."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.reader import HERE
from systems import System
from tests.core.house import House
from tests.core.test_check import rows

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
