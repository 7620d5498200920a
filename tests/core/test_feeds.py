"""Rows that know a person only by an e-mail, a telephone, a tax number or an order reach the
customer; amounts reach the company's currency."""

from __future__ import annotations

from typing import Any

import pytest

from company import Company
from systems import System
from tests.core import feeds
from tests.core.feeds import CRM, ERP, SHOP, WEB, build_it, gone, person, put, rate, sale
from tests.core.house import House
from warehouse.build import build

AT = "2026-05-01T09:00:00Z"
VKN = "1234567808"


def keys(house: House) -> dict[str, str]:
    """Customer id -> the ERP's key of it."""
    return dict(house.sql("select customer_id, ids['erp'][1] from marts.customer_360"))


def who(house: House, table: str, key: str) -> dict[str, str | None]:
    """Of each row of a mart: the ERP's key of its customer."""
    known = keys(house)
    rows = house.sql(f"select {key}, customer_id from marts.{table} order by all")
    return {name: known.get(customer) for name, customer in rows}


@pytest.fixture
def company(house: House) -> House:
    """1 and 2 share a telephone; 3 has a tax number; info@ is of 4, and a role."""
    put(
        house,
        ERP,
        "customers",
        person(1),
        person(2, phone="0532 000 10 01"),
        person(3, tax_number=VKN),
        person(4, email="info@a.tr"),
    )
    put(house, ERP, "orders", sale(1, 3, "10.00", "2026-05-01"))
    return house


def event(number: int, **values: Any) -> dict[str, Any]:
    return {"interaction_id": f"E{number}", "kind": "visit", "occurred_at": AT, **values}


def test_a_row_belongs_to_whom_its_contact_values_belong(company: House) -> None:
    put(
        company,
        WEB,
        "interactions",
        event(1, email=" K1@A.TR "),
        event(2, phone="+90 532 000 10 03"),
        event(3, phone="0532 000 10 01"),  # two customers have it
        event(4, email="info@a.tr"),  # strangers share it
        event(5, email="nobody@a.tr"),
        event(6, visitor_id="v1"),
        event(7, email="k2@a.tr", phone="0532 000 10 03"),  # an e-mail says more than a telephone
    )
    put(company, ERP, "interactions", event(8, customer_key="K4", email="k1@a.tr"))
    build_it(company)
    assert who(company, "interactions", "interaction_key") == {
        "E1": "K1",
        "E2": "K3",
        "E3": None,
        "E4": None,
        "E5": None,
        "E6": None,
        "E7": "K2",
        "E8": "K4",
    }


def test_a_row_belongs_to_whom_its_order_or_tax_number_belongs(company: House) -> None:
    answer = {"kind": "NPS", "score": "9", "answered_at": AT}
    put(company, ERP, "surveys", {"survey_id": "A1", "order_id": "S1", **answer})
    bill = {"total": "20.00", "currency": "TRY", "status": "open", "issued_at": AT}
    put(company, WEB, "invoices", {"invoice_id": "F1", "customer_tax_number": VKN, **bill})
    put(company, ERP, "carts", {"cart_id": "C1", "order_id": "S1", "email": "k1@a.tr"})
    build_it(company)
    assert who(company, "surveys", "survey_key") == {"A1": "K3"}
    assert who(company, "invoices", "invoice_key") == {"F1": "K3"}
    assert who(company, "carts", "cart_key") == {"C1": "K3"}


def test_a_tool_may_write_the_numbers_of_another_system(
    company: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(company, WEB, "surveys", {"survey_id": "A1", "order_id": "S1", "answered_at": AT})
    put(company, WEB, "carts", {"cart_id": "C1", "customer_key": "K2"})
    build_it(company)
    assert who(company, "surveys", "survey_key") == {"A1": None}
    tool = System("web", "files", contract="canonical", settings={"keys_of": "erp"})
    monkeypatch.setattr(feeds, "SYSTEMS", (ERP, tool))
    build_it(company)
    assert who(company, "surveys", "survey_key") == {"A1": "K3"}
    assert who(company, "surveys", "order_id") == {"erp/orders/S1": "K3"}
    assert who(company, "carts", "cart_key") == {"C1": "K2"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"keys_of": "till"}, "keys_of is 'till'; valid are the systems erp, web"),
        ({"trust": "much"}, "trust must be a whole number, not 'much'"),
    ],
)
def test_what_a_system_cannot_be_is_refused(
    house: House, settings: dict[str, str], said: str
) -> None:
    web = System("web", "files", contract="canonical", settings=settings)
    with pytest.raises(ValueError, match=said):
        build(house.places, [ERP, web])


