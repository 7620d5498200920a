"""What one row per customer says, on companies small enough to be reckoned by hand."""

from __future__ import annotations

from typing import Any

import pytest

from systems import System
from tests.core import feeds
from tests.core.feeds import CRM, ERP, SHOP, WEB, build_it, person, put, rate, sale
from tests.core.house import House

AT = "2026-05-01T09:00:00Z"


def row(house: House, columns: str, key: str = "K1") -> tuple[Any, ...]:
    """Of the customer whom the ERP knows by that key; amounts as texts."""
    [found] = house.sql(
        f"select {columns} from marts.customer_360 where list_contains(ids['erp'], '{key}')"
    )
    return tuple(
        {k: str(v) for k, v in value.items()} if isinstance(value, dict) else value
        for value in found
    )


def test_what_they_bought(house: House) -> None:
    put(house, ERP, "customers", person(1), person(2))
    put(house, WEB, "customers", person(1))
    put(house, WEB, "exchange_rates", rate("2026-01-01", "USD", "40.00"))
    usd = {"currency": "USD"}
    put(
        house,
        ERP,
        "orders",
        sale(1, 1, "100.00", "2024-03-01"),
        sale(2, 1, "5.00", "2025-12-31", **usd),  # before the first rate
        sale(3, 1, "10.00", "2026-02-01", **usd),
        sale(4, 1, "30.00", "2026-03-01"),
        sale(5, 1, "999.00", "2026-04-01", status="cancelled"),
    )
    edges = {"customer_key": "K1", "currency": "TRY", "total": "1.00"}
    put(
        house,
        WEB,
        "orders",
        {"order_id": "W1", "ordered_at": "2025-11-20T12:00:00Z", **edges},
        {"order_id": "W2", "ordered_at": "2025-11-20T12:00:01Z", **edges},
        {"order_id": "W3", "ordered_at": "2026-11-20T12:00:00Z", **edges},
    )
    lines = [("S1", "A", "3"), ("S4", "B", "2"), ("W2", "A", "1"), ("S5", "B", "90")]
    for order, product, quantity in lines:
        system = WEB if order == "W2" else ERP
        line = {"order_id": order, "line_id": "1", "product_id": product, "quantity": quantity}
        put(house, system, "order_lines", line)
    put(
        house,
        ERP,
        "products",
        {"product_id": "A", "category": "Halı"},
        {"product_id": "B", "category": "Kilim"},
    )
    put(house, ERP, "refunds", {"refund_id": "R1", "order_id": "S4", "amount": "7.50", **usd})
    build_it(house)
    assert row(house, "order_count, order_count_12m, unpriced_order_count") == (7, 5, 1)
    assert row(house, "revenue, revenue_12m") == (
        {"TRY": "133.00", "USD": "15.00"},
        {"TRY": "32.00", "USD": "15.00"},
    )
    company = "revenue_company::varchar, revenue_company_12m::varchar"
    assert row(house, company) == ("533.00", "432.00")  # 133 and 10 USD; 32 and 10 USD
    assert row(house, "average_basket_company::varchar") == ("88.83",)  # 533 / 6
    assert row(house, "first_order_on::varchar, first_order_channel") == ("2024-03-01", "store")
    assert row(house, "last_order_on::varchar, last_order_channel") == ("2026-11-20", "online")
    assert row(house, "channels, is_omnichannel") == (["online", "store"], True)
    assert row(house, "favourite_shop, favourite_category") == ("erp", "Halı")
    assert row(house, "refund_count, refunded") == (1, {"USD": "7.50"})
    nothing = "order_count, revenue, revenue_company, channels, favourite_shop, refund_count"
    assert row(house, nothing, "K2") == (0, None, None, [], None, 0)


