"""marts.customer_value and how far off it was: on orders made by hand and on made-up customers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contracts import load
from contracts.reader import HERE
from tests.core.buyers import BUYING, amounts, days_of_purchases
from tests.core.house import House
from tests.core.test_build import company
from transforms import _purchases as shared
from transforms.marts import customer_value
from transforms.metrics import customer_value_error
from warehouse import memory
from warehouse.build import Context
from warehouse.journal import Journal

AS_OF = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - as the warehouse has it
TODAY = AS_OF.date()
FIELDS = ("customer_id", "ordered_on", "is_sale", "currency", "total")
Sale = tuple[str, date | None, bool, str | None, str | None]
Row = dict[str, Any]


def sale(
    customer: str, day: date | None, total: str | None = "10.00", currency: str = "TRY"
) -> Sale:
    return (customer, day, True, currency, total)


def ago(days: int) -> date:
    return TODAY - timedelta(days)


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., list[Row]]:
    """Rows of a model over these orders."""

    def ask(model: Any, sales: Iterable[Sale], as_of: datetime = AS_OF) -> list[Row]:
        connection = memory()
        connection.execute("create schema marts; create schema ops")
        connection.execute("create table ops.as_of as select ?::timestamp as as_of", [as_of])
        connection.execute("create table ops.company as select 'TRY' as currency")
        made = pa.table(dict(zip(FIELDS, map(list, zip(*sales, strict=True)), strict=True)))
        connection.register("made", made)
        connection.execute(
            """create table marts.orders as
                select
                    * replace (total::decimal(18, 2) as total),
                    (total::decimal(18, 2) * map {'TRY': 1, 'EUR': 4}[currency])::decimal(18, 2)
                        as total_company
                from made"""
        )
        rows = model.model(Context(connection, Journal(tmp_path))).to_pylist()
        return sorted(rows, key=lambda row: str(row.get("customer_id", row.get("months_held_out"))))

    return ask


def made_up(count: int, seed: int, *, days: int = 1095, prefix: str = "m") -> list[Sale]:
    """Sales of customers who came at random within `days` before the build."""
    random = Random(seed)  # noqa: S311 - to be repeated, not secret
    sales = []
    for number in range(count):
        first = random.randrange(days)
        bought = days_of_purchases(random, days - first)
        for day, amount in zip(bought, amounts(random, len(bought)), strict=True):
            on = ago(days - first - day)
            sales.append(sale(f"{prefix}{number}", on, f"{max(amount, 0.01):.2f}"))
    return sales


SALES = made_up(1500, seed=1)
Ask = Callable[..., list[Row]]


def of(rows: list[Row], customer: str) -> Row:
    [found] = [row for row in rows if row["customer_id"] == customer]
    return found


def test_what_is_bought_on_one_day_is_one_purchase(asked: Ask) -> None:
    sales = [
        *(sale("a", ago(30)), sale("a", ago(30), "5.00"), sale("a", ago(10)), sale("a", ago(10))),
        ("a", ago(5), False, "TRY", "99.00"),  # cancelled
        sale("a", ago(-3)),  # not yet
        *(sale("nobody", ago(-1)), sale("undated", None)),
        ("b", ago(3), False, "TRY", "1.00"),
    ]
    rows = asked(customer_value, sales)
    assert [row["customer_id"] for row in rows] == ["a", "nobody", "undated"]
    assert [rows[0][name] for name in COUNTED] == [2, ago(30), ago(10), 20, 30]
    for row in rows[1:]:
        assert [row[name] for name in COUNTED] == [0, None, None, None, None]
        assert row["reason"] == "no dated sale"


COUNTED = ("purchase_count", "first_purchase_on", "last_purchase_on", "recency_days", "age_days")
FORETOLD = (
    *("probability_alive", "churn_risk", "expected_purchases_12m", "expected_next_purchase_on"),
    *("expected_purchase_value", "expected_value_12m"),
)


@pytest.mark.parametrize(("repeaters", "reason"), [(49, "too few repeat buyers"), (50, None)])
def test_of_few_repeat_buyers_nothing_is_foretold(
    asked: Ask, repeaters: int, reason: str | None
) -> None:
    sales = [sale("once", ago(9))]
    for number in range(repeaters):
        sales += [sale(f"c{number}", ago(300 - number)), sale(f"c{number}", ago(50 + 2 * number))]
    rows = asked(customer_value, sales)
    assert {row["reason"] for row in rows} == {reason}
    for name in FORETOLD[:3]:
        assert all((row[name] is None) == bool(reason) for row in rows), name


def test_of_few_amounts_no_value_is_foretold(asked: Ask) -> None:
    sales = [sale("paid", ago(200)), sale("paid", ago(9))]
    for number in range(50):
        pair = (ago(300 - number), ago(50 + 2 * number))
        sales += [sale(f"c{number}", day, "9.00", "USD") for day in pair]
    rows = asked(customer_value, sales)
    assert all(row["expected_purchases_12m"] is not None for row in rows)
    assert {(row["currency"], row["expected_value_12m"]) for row in rows} == {
        ("TRY", None),
        (None, None),
    }
    assert of(rows, "paid")["reason"] == "too few repeat buyers with amounts"
    assert of(rows, "c1")["reason"] == "no amount"


def test_value_is_in_the_currency_of_the_company(asked: Ask) -> None:
    days = (90, 80, 60, 50, 40)
    in_lira = zip(days, ("20.00", "28.00", "40.00", "20.00", "60.00"), strict=True)
    lira = [sale("lira", ago(day), total) for day, total in in_lira]
    mixed = [
        *(sale("mixed", ago(90), "5.00", "EUR"), sale("mixed", ago(80), "7.00", "EUR")),
        *(sale("mixed", ago(60), "40.00"), sale("mixed", ago(50), "20.00")),
        *(sale("mixed", ago(40), "20.00"), sale("mixed", ago(40), "10.00", "EUR")),
    ]
    part = [sale("part", ago(40), "20.00"), sale("part", ago(20), "900.00", "USD")]
    whole = [sale("whole", ago(40), "20.00"), sale("whole", ago(20), "20.00")]
    none = [sale("none", ago(40), "0.00"), sale("none", ago(20), "9.00", "USD")]
    rows = asked(customer_value, [*SALES, *lira, *mixed, *part, *whole, *none])
    found = of(rows, "mixed")
    assert (found["currency"], found["purchase_count"], found["reason"]) == ("TRY", 5, None)
    assert {**found, "customer_id": "lira"} == of(rows, "lira")
    of_all = found["expected_purchases_12m"] * found["expected_purchase_value"]
    assert found["expected_value_12m"] == pytest.approx(of_all, rel=1e-3)
    # A purchase without a rate is one, and says nothing of what purchases are worth.
    part_row, whole_row = of(rows, "part"), of(rows, "whole")
    assert part_row["expected_purchases_12m"] == whole_row["expected_purchases_12m"]
    once = of(asked(customer_value, [*SALES, sale("part", ago(40), "20.00")]), "part")
    assert part_row["expected_purchase_value"] == pytest.approx(
        once["expected_purchase_value"], rel=0.02
    )
    found = of(rows, "none")
    assert (found["currency"], found["reason"]) == (None, "no amount")
    assert found["expected_purchases_12m"] is not None


def test_risk_follows_from_the_probability() -> None:
    alive = np.array([1, 0.75, 0.7499, 0.5, 0.4999, 0.25, 0.2499, 0, np.nan])
    risks = ["low", "low", "medium", "medium", "high", "high", "lost", "lost", None]
    assert customer_value.risks(alive).to_pylist() == risks
    columns = load(HERE / "marts.odcs.yaml").tables["customer_value"].columns
    [column] = [each for each in columns if each.name == "churn_risk"]
    for name, least in list(customer_value.RISKS.items())[:-1]:
        assert f"{name} from {least}" in str(column.description)


def test_a_next_purchase_too_far_away_has_no_date() -> None:
    waits = np.array([0.2, 10.0, 730.0, 730.1, np.inf, np.nan])
    days = [date(2026, 11, 21), date(2026, 11, 30), date(2028, 11, 19), None, None, None]
    assert customer_value.next_days(TODAY, waits).to_pylist() == days


def test_the_order_of_rows_does_not_matter_nor_does_the_day_of_the_calendar(
    asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SAMPLE", 700)  # fewer than there are: drawn by lot
    rows = asked(customer_value, SALES)
    turned = asked(customer_value, SALES[::-1])
    assert turned == rows
    later = timedelta(days=1000)
    moved = [(who, day + later, *rest) for who, day, *rest in SALES if day]
    for row, same in zip(rows, asked(customer_value, moved, AS_OF + later), strict=True):
        assert {name: row[name] for name in row if not name.endswith("_on")} == {
            name: same[name] for name in same if not name.endswith("_on")
        }
        for name in ("first_purchase_on", "last_purchase_on", "expected_next_purchase_on"):
            assert (row[name] and row[name] + later) == same[name]


def test_what_is_foretold_happens(asked: Ask) -> None:
    """Of 12,000 made-up customers: the parameters they were made by, and what they then bought."""
    found = asked(customer_value_error, made_up(12_000, seed=2))
    assert [row["months_held_out"] for row in found] == [12, 3]
    for row in found:
        assert row["reason"] is None
        assert row["r"] / row["alpha"] == pytest.approx(BUYING.r / BUYING.alpha, rel=0.1)
        assert row["a"] / (row["a"] + row["b"]) == pytest.approx(0.9 / 3.1, rel=0.1)
        assert row["predicted_purchases"] == pytest.approx(row["actual_purchases"], rel=0.05)
        assert row["predicted_value"] == pytest.approx(row["actual_value"], rel=0.1)
        assert row["mean_error"] < 0.8 * row["naive_mean_error"]
        assert row["mean_value_error"] < 0.8 * row["naive_mean_value_error"]


def test_who_is_said_to_buy_more_does(asked: Ask) -> None:
    """Calibration: in each fifth of the customers, by what was foretold of them."""
    sales = made_up(12_000, seed=4)
    then = AS_OF - timedelta(days=365)
    rows = asked(customer_value, [one for one in sales if one[1] and one[1] <= then.date()], then)
    bought = dict.fromkeys((row["customer_id"] for row in rows), 0)
    for customer, day in {(one[0], one[1]) for one in sales}:
        if customer in bought and day and day > then.date():
            bought[customer] += 1
    rows.sort(key=lambda row: row["expected_purchases_12m"])
    for fifth in np.array_split(np.array(rows, object), 5):
        expected = np.array([row["expected_purchases_12m"] for row in fifth])
        actual = np.array([bought[row["customer_id"]] for row in fifth])
        noise = np.std(actual - expected) * np.sqrt(len(fifth))
        assert expected.sum() == pytest.approx(actual.sum(), rel=0.02, abs=4 * noise)


def test_the_error_is_that_of_the_figures_it_shows(asked: Ask) -> None:
    """By hand: 60 customers who buy every 20 days or once, of whom all is known."""
    sales = [sale("new", ago(40)), sale("c0", ago(-5))]  # neither is of those days and customers
    for number in range(60):
        sales += [sale(f"c{number}", ago(day)) for day in range(500, 380 - number, -20)]
        sales += [sale(f"c{number}", ago(day)) for day in (80, 60)] if number < 12 else []
    quarter, year = sorted(
        asked(customer_value_error, sales), key=lambda row: row["months_held_out"]
    )
    assert (quarter["fitted_until"], year["fitted_until"]) == (
        date(2026, 8, 20),
        date(2025, 11, 20),
    )
    assert (quarter["customers"], quarter["actual_purchases"]) == (60, 24)
    assert (quarter["actual_value"], quarter["currency"]) == (240.0, "TRY")
    held = (TODAY - date(2026, 8, 20)).days
    rates = [(len(range(500, 380 - n, -20)) - 1) / (500 - held) * held for n in range(60)]
    bought = [2 if n < 12 else 0 for n in range(60)]
    error = np.abs(np.array(rates) - bought).mean()
    assert quarter["naive_purchases"] == pytest.approx(sum(rates), abs=0.01)
    assert quarter["naive_mean_error"] == pytest.approx(error, abs=1e-4)
    assert quarter["naive_mean_value_error"] == pytest.approx(10 * error, abs=1e-3)


def test_of_many_customers_some_are_drawn(asked: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = asked(customer_value_error, SALES)
    monkeypatch.setattr(customer_value_error, "CUSTOMERS", 800)
    drawn = asked(customer_value_error, SALES)
    assert drawn == asked(customer_value_error, SALES[::-1])
    for some, everyone in zip(drawn, whole, strict=True):
        assert some["customers"] < everyone["customers"] <= 1500
        assert some["customers"] <= 800


@pytest.mark.parametrize("lost", ["fit_buying", "fit_spending"])
def test_a_fit_that_does_not_converge_is_said(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(shared, lost, lambda *arrays: None)
    rows = asked(customer_value, SALES)
    unknown = FORETOLD if lost == "fit_buying" else FORETOLD[4:]
    assert {(row[name], "converge" in row["reason"]) for row in rows for name in unknown} == {
        (None, True)
    }
    assert all(row["purchase_count"] for row in rows)
    for row in asked(customer_value_error, SALES):
        assert row["predicted_value"] is None
        assert (row["predicted_purchases"] is None) == (lost == "fit_buying")
        assert row["reason"]


def test_a_company_of_two_is_told_why_nothing_is_foretold(house: House) -> None:
    company(house).build()
    found = house.served("select purchase_count, reason from marts.customer_value")
    assert found == [(1, "too few repeat buyers")]  # two orders of one person on one day
    found = house.served("select customers, reason from metrics.customer_value_error")
    assert sorted(found) == [(0, "no customers"), (1, "too few repeat buyers")]
