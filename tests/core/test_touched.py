"""What is brought up to date by the customers that changed, marts and the files served of them, is
what it would be made anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from company import Company
from systems import System
from tests.core import feeds
from tests.core.feeds import ERP, SYSTEMS, WEB, build_it, gone, person, put, rate, sale, take
from tests.core.house import CUSTOMERS, NOON, House, write_contract
from tests.core.test_build import order
from warehouse import opened, touched
from warehouse.build import TRANSFORMS, Context, Model, discover, prepare, refresh, store_as_of
from warehouse.journal import Journal

MODELS = discover(TRANSFORMS)
BY_TOUCH = [model for model in MODELS if model.sql and model.contents]
# Receipts are known by their lines only.
RECEIPTS = CUSTOMERS.rstrip() + "\n      - {{name: customer_key, logicalType: string}}\n"
NUMBERS = st.integers(1, 3)
CUSTOMER = st.tuples(st.just("customer"), NUMBERS, st.sampled_from(["x@a.tr", "y@a.tr", None]))
ORDER = st.tuples(st.just("order"), NUMBERS, st.integers(0, 3))
LINE = st.tuples(st.just("line"), NUMBERS, st.integers(1, 2))
GONE = st.tuples(st.just("gone"), st.sampled_from(["customers", "orders"]), NUMBERS)
ROUND = st.lists(st.one_of(CUSTOMER, ORDER, LINE, GONE), min_size=1, max_size=3)


def land(house: House, actions: list[tuple[Any, ...]], at: int) -> None:
    for what, one, other in actions:
        if what == "customer":
            house.land({"no": str(one), "name": f"Ad {at}", "email": other})
        elif what == "order":
            customer = {"customer_key": str(other) if other else None}
            house.land({**order(one, 0, total=f"{at}.00"), **customer}, table="orders")
        elif what == "line":
            row = {"order_id": f"l{one}", "line_id": str(other), "total": f"{at}.50"}
            customer = {"customer_key": str(one)}
            house.land({**row, **customer}, table="order_lines", key=("order_id", "line_id"))
        elif one == "customers":
            house.land(gone=(str(other),))
        else:
            house.land(gone=(f"o{other}",), table="orders")


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example([[("customer", 1, None)], [("customer", 1, None)]])
@example([[("line", 1, 1)], [("line", 1, 1)]])
@example([[("order", 1, 1)], [("order", 1, 2)], [("gone", "orders", 1)]])
@given(rounds=st.lists(ROUND, min_size=2, max_size=3))
def test_a_mart_brought_up_to_date_is_the_mart_made_anew(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[list[tuple[Any, ...]]],
) -> None:
    monkeypatch.setattr(touched, "MANY", 1.0)
    house = House(tmp_path_factory.mktemp("company"), monkeypatch)
    write_contract(house.folder / "made_up.odcs.yaml", text=RECEIPTS)
    for at, actions in enumerate(rounds):
        land(house, actions, at)
        house.check()
        house.load()
        house.build()
        with opened(house.places) as connection:
            hold(connection)
        house.hold_served()


def hold(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises where a table is not what it would be made anew."""
    connection.execute("create or replace temp macro is_touched(customer) as true")
    for model in BY_TOUCH:
        connection.execute(f"create or replace temp table anew as {model.sql}")
        for one, other in ((model.name, "temp.anew"), ("temp.anew", model.name)):
            found = connection.execute(f"from {one} except all from {other}").fetchall()
            assert found == [], model.name


AT = "2026-11-01T09:00:00Z"
DO = Callable[[House, int, int], None]


def said(system: Any, table: str, key: str, **values: Any) -> DO:
    """Lands row `one` of a table, said by customer `other`: another row each time."""

    def land(house: House, one: int, other: int) -> None:
        who = {name: value.format(other) for name, value in values.items()}
        put(house, system, table, {key: f"{key}{one}", **who})

    return land


