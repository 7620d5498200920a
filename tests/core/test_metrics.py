"""Metrics and audiences, on companies small enough to be reckoned by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.feeds import ERP, WEB, build_it, person, put, rate, sale
from tests.core.house import House
from warehouse.build import TRANSFORMS

METRICS = (
    *("acquisition_cost", "attribution", "channel_conversion", "clv", "cohort_retention"),
    *("cross_channel_conversion", "nps_csat_ces", "omnichannel_value", "receivables_ageing"),
    "stock_and_demand",
)


def rows(house: House, columns: str, metric: str, rest: str = "order by all") -> list[Any]:
    return house.sql(f"select {columns} from metrics.{metric} {rest}")


def visit(number: int, customer: int | None, day: str, channel: str | None) -> dict[str, Any]:
    event = {"interaction_id": f"V{number}", "kind": "visit", "occurred_at": f"{day}T08:00:00Z"}
    return {**event, "channel": channel, "email": customer and f"k{customer}@a.tr"}


def cost(day: str, channel: str, amount: str, currency: str = "TRY") -> dict[str, Any]:
    return {
        "day": day,
        "channel": channel,
        "campaign": "-",
        "amount": amount,
        "currency": currency,
    }


def test_without_feeds_metrics_are_empty(house: House) -> None:
    build_it(house)
    assert {metric: rows(house, "count(*)", metric) for metric in METRICS} == {
        metric: [(0,)] for metric in METRICS
    }


def test_costs_without_visits_win_nobody(house: House) -> None:
    put(house, ERP, "customers", person(1))
    put(house, ERP, "orders", sale(1, 1, "10.00", "2026-11-02"))
    put(house, WEB, "marketing_costs", cost("2026-11-01", "google", "30.00"))
    build_it(house)
    assert rows(house, "*", "acquisition_cost") == []


@pytest.fixture
def visited(house: House) -> House:
    """1 came by four channels and bought twice; 2 came once, after buying, and once before; 3 came
    too early; 4 never did; somebody came without a login."""
    put(house, ERP, "customers", *(person(number) for number in (1, 2, 3, 4)))
    put(house, WEB, "customers", person(1))
    put(house, WEB, "exchange_rates", rate("2026-01-01", "USD", "40.00"))
    put(
        house,
        ERP,
        "orders",
        sale(1, 1, "100.00", "2026-10-20"),
        sale(2, 2, "50.00", "2026-11-10"),
        sale(3, 3, "7.00", "2026-11-10"),
        sale(4, 4, "5.00", "2026-11-10"),
        sale(5, 1, "999.00", "2026-10-20", status="cancelled"),
    )
    web = {"customer_key": "K1", "currency": "USD", "total": "2.00"}
    put(house, WEB, "orders", {"order_id": "W1", "ordered_at": "2026-11-15T09:00:00Z", **web})
    put(
        house,
        WEB,
        "interactions",
        visit(1, 1, "2026-10-01", "google"),
        visit(2, 1, "2026-10-02", "instagram"),
        visit(3, 1, "2026-10-03", "mail"),
        visit(4, 1, "2026-10-04", None),
        visit(5, 2, "2026-11-10", "google"),
        visit(6, 2, "2026-11-11", "mail"),
        visit(7, 3, "2026-10-11", "mail"),  # 30 days and an hour before the sale
        visit(8, None, "2026-11-11", "google"),
        visit(9, 1, "2026-11-01", "mail"),
        visit(10, 1, "2026-11-02", "google"),
        {**visit(11, 1, "2026-10-05", "google"), "kind": "product_view"},
    )
    put(
        house,
        WEB,
        "marketing_costs",
        cost("2026-10-01", "google", "30.00"),
        cost("2026-10-02", "google", "0.50", "USD"),
        cost("2025-12-31", "google", "1.00", "USD"),  # before the first rate
        cost("2026-11-30", "mail", "8.00"),
        cost("2026-11-01", "tv", "9.00"),
    )
    build_it(house)
    return house


def test_conversion_per_channel(visited: House) -> None:
    """S1 came by a visit without a channel, S2 and W1 by google; S3's is an hour too old."""
    columns = """channel, visit_count, known_visit_count, order_count, revenue_company::varchar,
        conversion, known_conversion"""
    assert rows(visited, columns, "channel_conversion") == [
        ("google", 4, 3, 2, "130.00", 0.5, 0.6667),
        ("instagram", 1, 1, 0, None, 0.0, 0.0),
        ("mail", 4, 4, 0, None, 0.0, 0.0),
        ("unknown", 1, 1, 1, "100.00", 1.0, 1.0),
    ]


