"""MBG/NBD and Gamma-Gamma against other people's arithmetic, integrals and made-up customers."""

from __future__ import annotations

import csv
from dataclasses import astuple
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import roots_genlaguerre, roots_jacobi

from tests.core.buyers import BUYING, SPENDING, Numbers, counted, paid
from transforms._lifetimes import Buying, Spending, fit_buying, fit_spending

SHAPES = st.floats(0.05, 50)
BUYINGS = st.builds(Buying, r=SHAPES, alpha=st.floats(1, 500), a=SHAPES, b=SHAPES)
DAYS = st.integers(0, 3000)


def numbers(*values: float) -> Numbers:
    return np.array(values, np.float64)


REPEATS = numbers(0, 0, 1, 2, 5, 40)
RECENCY = numbers(0, 0, 1, 60, 300, 700)
AGES = numbers(1, 400, 300, 90, 400, 720)
ALIVE = [
    *(0.7069453873725247, 0.3239478513586783, 0.1270937703038113),
    *(0.714153525617427, 0.6587505691291963, 0.9420228678958883),
]
EXPECTED = [
    *(1.8775813913227266, 0.1800257012988909, 0.18961917675994183),
    *(3.1406935340010453, 2.4405999854892353, 15.16285028440333),
]


def test_foretells_what_lifetimes_foretells() -> None:
    """Numbers of lifetimes 0.11.3 for the same parameters and customers."""
    alive = BUYING.alive(REPEATS, RECENCY, AGES)
    assert alive == pytest.approx(ALIVE, rel=1e-9)
    expected = alive * BUYING.purchases(365, REPEATS, AGES)
    assert expected == pytest.approx(EXPECTED, rel=1e-9)
    assert SPENDING.mean(numbers(1, 5), numbers(10, 10)) == pytest.approx([17.24137931, 11.9266055])


def test_finds_the_parameters_that_lifetimes_finds() -> None:
    """Parameters that lifetimes 0.11.3 finds for the same customers."""
    found = fit_buying(*counted(2000, seed=11))
    assert found
    assert astuple(found) == pytest.approx((0.920436, 69.7495, 0.716958, 1.604215), rel=1e-3)
    spent = fit_spending(*paid(1000, seed=5))
    assert spent
    assert astuple(spent) == pytest.approx((6.010531, 3.788095, 15.093305), rel=1e-4)


@pytest.mark.skipif(
    not find_spec("lifetimes"), reason="lifetimes, which has the CDNOW data, is missing"
)
def test_finds_what_was_published_of_cdnow() -> None:
    spec = find_spec("lifetimes")
    assert spec and spec.origin
    path = Path(spec.origin).parent / "datasets/cdnow_customers_summary_with_transactions.csv"
    with path.open() as file:
        rows = [
            [float(row[name]) for name in ("x", "t_x", "T", "zbar")] for row in csv.DictReader(file)
        ]
    repeats, recency, age, mean = np.array(rows).T
    buying = fit_buying(repeats, recency, age)
    spending = fit_spending(repeats[repeats > 0], mean[repeats > 0])
    assert buying and spending
    assert astuple(buying) == pytest.approx((0.525, 6.183, 0.891, 1.614), abs=1e-3)
    assert astuple(spending) == pytest.approx((6.25, 3.74, 15.44), rel=3e-3)


def test_made_up_customers_give_their_parameters_back() -> None:
    found = fit_buying(*counted(20_000, seed=3))
    assert found
    # Days are whole and count once: the rates found are a little lower than those made.
    assert found.r / found.alpha == pytest.approx(BUYING.r / BUYING.alpha, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.1, rel=0.1)
    spent = fit_spending(*paid(20_000, seed=3))
    assert spent
    assert astuple(spent) == pytest.approx(astuple(SPENDING), rel=0.1)


@pytest.mark.parametrize("a", [0.2, 0.9, 1.0, 1.0 + 1e-9, 2.5, 40.0])
@pytest.mark.parametrize("b", [0.5, 3.0, 60.0])
def test_the_closed_forms_are_the_integrals(a: float, b: float) -> None:
    buying = Buying(0.8, 60.0, a, b)
    for repeats, recency, age in [(0, 0, 10), (3, 100, 400), (30, 350, 360)]:
        who = (numbers(repeats), numbers(age))
        alive = buying.alive(who[0], numbers(recency), who[1])[0]
        assert alive == pytest.approx(alive_integrated(buying, repeats, recency, age), rel=1e-6)
        for days in (1, 90, 3650):
            integrated = purchases_integrated(buying, days, repeats, age)
            assert buying.purchases(days, *who)[0] == pytest.approx(integrated, rel=1e-5)