def test_rows_of_a_system_that_is_no_more_stay(company: House) -> None:
    put(company, WEB, "interactions", event(1, email="k1@a.tr"))
    build_it(company)
    build(company.places, [ERP])
    assert who(company, "interactions", "interaction_key") == {"E1": "K1"}


def test_a_row_finds_its_customer_when_the_customer_comes_later(company: House) -> None:
    put(company, WEB, "interactions", event(1, email="k9@a.tr"))
    build_it(company)
    assert who(company, "interactions", "interaction_key") == {"E1": None}
    put(company, ERP, "customers", person(9))
    build_it(company)
    assert who(company, "interactions", "interaction_key") == {"E1": "K9"}
    put(company, ERP, "customers", person(9, email="other@a.tr"))
    build_it(company)
    assert who(company, "interactions", "interaction_key") == {"E1": None}
    gone(company, WEB, "interactions", "E1")
    build_it(company)
    assert who(company, "interactions", "interaction_key") == {}


def test_what_the_crm_and_the_shop_know_of_people_is_there_too(house: House) -> None:
    stamps = {"createdAt": AT, "updatedAt": AT}
    people = [
        {"id": str(n), "properties": {"email": f"k{n}@a.tr", "firstname": f"Ad{n}"}, **stamps}
        for n in (1, 2)
    ]
    put(house, CRM, "contacts", *people)
    put(house, ERP, "customers", person(1), person(2))
    both = {"contacts": {"results": [{"id": "1"}, {"id": "2"}]}}
    call = {"hs_timestamp": AT, "hs_call_direction": "INBOUND", "hs_call_duration": "61000"}
    put(house, CRM, "calls", {"id": "7", "properties": call, "associations": both, **stamps})
    mail = {"hs_timestamp": AT, "hs_email_direction": "EMAIL", "hs_email_subject": "Teklif"}
    put(house, CRM, "emails", {"id": "8", "properties": mail, **stamps})
    stages = [
        {"id": "1", "label": "Yeni", "metadata": {"isClosed": "false"}},
        {"id": "4", "label": "Bitti", "metadata": {"isClosed": "true"}},
    ]
    pipeline = {"objectType": "tickets", "id": "0", "label": "Destek", "stages": stages}
    put(house, CRM, "pipelines", pipeline)
    tickets = [
        {
            "id": f"t{stage}",
            "properties": {"hs_pipeline": "0", "hs_pipeline_stage": stage},
            "associations": {"contacts": {"results": [{"id": "1"}]}},
            **stamps,
        }
        for stage in ("1", "4")
    ]
    put(house, CRM, "tickets", *tickets)
    cart = {
        "id": "gid://shopify/AbandonedCheckout/5",
        "customer": {"defaultEmailAddress": {"emailAddress": "k2@a.tr"}},
        "totalPriceSet": {"shopMoney": {"amount": "30.00", "currencyCode": "TRY"}},
        **stamps,
    }
    put(house, SHOP, "abandoned_checkouts", cart)
    build_it(house)
    known = keys(house)
    found = house.sql(
        """select interaction_key, kind, direction, duration_seconds, customer_id
            from marts.interactions order by interaction_id"""
    )
    assert [(*row[:4], known.get(row[4])) for row in found] == [
        ("7", "call", "in", 61, "K1"),
        ("7", "call", "in", 61, "K2"),
        ("8", "email", "out", None, None),
    ]
    assert house.sql("select ticket_key, status, is_open from marts.tickets order by all") == [
        ("t1", "Yeni", True),
        ("t4", "Bitti", False),
    ]
    assert set(who(house, "tickets", "ticket_key").values()) == {"K1"}
    assert who(house, "carts", "is_bought") == {False: "K2"}