def test_conversion_across_channels(visited: House) -> None:
    """Three visited online: two of them bought in the store, one online too."""
    columns = """visited_channel, bought_channel, is_cross_channel, visitor_count, buyer_count,
        order_count, revenue_company::varchar, conversion"""
    assert rows(visited, columns, "cross_channel_conversion") == [
        ("online", "online", False, 3, 1, 1, "80.00", 0.3333),
        ("online", "store", True, 3, 2, 2, "150.00", 0.6667),
    ]


def test_what_a_channel_is_credited_with(visited: House) -> None:
    """S1 (100) by four visits, S2 (50) by one, W1 (80) by two: mail, google."""
    columns = "channel, order_count, revenue_company::varchar"
    of = "where model = '{}' order by all"
    assert rows(visited, columns, "attribution", of.format("first touch")) == [
        ("google", 2.0, "150.00"),
        ("mail", 1.0, "80.00"),
    ]
    assert rows(visited, columns, "attribution", of.format("last touch")) == [
        ("google", 2.0, "130.00"),
        ("unknown", 1.0, "100.00"),
    ]
    assert rows(visited, columns, "attribution", of.format("linear")) == [
        ("google", 1.75, "115.00"),  # 25 + 50 + 40
        ("instagram", 0.25, "25.00"),
        ("mail", 0.75, "65.00"),  # 25 + 40
        ("unknown", 0.25, "25.00"),
    ]
    assert rows(visited, columns, "attribution", of.format("position based")) == [
        ("google", 1.9, "130.00"),  # 40 + 50 + 40
        ("instagram", 0.1, "10.00"),
        ("mail", 0.6, "50.00"),  # 10 + 40
        ("unknown", 0.4, "40.00"),
    ]
    sums = "model, round(sum(order_count), 4), sum(revenue_company)::varchar"
    assert rows(visited, sums, "attribution", "group by model order by all") == [
        (model, 3.0, "230.00")
        for model in ("first touch", "last touch", "linear", "position based")
    ]


def test_what_a_new_customer_costs(visited: House) -> None:
    """1 was won in October by google; in November 2 by google, 3 by mail, 4 nobody knows how."""
    columns = """month::varchar, channel, cost_company::varchar, unpriced_cost_count,
        new_customer_count, cost_per_customer_company::varchar"""
    assert rows(visited, columns, "acquisition_cost") == [
        ("2025-12-01", "google", None, 1, 0, None),
        ("2026-10-01", "google", "50.00", 0, 1, "50.00"),  # 30, and half a dollar at 40
        ("2026-11-01", "google", None, 0, 1, None),
        ("2026-11-01", "mail", "8.00", 0, 1, "8.00"),
        ("2026-11-01", "tv", "9.00", 0, 0, None),
        ("2026-11-01", "unknown", None, 0, 1, None),
    ]


def test_what_omnichannel_customers_are_worth(visited: House) -> None:
    columns = """kind, customer_count, mean_order_count, priced_customer_count,
        mean_revenue_company::varchar, mean_revenue_company_12m::varchar,
        mean_basket_company::varchar, mean_expected_value_12m"""
    assert rows(visited, columns, "omnichannel_value") == [
        ("omnichannel", 1, 2.0, 1, "180.00", "180.00", "90.00", None),
        ("single channel", 3, 1.0, 3, "20.67", "20.67", "20.67", None),  # 62 / 3
    ]