MAIL, RECORD, PHONE = {"email": "k{}@a.tr"}, {"customer_key": "K{}"}, {"phone": "053200010{:02}"}
BILL = {"currency": "TRY", "total": "{}00.00", "issued_at": AT}
FED: dict[str, DO] = {
    "person": lambda house, one, other: put(
        house,
        ERP,
        "customers",
        person(one, email=f"k{other}@a.tr", birth_date=f"{2009 - other}-11-21"),
    ),
    "web person": lambda house, one, other: put(
        house, WEB, "customers", person(other, phone=None, name=f"Ad {one}", city=f"Şehir {one}")
    ),
    "no person": lambda house, one, other: gone(house, ERP, "customers", f"K{one}"),
    "sale": lambda house, one, other: put(
        house, ERP, "orders", sale(one, other, f"{one}0.00", f"2025-11-{20 + other}")
    ),
    "usd sale": lambda house, one, other: put(
        house, ERP, "orders", sale(one, other, "9.00", f"2026-11-0{other}", currency="USD")
    ),
    "rate": lambda house, one, other: put(
        house, WEB, "exchange_rates", rate(f"2026-11-0{other}", "USD", f"4{one}.00")
    ),
    "line": lambda house, one, other: put(
        house,
        ERP,
        "order_lines",
        {"order_id": f"S{one}", "line_id": "1", "product_id": f"P{other}", "quantity": "1"},
    ),
    "product": lambda house, one, other: put(
        house, ERP, "products", {"product_id": f"P{other}", "name": "Halı", "category": f"{one}"}
    ),
    "no product": lambda house, one, other: gone(house, ERP, "products", f"P{other}"),
    "visit": said(WEB, "interactions", "interaction_id", kind="visit", occurred_at=AT, **MAIL),
    "planned": said(
        ERP,
        "interactions",
        "interaction_id",
        kind="meeting",
        occurred_at="2026-11-21T09:00:00Z",
        **RECORD,
    ),
    "call": said(WEB, "interactions", "interaction_id", kind="call", occurred_at=AT, **PHONE),
    "no visit": lambda house, one, other: gone(house, WEB, "interactions", f"interaction_id{one}"),
    "survey": said(WEB, "surveys", "survey_id", kind="nps", score="{}", answered_at=AT, **MAIL),
    "cart": said(WEB, "carts", "cart_id", updated_at=AT, total="{}.00", **MAIL),
    "no": said(WEB, "consents", "consent_id", channel="email", recipient="k{}@a.tr", granted="0"),
    "yes": said(WEB, "consents", "consent_id", channel="email", recipient="k{}@a.tr", granted="1"),
    "invoice": said(ERP, "invoices", "invoice_id", due_date="2026-11-20", **BILL, **RECORD),
    "paid": said(ERP, "payments", "payment_id", invoice_id="invoice_id{}", amount="5.00"),
    "refund": said(ERP, "refunds", "refund_id", order_id="S{}", amount="2.00", **RECORD),
}
STEP = st.tuples(st.sampled_from(sorted(FED)), NUMBERS, NUMBERS)
STEPS = st.tuples(st.lists(STEP, min_size=2, max_size=6), st.sampled_from(["TRY", "USD"]))
EVERYONE = [("person", 1, 1), ("person", 2, 2), ("person", 3, 3)]


@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(  # a product goes to another category, then from the shop
    [
        ([*EVERYONE, ("sale", 1, 3), ("line", 1, 2), ("product", 1, 2)], "TRY"),
        ([("product", 3, 2)], "TRY"),
        ([("no product", 3, 2)], "TRY"),
    ]
)
@example(  # days pass: a birthday, an invoice that is late, a meeting that was, a year that is over
    [
        (EVERYONE + [("sale", 1, 1), ("sale", 2, 2), ("invoice", 1, 1), ("planned", 1, 2)], "TRY"),
        ([("web person", 9, 9)], "TRY"),
        ([("web person", 8, 9)], "TRY"),
    ]
)
@example(  # feeds come before those they are about; the company counts in USD after all
    [
        ([(what, 1, 1) for what in ("visit", "call", "survey", "cart", "no")], "TRY"),
        (EVERYONE + [("sale", 1, 1), ("yes", 1, 2), ("invoice", 1, 2)], "TRY"),
        ([("refund", 1, 3), ("paid", 1, 1)], "TRY"),
        ([("no person", 1, 1)], "USD"),
    ]
)
@example(  # a rate comes late; who buys more puts another one back
    [
        (EVERYONE + [("usd sale", 1, 1), ("sale", 2, 2)], "TRY"),
        ([("rate", 1, 1)], "TRY"),
        ([("sale", 3, 3)], "TRY"),
    ]
)
@given(rounds=st.lists(STEPS, min_size=2, max_size=3))
def test_what_feeds_and_days_bring_is_what_it_would_be_made_anew(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[tuple[list[tuple[str, int, int]], str]],
) -> None:
    monkeypatch.setattr(touched, "MANY", 1.0)
    house = House(tmp_path_factory.mktemp("company"), monkeypatch)
    for day, (steps, currency) in enumerate(rounds):
        for what, one, other in steps:
            FED[what](house, one, other)
        take(house)
        with opened(house.places) as connection:
            prepare(connection, SYSTEMS, Company(currency))
            store_as_of(connection, (NOON + timedelta(days=day)).replace(tzinfo=None))
            refresh(Context(connection, Journal(house.places.journal)), MODELS)
            hold(connection)