def test_orders_are_worth_what_the_last_rate_before_them_says(house: House) -> None:
    put(house, ERP, "customers", person(1))
    put(
        house,
        WEB,
        "exchange_rates",
        rate("2026-05-02", "USD", "40.00"),
        rate("2026-05-05", "USD", "41.2345"),
        rate("2026-05-02", "EUR", "50.00"),
    )
    usd = {"currency": "USD"}
    put(
        house,
        ERP,
        "orders",
        sale(1, 1, "12.50", "2026-01-01"),
        sale(2, 1, "10.00", "2026-05-01", **usd),  # no rate yet
        sale(3, 1, "10.00", "2026-05-02", **usd),
        sale(4, 1, "10.00", "2026-05-04", **usd),
        sale(5, 1, "10.00", "2026-11-20", **usd),
        sale(6, 1, "10.00", "2026-05-06", currency="GBP"),
        sale(7, 1, "3.00", "2026-05-06", currency="EUR"),
    )
    build_it(house)
    query = "select order_key, total_company::varchar from marts.orders order by all"
    assert house.sql(query) == [
        ("S1", "12.50"),
        ("S2", None),
        ("S3", "400.00"),
        ("S4", "400.00"),
        ("S5", "412.35"),  # 412.345
        ("S6", None),
        ("S7", "150.00"),
    ]
    lacking = """select currency, order_count, amount::varchar, first_order_on::varchar
        from metrics.unpriced_orders order by all"""
    assert house.sql(lacking) == [
        ("GBP", 1, "10.00", "2026-05-06"),
        ("USD", 1, "10.00", "2026-05-01"),
    ]
    put(house, WEB, "exchange_rates", rate("2026-04-30", "USD", "39.00"))
    build_it(house)
    assert house.sql(query)[1] == ("S2", "390.00")


def test_a_company_in_another_currency_crosses_rates(house: House) -> None:
    put(house, ERP, "customers", person(1))
    put(
        house,
        WEB,
        "exchange_rates",
        rate("2026-05-02", "USD", "40.00"),
        rate("2026-05-02", "EUR", "50.00"),
        rate("2026-05-03", "USD", "0.90", "EUR"),
    )
    put(
        house,
        ERP,
        "orders",
        sale(1, 1, "100.00", "2026-05-02"),
        sale(2, 1, "10.00", "2026-05-02", currency="USD"),
        sale(3, 1, "10.00", "2026-05-03", currency="USD"),
        sale(4, 1, "10.00", "2026-05-03", currency="EUR"),
    )
    cost = {"day": "2026-05-02", "channel": "google", "campaign": "-", "currency": "USD"}
    put(house, WEB, "marketing_costs", {**cost, "amount": "5.00"})
    build_it(house, Company("EUR"))
    query = "select order_key, total_company::varchar from marts.orders order by all"
    assert house.sql(query) == [("S1", "2.00"), ("S2", "8.00"), ("S3", "9.00"), ("S4", "10.00")]
    costs = "select amount_company::varchar from marts.marketing_costs"
    assert house.sql(costs) == [("4.00",)]
    build_it(house)  # in TRY after all
    assert house.sql(query)[0] == ("S1", "100.00")
    assert house.sql(costs) == [("200.00",)]


def test_of_an_invoice_what_is_not_paid_is_open(house: House) -> None:
    put(house, ERP, "customers", person(1))
    bill = {"customer_key": "K1", "currency": "TRY", "total": "100.00", "issued_at": AT}
    put(
        house,
        ERP,
        "invoices",
        {"invoice_id": "F1", "due_date": "2026-11-19", **bill},
        {"invoice_id": "F2", "due_date": "2026-11-20", **bill},
        {"invoice_id": "F3", "due_date": "2026-05-01", "status": "paid", **bill},
        {"invoice_id": "F4", "due_date": "2026-05-01", "type": "IADE", **bill},
        {"invoice_id": "F5", "due_date": "2026-05-01", **{**bill, "payable": "60.00"}},
    )
    put(house, WEB, "invoices", {"invoice_id": "F6", "customer_email": "k1@a.tr", **bill})
    paid = {"customer_key": "K1", "currency": "TRY", "paid_at": AT}
    put(
        house,
        ERP,
        "payments",
        {"payment_id": "P1", "invoice_id": "F1", "amount": "30.00", **paid},
        {"payment_id": "P2", "invoice_id": "F1", "amount": "20.50", **paid},
        {"payment_id": "P3", "invoice_id": "F5", "amount": "60.00", **paid},
    )
    build_it(house)
    query = """select invoice_key, open_amount::varchar, is_overdue from marts.invoices
        order by all"""
    assert house.sql(query) == [
        ("F1", "49.50", True),
        ("F2", "100.00", False),  # due on the day of the build
        ("F3", "0.00", False),
        ("F4", "-100.00", False),
        ("F5", "0.00", False),
        ("F6", None, None),  # that system tells of no payment
    ]