def test_value_per_class(visited: House) -> None:
    visited.sql("update marts.customer_value set expected_value_12m = 20 where purchase_count = 2")
    visited.sql("update marts.customer_360 set rfm_class = if(order_count = 2, 'loyal', 'dormant')")
    sql = (TRANSFORMS / "metrics" / "clv.sql").read_text(encoding="utf-8")
    columns = """rfm_class, customer_count, foretold_customer_count, mean_revenue_company::varchar,
        mean_expected_value_12m::varchar, mean_lifetime_value::varchar"""
    assert visited.sql(f"select {columns} from ({sql}) order by all") == [
        ("dormant", 3, 0, "20.67", None, None),
        ("loyal", 1, 1, "180.00", "20.00", "200.00"),
    ]


def test_who_comes_back_month_by_month(house: House) -> None:
    put(house, ERP, "customers", *(person(number) for number in (1, 2, 3)))
    put(
        house,
        ERP,
        "orders",
        sale(1, 1, "10.00", "2026-09-01"),
        sale(2, 1, "5.00", "2026-09-30"),
        sale(3, 2, "20.00", "2026-09-15"),
        sale(4, 1, "7.00", "2026-11-02"),
        sale(5, 3, "1.00", "2026-11-03"),
        sale(6, 2, "9.00", "2026-11-21"),  # after the build
    )
    build_it(house)
    columns = """cohort_month::varchar, months_after, customer_count, active_customer_count,
        retention, revenue_company::varchar"""
    assert rows(house, columns, "cohort_retention") == [
        ("2026-09-01", 0, 2, 2, 1.0, "35.00"),
        ("2026-09-01", 1, 2, 0, 0.0, None),
        ("2026-09-01", 2, 2, 1, 0.5, "7.00"),
        ("2026-11-01", 0, 1, 1, 1.0, "1.00"),
    ]


def test_answers_per_month(house: House) -> None:
    given = [
        *(("nps", 10, 9), ("nps", 9, 9), ("nps", 8, 9), ("nps", 6, 9), ("NPS", 0, 10)),
        *(("csat", 4, 9), ("csat", 5, 9), ("ces", 7, 10), ("other", 1, 9)),
    ]
    for number, (kind, score, month) in enumerate(given):
        at = f"2026-{month:02}-05T09:00:00Z"
        answer = {"survey_id": str(number), "kind": kind, "score": str(score), "answered_at": at}
        put(house, WEB, "surveys", answer)
    build_it(house)
    columns = "month::varchar, kind, answer_count, mean_score, promoter_count, detractor_count, nps"
    assert rows(house, columns, "nps_csat_ces") == [
        ("2026-09-01", "csat", 2, 4.5, 0, 0, None),
        ("2026-09-01", "nps", 4, 8.25, 2, 1, 25.0),
        ("2026-10-01", "ces", 1, 7.0, 0, 0, None),
        ("2026-10-01", "nps", 1, 0.0, 0, 1, -100.0),
    ]


def test_receivables_by_age(house: House) -> None:
    """The build is of 20 November 2026."""
    put(house, ERP, "customers", person(1), person(2))
    bills = [
        ("2026-11-20", "1.00", {}),  # today: not late
        (None, "2.00", {}),
        ("2026-11-19", "4.00", {}),  # 1 day
        ("2026-10-21", "8.00", {"customer_key": "K2"}),  # 30
        ("2026-10-20", "16.00", {}),  # 31
        ("2026-09-21", "32.00", {}),  # 60
        ("2026-09-20", "64.00", {}),  # 61
        ("2026-08-22", "128.00", {}),  # 90
        ("2026-08-21", "256.00", {}),  # 91
        ("2026-08-21", "3.00", {"currency": "EUR"}),
        ("2026-08-21", "5.00", {"currency": None}),
        ("2026-08-21", "512.00", {"type": "IADE"}),
        ("2026-08-21", "512.00", {"status": "paid"}),
    ]
    for number, (due, total, more) in enumerate(bills):
        bill = {"invoice_id": str(number), "due_date": due, "total": total, "status": "open"}
        put(house, ERP, "invoices", {**bill, "customer_key": "K1", "currency": "TRY", **more})
    build_it(house)
    columns = """currency, days_late, invoice_count, customer_count, open_amount::varchar,
        longest_days_late"""
    assert rows(house, columns, "receivables_ageing") == [
        ("EUR", "90+", 1, 1, "3.00", 91),
        ("TRY", "0", 2, 1, "3.00", 0),
        ("TRY", "1-30", 2, 2, "12.00", 30),
        ("TRY", "31-60", 2, 1, "48.00", 60),
        ("TRY", "61-90", 2, 1, "192.00", 90),
        ("TRY", "90+", 2, 1, "261.00", 91),
    ]


