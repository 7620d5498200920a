"""What 1,000,000 customers will buy: counted, fitted and foretold.

Ours is marts.customer_value as the build makes it and the table written. The baseline is the way of
the usual notebook: orders as a data frame, pandas' groupby for days, first and last ones and mean
amounts, the same likelihoods fitted to all customers instead of a sample, the same closed forms.
It asks for no reasons, risks or dates, and writes nothing.

`error` is metrics.customer_value_error, a figure by itself.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import TIMES, Failed, Options, Row, figure, ratio
from benchmarks.apart import Cost, apart, cost
from company import USUAL
from transforms._lifetimes import fit_buying, fit_spending
from warehouse import Places, opened, tables
from warehouse.build import TRANSFORMS, Context, discover, refresh, store_as_of
from warehouse.journal import Journal
from warehouse.known import say_company

SIZE = 1_000_000  # customers
YEARS = 3 * 365  # days
TODAY = date(2026, 11, 20)
NEAR = 0.02  # a sample's fit may foretell so much more or less than a fit to all


def measure(options: Options) -> list[Row]:
    size = options.size
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        _run(options, "making orders", make, folder)
        mine = [_run(options, "ours", ours, folder, "marts.customer_value") for _ in range(TIMES)]
        theirs = [_run(options, "pandas", pandas, folder) for _ in range(TIMES)]
        error = _run(options, "errors", ours, folder, "metrics.customer_value_error")[0]
    if abs(mine[0][1] / theirs[0][1] - 1) > NEAR:
        raise Failed(f"expected purchases: {mine[0][1]:,.0f}, {theirs[0][1]:,.0f} by pandas")
    mine_s, theirs_s = (median(run.seconds for run, _ in runs) for runs in (mine, theirs))
    return [
        ratio("customer_value", "pandas", mine_s, theirs_s, "s", size),
        figure("customer_value", "memory", mine[0][0].memory, "MB", size),
        figure("customer_value", "error", error.seconds, "s", size),
    ]


def _run(options: Options, named: str, what: Any, folder: str, *more: str) -> Any:
    words = f"customer_value: {named}, {options.size:,} customers"
    return apart(options.say, words, what, Path(folder), options.size, *more)


def make(folder: Path, size: int) -> None:
    """Orders of customers who came at random in three years, by the models' own assumptions."""
    random = np.random.default_rng(3)
    rate, chance = random.gamma(0.9, 1 / 120, size), random.beta(0.8, 2.5, size)
    value = random.gamma(3.7, 1 / 15, size)
    who, when = np.arange(size), random.integers(0, YEARS, size).astype(float)
    rounds = []
    while len(who):
        rounds.append((who, when))
        stays = random.random(len(who)) >= chance[who]
        who, when = who[stays], when[stays]
        when = when + random.exponential(1 / rate[who])
        who, when = who[when < YEARS], when[when < YEARS]
    who, when = (np.concatenate(parts) for parts in zip(*rounds, strict=True))
    amount = random.gamma(6.25, 1 / value[who])
    made = pa.table({"who": who, "day": when.astype(np.int64), "amount": amount})
    with opened(Places.below(folder)) as connection:
        connection.register("made", made)
        tables.ensure(connection)
        store_as_of(connection, datetime.combine(TODAY, time()))
        say_company(connection, USUAL)
        connection.execute("create schema marts")
        connection.execute(
            f"""create table marts.orders as
                select
                    md5(who::varchar) as customer_id,
                    date '{TODAY}' - ({YEARS} - day)::integer as ordered_on,
                    true as is_sale,
                    greatest(amount, 0.01)::decimal(18, 2) as total_company
                from made"""
        )


def ours(folder: Path, size: int, name: str) -> tuple[Cost, float]:
    """Costs, and expected purchases in total."""
    places = Places.below(folder)
    [model] = [each for each in discover(TRANSFORMS) if each.name == name]
    with opened(places) as connection:
        connection.execute("delete from ops.versions where name = ?", [name])
        with cost() as whole:
            refresh(Context(connection, Journal(places.journal)), [model])
        if name.startswith("metrics."):
            return whole, 0.0
        found = connection.execute(
            f"select sum(expected_purchases_12m), count(expected_value_12m) from {name}"
        ).fetchall()[0]
    if found[1] != size:
        raise Failed(f"{found[1]:,} of {size:,} customers have a value")
    return whole, float(found[0])


def pandas(folder: Path, size: int) -> tuple[Cost, float]:
    with opened(Places.below(folder)) as connection, cost() as whole:
        orders = connection.execute(
            "select customer_id, ordered_on, total_company::double as total from marts.orders"
        ).df()
        spent = orders.groupby(["customer_id", "ordered_on"], sort=False)["total"].sum()
        frame = spent.reset_index().groupby("customer_id", sort=False)
        found = frame.agg(
            count=("total", "size"),
            first=("ordered_on", "min"),
            last=("ordered_on", "max"),
            mean=("total", "mean"),
        )
        count, mean = (found[name].to_numpy(np.float64) for name in ("count", "mean"))
        today = np.datetime64(TODAY)
        recency = (found["last"] - found["first"]).dt.days.to_numpy(np.float64)
        age = (today - found["first"]).dt.days.to_numpy(np.float64)
        buying = fit_buying(count - 1, recency, age)
        spending = fit_spending(count, mean)
        if not buying or not spending:
            raise Failed("the fit to all customers did not converge")
        alive = buying.alive(count - 1, recency, age)
        expected = alive * buying.purchases(365, count - 1, age)
        value = expected * spending.mean(count, mean)
    if len(value) != size:
        raise Failed(f"{len(value):,} of {size:,} customers")
    return whole, float(expected.sum())