def test_what_they_owe_said_and_did(house: House) -> None:
    put(house, ERP, "customers", person(1), person(2))
    bill = {"customer_key": "K1", "currency": "TRY", "status": "open", "issued_at": AT}
    put(
        house,
        ERP,
        "invoices",
        {"invoice_id": "F1", "total": "100.00", "due_date": "2026-11-01", **bill},
        {"invoice_id": "F2", "total": "40.00", "due_date": "2026-12-01", **bill},
        {"invoice_id": "F3", "total": "9.00", "due_date": "2026-10-01", **bill, "type": "IADE"},
        {"invoice_id": "F4", "total": "5.00", "due_date": "2026-09-01", **bill, "status": "paid"},
        {"invoice_id": "F5", "total": "8.00", "due_date": None, **bill, "currency": "EUR"},
    )
    mine = {"email": "k1@a.tr", "phone": None}
    cart = {"updated_at": AT, "currency": "TRY", "total": "3.00"}
    put(
        house,
        WEB,
        "carts",
        {"cart_id": "C1", **cart, **mine},
        {"cart_id": "C2", **cart, **mine, "order_id": "S9"},
    )
    events = [("E1", "visit"), ("E2", "product_view"), ("E3", "product_view"), ("E4", "call")]
    happened = {"occurred_at": AT, "channel": "google", **mine}
    put(
        house,
        WEB,
        "interactions",
        *({"interaction_id": i, "kind": k, **happened} for i, k in events),
    )
    late = {**happened, "kind": "call", "direction": "out", "occurred_at": "2026-06-01T09:00:00Z"}
    yet = {**happened, "kind": "meeting", "occurred_at": "2026-11-20T12:00:01Z"}
    put(
        house,
        WEB,
        "interactions",
        {"interaction_id": "E5", **late},
        {"interaction_id": "E6", **yet},
    )
    answers = [("A1", "nps", 3, 1), ("A2", "NPS", 9, 3), ("A3", "nps", 5, 2), ("A4", "csat", 4, 1)]
    for key, kind, score, day in answers:
        said = {"kind": kind, "score": str(score), "answered_at": f"2026-05-0{day}T09:00:00Z"}
        put(house, WEB, "surveys", {"survey_id": key, **said, **mine})
    build_it(house)
    assert row(house, "receivable, overdue, oldest_due_on::varchar") == (
        {"EUR": "8.00", "TRY": "131.00"},  # 100 + 40 - 9
        {"TRY": "100.00"},
        "2026-11-01",
    )
    assert row(house, "abandoned_cart_count, product_view_count, support_call_count") == (1, 2, 1)
    assert row(house, "nps::double, csat::double, ces::double") == (9, 4, None)
    last = "last_touch_at::varchar, last_touch_kind, last_touch_channel"
    assert row(house, last) == ("2026-06-01 09:00:00", "call", "google")
    assert row(house, last, "K2") == (None, None, None)
    zeros = "abandoned_cart_count, product_view_count, support_call_count, open_ticket_count"
    assert row(house, zeros, "K2") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        # (source, granted, day); None: no date
        ([], False),
        ([("form", True, 1)], True),
        ([("form", True, 1), ("form", False, 2)], False),
        ([("form", False, 1), ("form", True, 2)], True),
        ([("iys", False, 1), ("form", True, 2)], False),
        ([("iys", False, 1), ("form", True, 2), ("iys", True, 3)], True),
        ([("form", True, 1), ("form", False, 1)], False),
        ([("form", False, None), ("form", True, None)], False),
        ([("form", False, 1), ("form", True, None)], False),
        ([("form", False, None), ("form", True, 1)], True),
    ],
)
def test_a_no_is_lifted_by_its_own_source_only(
    house: House, said: list[tuple[str, bool, int | None]], may: bool
) -> None:
    put(house, ERP, "customers", person(1))
    for number, (source, granted, day) in enumerate(said):
        decided = {"decided_at": day and f"2026-05-0{day}T09:00:00Z", "granted": granted}
        about = {"channel": "sms", "recipient": "+90 532 000 10 01", "source": source}
        put(house, WEB, "consents", {"consent_id": str(number), **about, **decided})
    build_it(house)
    assert row(house, "consent_sms, consent_email, consent_call") == (may, False, False)


def test_what_records_say_of_consent_counts_for_the_whole_customer(house: House) -> None:
    put(house, ERP, "customers", person(1, consent_email="true", consent_sms="true"))
    put(house, ERP, "customers", person(2, consent_email="true"))
    put(house, ERP, "customers", person(3))
    put(house, ERP, "customers", person(4, consent_email="true"))
    put(house, WEB, "customers", person(1, consent_email="false"))
    stamps = {"createdAt": AT, "updatedAt": AT}
    for number, optout in ((2, "true"), (3, "false"), (4, "false")):
        mail = {"email": f"k{number}@a.tr", "hs_email_optout": optout}
        put(house, CRM, "contacts", {"id": str(number), "properties": mail, **stamps})
    mail = {"emailAddress": "k4@a.tr", "marketingState": "NOT_SUBSCRIBED"}
    shop = {"id": "gid://shopify/Customer/4", "defaultEmailAddress": mail, **stamps}
    put(house, SHOP, "customers", shop)
    build_it(house)
    assert row(house, "consent_email, consent_sms") == (False, True)
    assert row(house, "consent_email", "K2") == (False,)  # who opted out at HubSpot
    assert row(house, "consent_email", "K3") == (False,)  # not to have opted out is no yes
    assert row(house, "consent_email", "K4") == (True,)  # never to have been asked is no no


