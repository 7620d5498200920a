"""What of a landed row may stay when somebody is forgotten, by the contracts that ship."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import contract_of
from systems import System
from warehouse.anonymous import anonymous
from warehouse.person import Person
from warehouse.sought import Met, Sought

AYSE = Person("c_1", (), (), (("email", "ayse@example.com"),), ("ayse@example.com", "ayşe ince"))


def sought(kind: str, name: str) -> Sought:
    table = contract_of(System("it", kind)).tables[name]
    return Sought(name, table, set(), {"4"}, set(), AYSE)


def decided(seeking: Sought, row: Any, *, own: bool) -> Any:
    text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
    found = seeking.decided(Met(0, "1", text, own))
    return json.loads(found) if found else found


def test_a_sale_keeps_what_was_sold_and_nothing_of_who_bought() -> None:
    order = {
        "id": 1004,
        "customer_id": 4,
        "status": "completed",
        "currency": "TRY",
        "total": "25.00",
        "date_created_gmt": "2026-03-01T10:00:00",
        "customer_note": "ring Ayşe İnce",
        "customer_ip_address": "192.0.2.7",
        "transaction_id": "TR-4",
        "billing": {"first_name": "Ayşe", "email": "ayse@example.com", "city": "Muğla"},
        "shipping": {"address_1": "Çınar Sok."},
        "meta_data": [{"key": "vkn", "value": "10000000078"}],
        "line_items": [{"id": 1, "name": "Çay", "sku": "A", "total": "25.00", "meta_data": ["x"]}],
    }
    kept = {
        "id": 1004,
        "status": "completed",
        "currency": "TRY",
        "total": "25.00",
        "date_created_gmt": "2026-03-01T10:00:00",
        "line_items": [{"id": 1, "name": "Çay", "sku": "A", "total": "25.00"}],
    }
    seeking = sought("woocommerce", "orders")
    assert decided(seeking, order, own=True) == kept
    assert decided(seeking, kept, own=True) == kept
    again = json.dumps(kept, ensure_ascii=False)
    assert seeking.table is not None
    assert anonymous(seeking.table, anonymous(seeking.table, again)) == anonymous(
        seeking.table, again
    )


def test_an_account_goes_and_a_sale_that_is_gone_stays_gone() -> None:
    assert decided(sought("woocommerce", "customers"), {"id": 4}, own=True) is None
    assert decided(sought("woocommerce", "customers"), "", own=True) is None
    assert decided(sought("woocommerce", "orders"), "", own=True) == ""


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ({"id": 9, "email": "AYSE@example.com"}, None),
        ({"id": 9, "email": "x@y.z", "note": "of ayse@example.com"}, {"note": "***"}),
        ({"id": 9, "email": "x@y.z", "note": "hi"}, {"note": "hi"}),
    ],
)
def test_of_other_rows_only_what_names_them(row: dict[str, Any], left: Any) -> None:
    found = decided(sought("woocommerce", "customers"), row, own=False)
    assert found == (left and {**row, **left})


def call(*contacts: str) -> dict[str, Any]:
    listed = [{"id": contact} for contact in contacts]
    return {"id": "1", "properties": {}, "associations": {"contacts": {"results": listed}}}


def test_a_call_with_others_stays_theirs() -> None:
    seeking = sought("hubspot", "calls")
    assert decided(seeking, call("4"), own=True) is None
    assert decided(seeking, call("4", "5"), own=True) == call("5")
    assert decided(seeking, call("5"), own=True) == call("5")