def test_stock_against_what_is_sold_online(house: House) -> None:
    put(house, ERP, "customers", person(1))
    put(house, WEB, "customers", person(1))
    carpet = {"name": "Halı", "sku": "h-1 "}
    put(house, ERP, "products", {"product_id": "P1", **carpet}, {"product_id": "P2", "sku": ""})
    put(house, WEB, "products", {"product_id": "W7", "name": "Halı", "sku": "H-1"})
    levels = [("P1", "depo", "6", "2"), ("P1", "mağaza", "-1", None), ("P2", "depo", "5", None)]
    for product, place, quantity, reserved in levels:
        level = {"product_id": product, "location": place, "quantity": quantity}
        put(house, ERP, "stock_levels", {**level, "reserved": reserved})
    web = {"customer_key": "K1", "currency": "TRY", "total": "1.00"}
    days = {"W1": "2026-11-01", "W2": "2026-10-21", "W3": "2026-10-22", "W4": "2026-11-02"}
    for order, day in days.items():  # W2 is of the 31st day before, W4 was cancelled
        row = {"order_id": order, "ordered_at": f"{day}T11:00:00Z", **web}
        put(house, WEB, "orders", {**row, "status": "cancelled" if order == "W4" else None})
        line = {"order_id": order, "line_id": "1", "product_id": "W7", "quantity": "3"}
        put(house, WEB, "order_lines", line)
    put(house, ERP, "orders", sale(1, 1, "1.00", "2026-11-01"))  # in the store
    line = {"order_id": "S1", "line_id": "1", "product_id": "P1", "quantity": "90"}
    put(house, ERP, "order_lines", line)
    build_it(house)
    columns = """product_id, location, article, available::double, online_demand_30d::double,
        days_of_cover"""
    assert rows(house, columns, "stock_and_demand") == [
        ("erp/products/P1", "depo", "H-1", 4.0, 6.0, 20.0),
        ("erp/products/P1", "mağaza", "H-1", -1.0, 6.0, 0.0),
        ("erp/products/P2", "depo", "erp/products/P2", 5.0, 0.0, None),
    ]