def test_what_is_made_in_parts_is_what_is_made_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Because there are too many of them to be made at once."""
    visits = [("visit", number, number) for number in (1, 2, 3, 9)]  # the last one is nobody's
    for what, one, other in [*EVERYONE, *visits, ("sale", 1, 1), ("sale", 2, 2), ("cart", 1, 2)]:
        FED[what](house, one, other)
    monkeypatch.setattr(touched, "EACH", 2e9)
    build_it(house)
    with opened(house.places) as connection:
        assert touched.parts(connection, touched.CUSTOMERS) > 1
        nobodys = "select count(*) from marts.interactions where customer_id is null"
        assert connection.execute(nobodys).fetchall() == [(1,)]
        hold(connection)


def test_two_rows_that_change_alike_do_not_cancel_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for what, one, other in (("person", 1, 1), ("cart", 1, 1), ("cart", 2, 1)):
        FED[what](house, one, other)
    build_it(house)
    web = System("web", "files", contract="canonical", settings={"channel": "kiosk"})
    monkeypatch.setattr(feeds, "SYSTEMS", (ERP, web))
    build_it(house)
    assert house.sql("select distinct channel from marts.timeline") == [("kiosk",)]


def test_what_is_served_of_a_product_goes_with_it(house: House) -> None:
    for what, one, other in (*EVERYONE, ("sale", 1, 1), ("line", 1, 2), ("product", 1, 2)):
        FED[what](house, one, other)
    build_it(house)
    FED["product"](house, 3, 2)
    build_it(house)
    query = "select favourite_category from marts.customer_360 where favourite_category is not null"
    assert house.served(query) == [("3",)]
    house.hold_served()


def test_only_touched_customers_are_made_again(house: House) -> None:
    for number in range(1, 21):
        land(house, [("customer", number, f"{number}@a.tr"), ("order", number, number)], 0)
    house.check()
    house.load()
    house.build()
    house.sql("update marts.customer_360 set city = 'was here'")
    house.sql("update marts.orders set channel = 'was here'")
    land(house, [("order", 3, 4)], 1)  # it goes from one customer to another
    house.check()
    house.load()
    house.build()
    again = house.sql("select ids['erp'] from marts.customer_360 where city is null order by all")
    assert again == [(["3"],), (["4"],)]
    assert house.sql("select count(*) from marts.orders where channel = 'was here'") == [(18,)]


@pytest.mark.parametrize(
    "sql",
    [
        "select product_id from a.b where is_touched(product_id)",
        "select record from a.b where is_touched(record) and is_touched(customer_id)",
    ],
)
def test_who_is_touched_is_asked_of_a_key_that_contents_are_kept_of(sql: str) -> None:
    with pytest.raises(ValueError, match="Ask it of one of customer_id, record"):
        touched.asks(sqlglot.parse_one(sql, dialect="duckdb"))


def test_what_is_brought_up_to_date_reads_nothing_that_changes_are_not_seen_of() -> None:
    by_name = {model.name: model for model in MODELS}

    def roots(model: Model) -> set[str]:
        found: set[str] = set()
        for read in model.reads:
            found |= roots(by_name[read]) if read in by_name else {read}
        return found

    # of one value the normal form is always the same
    seen_else = roots(by_name[touched.PRODUCTS]) | roots(by_name["staging.identifiers"])
    assert BY_TOUCH
    for model in BY_TOUCH:
        assert model.contents
        seen = roots(by_name[model.contents]) | seen_else
        assert roots(model) <= seen, f"{model.name}: {model.contents} has no hash of its inputs"
