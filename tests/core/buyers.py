"""Customers who buy as MBG/NBD and Gamma-Gamma say they do."""

from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt

from transforms._lifetimes import Buying, Spending

Numbers = npt.NDArray[np.float64]
BUYING = Buying(r=0.8, alpha=60.0, a=0.9, b=2.2)
SPENDING = Spending(p=6.0, q=3.7, gamma=15.0)


def days_of_purchases(random: Random, until: int) -> list[int]:
    """Of one customer: the first on day 0, once a day, up to `until`."""
    rate = random.gammavariate(BUYING.r, 1 / BUYING.alpha)
    chance = random.betavariate(BUYING.a, BUYING.b)
    days, now = [0], 0.0
    while random.random() > chance and (now := now + random.expovariate(rate)) < until:
        if int(now) > days[-1]:
            days.append(int(now))
    return days


def counted(count: int, seed: int) -> tuple[Numbers, Numbers, Numbers]:
    """Repeats, recency and age of that many customers."""
    random = Random(seed)  # noqa: S311 - to be repeated, not secret
    found = []
    for _ in range(count):
        age = random.randrange(30, 730)
        days = days_of_purchases(random, age)
        found.append((len(days) - 1, days[-1], age))
    repeats, recency, ages = np.array(found, np.float64).T
    return repeats, recency, ages


def amounts(random: Random, purchases: int) -> list[float]:
    """Of one customer."""
    rate = random.gammavariate(SPENDING.q, 1 / SPENDING.gamma)
    return [random.gammavariate(SPENDING.p, 1 / rate) for _ in range(purchases)]


def paid(count: int, seed: int) -> tuple[Numbers, Numbers]:
    """Purchases and mean amount of that many customers."""
    random = Random(seed)  # noqa: S311 - to be repeated, not secret
    found = [amounts(random, 1 + int(random.expovariate(0.4))) for _ in range(count)]
    return (
        np.array([len(each) for each in found], np.float64),
        np.array([sum(each) / len(each) for each in found]),
    )