def test_who_is_in_which_audience(house: House) -> None:
    """Build: 20 November 2026, noon. Nothing is foretold of so few: rhythm and rule speak."""
    put(house, ERP, "customers", *(person(number) for number in range(1, 8)))
    days = {
        1: ("2026-10-01", "2026-10-29"),  # 28 days: expected by 26 November, low
        2: ("2026-10-01", "2026-10-30"),  # 29 days: by 28 November, too far off
        3: ("2026-07-01", "2026-08-01"),  # 31 days, silent for 111: high
        4: ("2026-08-12", "2026-09-21"),  # 40 days, silent for 60: low, expected by 31 October
    }
    for customer, (first, last) in days.items():
        for place, day in enumerate((first, last)):
            put(house, ERP, "orders", sale(10 * customer + place, customer, "10.00", day))
    carts = [
        ("C1", 2, "2026-11-01T10:00:00Z", {"total": "30.00", "currency": "TRY"}),
        ("C2", 2, "2026-11-02T10:00:00Z", {"total": "40.00", "currency": "TRY"}),
        ("C3", 3, "2026-11-20T11:00:00Z", {}),  # an hour
        ("C4", 5, "2026-11-20T11:00:01Z", {}),  # less
        ("C5", 5, "2026-10-21T12:00:00Z", {}),  # 30 days
        ("C6", 1, "2026-10-29T08:00:00Z", {}),  # bought on that day
        ("C7", 4, "2026-11-10T10:00:00Z", {"order_id": "S99"}),
    ]
    for key, customer, moment, more in carts:
        cart = {"cart_id": key, "updated_at": moment, "email": f"k{customer}@a.tr"}
        put(house, WEB, "carts", {**cart, **more})
    bill = {"customer_key": "K3", "currency": "TRY", "status": "open"}
    for number, due in enumerate(("2026-11-19", "2026-11-01", "2026-12-01")):
        invoice = {"invoice_id": str(number), "due_date": due, "total": "5.00", **bill}
        put(house, ERP, "invoices", invoice)
    decided = [
        ("email", "k3@a.tr", True, "2026-05-01T09:00:00Z", "form"),
        ("email", "k3@a.tr", True, "2026-06-01T09:00:00Z", "shop"),
        ("sms", "0532 000 10 06", True, None, "form"),
        ("call", "0532 000 10 06", True, "2026-05-01T09:00:00Z", "form"),
        ("call", "0532 000 10 06", False, "2026-06-01T09:00:00Z", "iys"),
        ("call", "0532 000 10 07", True, "2026-05-01T09:00:00Z", "form"),
    ]
    for number, (channel, recipient, granted, at, source) in enumerate(decided):
        about = {"channel": channel, "recipient": recipient, "source": source}
        row = {"consent_id": str(number), "granted": granted, "decided_at": at, **about}
        put(house, WEB, "consents", row)
    build_it(house)
    found = house.sql(
        """select customers.ids['erp'][1], audience, since::varchar, reason,
            may_email, may_sms, may_call, may_be_promoted_to
        from activation.audiences
        inner join marts.customer_360 as customers using (customer_id) order by all"""
    )
    nothing, mail = (False, False, False, True), (True, False, False, False)
    assert found == [
        (
            *("K1", "due_for_next_purchase", "2026-10-29"),
            *("next purchase expected by 2026-11-26", *nothing),
        ),
        ("K2", "cart_to_remind", "2026-11-02", "left a cart of 40.00 TRY", *nothing),
        ("K3", "at_risk", "2026-08-01", "churn risk high, last bought on 2026-08-01", *mail),
        ("K3", "cart_to_remind", "2026-11-20", "left a cart", *mail),
        ("K3", "consented_email", "2026-06-01", "agreed to email", *mail),
        ("K3", "overdue_payer", "2026-11-01", "overdue: 10.00 TRY", *mail),
        (
            *("K4", "due_for_next_purchase", "2026-09-21"),
            *("next purchase expected by 2026-10-31", *nothing),
        ),
        ("K6", "consented_sms", None, "agreed to sms", False, True, False, True),
        ("K7", "consented_call", "2026-05-01", "agreed to call", False, False, True, True),
    ]


def test_what_is_foretold_goes_before_the_rule(house: House) -> None:
    put(house, ERP, "customers", *(person(number) for number in (1, 2, 3, 4)))
    for number, day in ((1, "2026-10-01"), (2, "2026-10-29")):  # by the rule: low, 26 November
        put(house, ERP, "orders", *(sale(10 * c + number, c, "1.00", day) for c in (1, 2, 3, 4)))
    build_it(house)
    for key, risk, day in (
        ("K1", "high", "2026-11-21"),
        ("K2", "lost", "2026-11-21"),
        ("K3", "medium", "2026-11-27"),
        ("K4", "low", "2026-11-28"),
    ):
        house.sql(
            f"""update marts.customer_value
            set churn_risk = '{risk}', expected_next_purchase_on = '{day}'
            where customer_id in (
                select customer_id from marts.customer_360 where ids['erp'] = ['{key}']
            )"""
        )
    sql = (TRANSFORMS / "activation" / "audiences.sql").read_text(encoding="utf-8")
    found = house.sql(
        f"""select customers.ids['erp'][1], audience from ({sql}) as audiences
        inner join marts.customer_360 as customers using (customer_id) order by all"""
    )
    assert found == [("K1", "at_risk"), ("K3", "due_for_next_purchase")]
