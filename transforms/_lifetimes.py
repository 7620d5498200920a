"""How often customers will buy again, and for how much: MBG/NBD and Gamma-Gamma.

A customer buys at random, at a rate of his own, and may be gone for good after each purchase, the
first one too, with a chance of his own. Rates differ by a gamma(r, alpha), chances by a beta(a, b)
distribution: Batislam, Denizel, Filiztekin, "Empirical validation and comparison of models for
customer base analysis", 2007; Wagner, Hoppe, "Erratum on the MBG/NBD model", 2008. What a purchase
is worth does not depend on how often somebody buys: Fader, Hardie, "The Gamma-Gamma model of
monetary value", 2013.

Arrays have one element per customer. `repeats`: purchases after the first; `recency`: days from the
first to the last; `age`: days from the first to the day one looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1

Numbers = npt.NDArray[np.float64]
# To a = 1, where the expected number is a limit, and to a - r whole, where hyp2f1 may give NaN.
NEAR = 1e-7


@dataclass(frozen=True)
class Buying:
    """Mean purchases in a day of who is not gone: r / alpha; mean chance to go: a / (a + b)."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, repeats: Numbers, recency: Numbers, age: Numbers) -> Numbers:
        """Probability that a customer is not gone."""
        silence = np.log((self.alpha + age) / (self.alpha + recency))
        odds = np.log((self.b + repeats) / self.a) - (self.r + repeats) * silence
        return np.asarray(expit(odds))

    def purchases(self, days: float, repeats: Numbers, age: Numbers) -> Numbers:
        """Expected number in the next `days` of a customer who is not gone.

        As published or, where its terms would leave the range of floats (from some hundred
        purchases on), by Euler's transformation of it.
        """
        past, apart = self.a - 1, self.a - self.r
        if min(abs(past), abs(apart - round(apart))) < NEAR:
            past += 2 * NEAR
        count, c = self.r + repeats, 1 + past + self.b + repeats
        euler = past < count
        one = np.where(euler, c - count, count)
        other = np.where(euler, past, c - past)
        shrunk = (self.alpha + age) / (self.alpha + age + days)
        rest = shrunk ** np.where(euler, past, count) * hyp2f1(one, other, c, 1 - shrunk)
        return np.asarray(c / past * (1 - rest))

    def median_wait(self, repeats: Numbers, age: Numbers) -> Numbers:
        """Days within which every second customer like this who is not gone buys again."""
        return np.asarray((self.alpha + age) * np.expm1(np.log(2) / (self.r + repeats)))


@dataclass(frozen=True)
class Spending:
    """Amounts of a customer: gamma(p, v), the v of all: gamma(q, gamma)."""

    p: float
    q: float
    gamma: float

    def mean(self, purchases: Numbers, mean: Numbers) -> Numbers:
        """Expected amount of a purchase of who made `purchases`, of `mean` amount so far."""
        spent = self.gamma + purchases * mean
        return np.asarray(self.p * spent / (self.p * purchases + self.q - 1))


def fit_buying(repeats: Numbers, recency: Numbers, age: Numbers) -> Buying | None:
    """The likeliest parameters; None where the search for them does not end."""
    start = max(float(repeats.sum()), 1.0) / max(float(age.sum()), 1.0)

    def buying(point: Numbers) -> Buying:
        # Rate, chance, and how much each differs: searched in four directions that have little
        # to do with each other, which r, alpha, a and b have.
        rate, r, chance, certain = start * np.exp(point[0]), *np.exp(point[1:])
        share = chance / (1 + chance)
        return Buying(r, r / rate, certain * share, certain * (1 - share))

    counts, which = np.unique(repeats, return_inverse=True)  # few, and their functions are slow

    def loss(point: Numbers) -> float:
        one = buying(point)
        of_count = gammaln(one.r + counts) + betaln(one.a, one.b + counts + 1)
        of_all = one.r * np.log(one.alpha) - gammaln(one.r) - betaln(one.a, one.b)
        now, last = np.log(one.alpha + age), np.log(one.alpha + recency)
        power = (one.r + counts)[which]
        left = np.log(one.a / (one.b + counts))[which] + power * (now - last)
        return -float(np.mean(of_all + of_count[which] - power * now + np.logaddexp(0, left)))

    # The ends: customers who are all alike, or nobody who ever goes, have no likeliest
    # parameters but ever larger ones that foretell the same.
    best = _search(loss, [0.5, 0.0, -1.0, 1.0], [(-9, 9), (-6, 6), (-9, 6), (-6, 5)])
    return None if best is None else buying(best)


def fit_spending(purchases: Numbers, mean: Numbers) -> Spending | None:
    """The likeliest parameters; None where the search for them does not end.

    `mean` amounts must be above 0.
    """
    usual = float(np.median(mean))
    total = purchases * mean / usual

    def spending(point: Numbers) -> Spending:
        p, above, scale = np.exp(point)
        return Spending(p, 1 + above, scale * usual)  # of q up to 1 the mean would be infinite

    counts, which = np.unique(purchases, return_inverse=True)
    log_total = np.log(total)

    def loss(point: Numbers) -> float:
        one = spending(point)
        shape, scale = one.p * counts, one.gamma / usual
        of_count = one.q * np.log(scale) - betaln(shape, one.q)
        sums = np.log(scale + total)
        likely = of_count[which] + (shape[which] - 1) * log_total - (shape + one.q)[which] * sums
        return -float(np.mean(likely))

    best = _search(loss, [1.0, 1.0, 0.5], [(-4, 8), (-6, 8), (-6, 9)])
    return None if best is None else spending(best)


def _search(
    loss: Callable[[Numbers], float], start: Sequence[float], ends: list[tuple[float, float]]
) -> Numbers | None:
    # The second needs no slopes, which rounding blurs where the top is flat.
    for method in ("L-BFGS-B", "Nelder-Mead"):
        found = minimize(loss, np.array(start), method=method, bounds=ends)
        if found.success and np.isfinite(found.fun):
            return np.asarray(found.x)
        start = found.x
    return None