def alive_integrated(buying: Buying, repeats: int, recency: int, age: int) -> float:
    """By Bayes: what is known if the customer is not gone, and if gone right after the last."""

    def rates(until: int) -> float:
        power, slope = buying.r + repeats, buying.alpha + until
        top = np.log(power / slope)  # of the integral over the rate's logarithm

        def height(at: float) -> float:
            return float(np.exp(power * at - slope * np.exp(at)))

        return float(quad(height, top - 30, top + 5, limit=200, epsabs=0)[0])

    nodes, weights = roots_jacobi(80, buying.b - 1, buying.a - 1)
    chances = (nodes + 1) / 2
    stays = float(weights @ (1 - chances) ** (repeats + 1)) * rates(age)
    left = float(weights @ (chances * (1 - chances) ** repeats)) * rates(recency)
    return stays / (stays + left)


def purchases_integrated(buying: Buying, days: int, repeats: int, age: int) -> float:
    """The mean of (1 - exp(-rate chance days)) / chance over what is known of both."""
    nodes, weights = roots_jacobi(150, buying.b + repeats, buying.a - 1)
    chances, chance_weights = (nodes + 1) / 2, weights / weights.sum()
    nodes, weights = roots_genlaguerre(150, buying.r + repeats - 1)
    rates, rate_weights = nodes / (buying.alpha + age), weights / weights.sum()
    means = -np.expm1(-np.outer(chances, rates) * days) / chances[:, None]
    return float(chance_weights @ means @ rate_weights)


def test_thousands_of_purchases_stay_numbers() -> None:
    """As published, the terms leave the range of floats here."""
    repeats, age = numbers(300, 1000, 5000), numbers(1000, 1000, 6000)
    if_nobody_left = (BUYING.r + repeats) / (BUYING.alpha + age) * 365
    shares = BUYING.purchases(365, repeats, age) / if_nobody_left
    assert (shares > 0.8).all()
    assert (shares < 1).all()


@given(buying=BUYINGS, repeats=st.integers(1, 500), days=st.tuples(DAYS, DAYS, DAYS, DAYS))
def test_silence_makes_doubtful(
    buying: Buying, repeats: int, days: tuple[int, int, int, int]
) -> None:
    """Of as many purchases in as long a time, a later last one never lowers the probability; and
    with every day of silence it never rises."""
    early, late, age, older = sorted(days)
    count = numbers(repeats, repeats, repeats)
    first, second, third = buying.alive(count, numbers(early, late, late), numbers(age, age, older))
    assert 0 <= first <= second <= 1
    assert third <= second


@given(buying=BUYINGS, repeats=st.integers(0, 2000), age=DAYS, days=st.tuples(DAYS, DAYS))
def test_more_time_brings_more_purchases_but_no_more_than_if_nobody_left(
    buying: Buying, repeats: int, age: int, days: tuple[int, int]
) -> None:
    few, many = (
        float(buying.purchases(each, numbers(repeats), numbers(age))[0]) for each in sorted(days)
    )
    ever = (buying.r + repeats) / (buying.alpha + age) * max(days)
    assert -1e-9 <= few <= many * (1 + 1e-9) + 1e-9
    assert many <= ever * (1 + 1e-6) + 1e-9


@given(buying=BUYINGS, repeats=st.integers(0, 500), age=DAYS)
def test_half_have_bought_again_by_the_median(buying: Buying, repeats: int, age: int) -> None:
    [wait] = buying.median_wait(numbers(repeats), numbers(age))
    still = ((buying.alpha + age) / (buying.alpha + age + wait)) ** (buying.r + repeats)
    assert still == pytest.approx(0.5)


@given(
    spending=st.builds(Spending, p=SHAPES, q=st.floats(1.1, 50), gamma=st.floats(0.1, 1e6)),
    purchases=st.integers(1, 1000),
    mean=st.floats(0.01, 1e6),
)
def test_the_expected_amount_is_between_ones_own_and_everybodys(
    spending: Spending, purchases: int, mean: float
) -> None:
    of_all = spending.p * spending.gamma / (spending.q - 1)
    low, high = sorted((mean, of_all))
    [found] = spending.mean(numbers(purchases), numbers(mean))
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


def test_customers_all_alike_and_customers_who_never_leave_can_be_fitted() -> None:
    random = np.random.default_rng(1)
    age = np.full(3000, 700.0)
    repeats = random.poisson(4, 3000).astype(np.float64)
    recency = np.where(
        repeats > 0, np.round(age * random.random(3000) ** (1 / (repeats + 1e-9))), 0
    )
    found = fit_buying(repeats, recency, age)
    assert found
    assert found.alive(repeats, recency, age)[repeats > 0].mean() > 0.98
    assert found.purchases(700, repeats, age).mean() == pytest.approx(4, rel=0.03)
    spent = fit_spending(repeats + 1, np.full(3000, 9.99))
    assert spent
    assert spent.mean(numbers(1, 9), numbers(9.99, 9.99)) == pytest.approx([9.99, 9.99], rel=0.01)