def test_which_value_wins_and_why(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = {"updated_at": "2026-01-01T00:00:00Z"}, {"updated_at": "2026-02-01T00:00:00Z"}
    mine = {"name": "Ad1 Soyad1", "email": "k1@a.tr", "phone": None}
    put(house, ERP, "customers", person(1, **{**mine, **old, "city": "Bursa", "company": "Köprü"}))
    put(house, WEB, "customers", person(1, **{**mine, **new, "city": "İzmir", "phone": "0532 1"}))
    put(house, ERP, "customers", person(2, **old), person(3, **old))
    put(house, WEB, "customers", person(3, **{**old, "city": "Van", "phone": "0532 000 10 03"}))
    put(house, ERP, "customers", person(3, **{**old, "city": "Muş", "phone": "+905320001003"}))
    build_it(house)
    query = """select field, value, rule, [one.value for one in losers]
        from marts.customer_fields where customer_id = (
            select customer_id from marts.customer_360 where ids['erp'] = ['{}']
        ) order by all"""
    assert house.sql(query.format("K1")) == [
        ("city", "İzmir", "newest", ["Bursa"]),
        ("company", "Köprü", "only value", []),
        ("email", "k1@a.tr", "all agree", []),
        ("name", "Ad1 Soyad1", "all agree", []),
        ("phone", "0532 1", "only value", []),
    ]
    assert house.sql(query.format("K2")) == []
    assert [one for one in house.sql(query.format("K3")) if one[3]] == [
        ("city", "Van", "last record", ["Muş"]),
        ("phone", "0532 000 10 03", "last record", ["+905320001003"]),
    ]
    assert row(house, "city, company, phone") == ("İzmir", "Köprü", "0532 1")
    assert row(house, "city, phone", "K2") == (None, "0532 000 10 02")
    # a system that is trusted more wins though it is older, and a number that can be read over one
    # that cannot
    trusted = System("erp", "files", contract="canonical", settings={"trust": 1})
    monkeypatch.setattr(feeds, "SYSTEMS", (trusted, WEB, CRM, SHOP))
    put(house, ERP, "customers", person(1, **{**mine, **old, "city": "Bursa", "phone": "12"}))
    put(
        house,
        WEB,
        "customers",
        person(1, **{**mine, **new, "city": "İzmir", "phone": "05321112233"}),
    )
    build_it(house)
    won = {field: (value, rule) for field, value, rule, _ in house.sql(query.format("K1"))}
    assert won["city"] == ("Bursa", "trusted system")
    assert won["phone"] == ("05321112233", "readable")


def test_an_account_says_more_than_a_guest(house: House) -> None:
    put(house, ERP, "customers", person(1, updated_at="2024-01-01T00:00:00Z", city="Bursa"))
    order = {
        "id": "gid://shopify/Order/1",
        "email": "k1@a.tr",
        "billingAddress": {"name": "AD1 S."},
        "processedAt": AT,
        "createdAt": AT,
        "updatedAt": AT,
        "currentTotalPriceSet": {"shopMoney": {"amount": "5.00", "currencyCode": "TRY"}},
        "displayFinancialStatus": "PAID",
    }
    put(house, SHOP, "orders", order)
    build_it(house)
    found = house.sql("select value, rule from marts.customer_fields where field = 'name'")
    assert found == [("Ad1 Soyad1", "account over guest")]
    assert row(house, "name, order_count") == ("Ad1 Soyad1", 1)


def test_scores_are_quintiles_in_which_equals_are_equal(house: House) -> None:
    """Ten customers; n of them bought n times, for n lira each, the last on the nth of May."""
    put(house, ERP, "customers", *(person(n) for n in range(1, 11)))
    number = 0
    for n in range(1, 11):
        for time in range(1 if n <= 6 else n):  # six bought once
            number += 1
            put(
                house,
                ERP,
                "orders",
                sale(number, n, f"{n}.00", f"2026-05-{n if not time else 1:02}"),
            )
    build_it(house)
    query = """select ids['erp'][1][2:]::int as n, recency_score, frequency_score, monetary_score
        from marts.customer_360 order by n"""
    found = {n: scores for n, *scores in house.sql(query)}
    # limits: the 2nd, 4th, 6th and 8th of ten; of the counts 1, 1, 1 and 8
    assert [found[n][0] for n in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [found[n][1] for n in range(1, 11)] == [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]
    assert [found[n][2] for n in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    classes = [row(house, "rfm_class", f"K{n}")[0] for n in (1, 4, 5, 7, 10)]
    assert classes == ["dormant", "dormant", "needs attention", "champion", "champion"]


@pytest.mark.parametrize(
    ("days", "rhythm", "risk"),
    [
        (["2026-11-01"], None, None),
        (["2026-11-01", "2026-11-01"], None, None),
        (["2026-10-31", "2026-11-10"], 10, "low"),  # silent for 10 days
        (["2026-10-26", "2026-11-05"], 10, "low"),  # for 15
        (["2026-10-25", "2026-11-04"], 10, "medium"),  # for 16
        (["2026-10-11", "2026-10-21"], 10, "medium"),  # for 30
        (["2026-10-10", "2026-10-20"], 10, "high"),  # for 31
        (["2026-10-01", "2026-10-02", "2026-10-21"], 10, "medium"),
    ],
)
def test_who_is_silent_for_longer_than_usual_is_at_risk(
    house: House, days: list[str], rhythm: int | None, risk: str | None
) -> None:
    put(house, ERP, "customers", person(1))
    put(house, ERP, "orders", *(sale(n, 1, "1.00", day) for n, day in enumerate(days)))
    build_it(house)
    assert row(house, "rhythm_days, churn_risk") == (rhythm, risk)


def test_ages_are_classes_on_the_day_of_the_build(house: House) -> None:
    born = {
        1: ("2008-11-21", "under 18"),  # is 18 tomorrow
        2: ("2008-11-20", "18 to 24"),
        3: ("2001-11-21", "18 to 24"),
        4: ("1961-11-21", "55 to 64"),
        5: ("1961-11-20", "65 and over"),
        6: (None, None),
    }
    people = [person(n, birth_date=day, gender="K") for n, (day, _) in born.items()]
    put(house, ERP, "customers", *people)
    build_it(house)
    for number, (_, age) in born.items():
        assert row(house, "age_class, gender", f"K{number}") == (age, "K")


def test_the_timeline_tells_everything_in_order(house: House) -> None:
    put(house, ERP, "customers", person(1))

    def on(day: int) -> str:
        return f"2026-05-{day:02}T09:00:00Z"

    mine, lira = {"email": "k1@a.tr"}, {"currency": "TRY"}
    event = {"interaction_id": "E1", "kind": "visit", "occurred_at": on(1), "channel": "google"}
    put(house, WEB, "interactions", {**event, "url": "/", **mine})
    call = {"interaction_id": "E2", "kind": "call", "occurred_at": on(9), "subject": "Kargo"}
    put(house, WEB, "interactions", {**call, **mine})
    unknown = {"interaction_id": "E3", "kind": "visit", "occurred_at": on(1)}
    put(house, WEB, "interactions", unknown)
    put(house, WEB, "carts", {"cart_id": "C", "updated_at": on(2), "total": "9.00", **lira, **mine})
    put(house, ERP, "orders", sale(1, 1, "80.00", "2026-05-03"))
    paid = {"payment_id": "P", "order_id": "S1", "amount": "80.00", "method": "kart", **lira}
    put(house, ERP, "payments", {**paid, "paid_at": on(4)})
    bill = {"invoice_id": "F", "number": "KPR1", "total": "80.00", "customer_key": "K1", **lira}
    put(house, ERP, "invoices", {**bill, "issued_at": on(5)})
    back = {"refund_id": "R", "order_id": "S1", "amount": "8.00", **lira, "refunded_at": on(6)}
    put(house, ERP, "refunds", back)
    answer = {"survey_id": "A", "kind": "nps", "score": "9", "answered_at": on(7), **mine}
    put(house, WEB, "surveys", answer)
    said = {"consent_id": "I", "channel": "email", "recipient": "k1@a.tr", "granted": "false"}
    put(house, WEB, "consents", {**said, "decided_at": on(8)})
    ticket = {
        "id": "7",
        "properties": {"subject": "Kutu ezik", "source_type": "EMAIL"},
        "associations": {"contacts": {"results": [{"id": "1"}]}},
        "createdAt": on(10),
        "updatedAt": on(10),
    }
    put(house, CRM, "tickets", ticket)
    contact = {"id": "1", "properties": mine, "createdAt": on(1), "updatedAt": on(1)}
    put(house, CRM, "contacts", contact)
    build_it(house)
    query = """select day(occurred_at), kind, channel, title, reference from marts.timeline
        order by occurred_at"""
    assert house.sql(query) == [
        (1, "visit", "google", "Visit to / from google", "web/interactions/E1"),
        (2, "cart", "online", "Left behind a cart of 9.00 TRY", "web/carts/C"),
        (3, "order", "store", "Order S1 of 80.00 TRY", "erp/orders/S1"),
        (4, "payment", "store", "Payment of 80.00 TRY by kart", "erp/payments/P"),
        (5, "invoice", "store", "Invoice KPR1 of 80.00 TRY", "erp/invoices/F"),
        (6, "refund", "store", "Refund of 8.00 TRY", "erp/refunds/R"),
        (7, "survey", "online", "Answered NPS with 9.0", "web/surveys/A"),
        (8, "consent", "online", "Said no to email", "web/consents/I"),
        (9, "call", "online", "Called us: Kargo", "web/interactions/E2"),
        (10, "ticket", "email", "Opened a ticket: Kutu ezik", "crm/tickets/7/1"),
    ]
    assert row(house, "open_ticket_count, last_touch_kind") == (1, "ticket")
