"""One row per number of months held out: how far what marts.customer_value foretells would have
been off, had it been asked that many months ago.

Of the customers known then. `naive` is the guess that they go on at the rate at which they came
back so far; of value, at their mean amount.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms._purchases import FEW, Outlook, foretell, numbers, purchases
from warehouse.build import Context

READS = ("marts.orders", "ops.as_of", "ops.company")
MONTHS = (3, 12)
CUSTOMERS = 100_000  # by lot, of more: their mean error is known to a hundredth of itself
COLUMNS = {
    "months_held_out": pa.int64(),
    "as_of": pa.timestamp("us"),
    "fitted_until": pa.date32(),
    "customers": pa.int64(),
    **dict.fromkeys(("r", "alpha", "a", "b"), pa.float64()),
    "predicted_purchases": pa.float64(),
    "actual_purchases": pa.int64(),
    "naive_purchases": pa.float64(),
    "mean_error": pa.float64(),
    "naive_mean_error": pa.float64(),
    "currency": pa.string(),
    "valued_customers": pa.int64(),
    "predicted_value": pa.float64(),
    "actual_value": pa.float64(),
    "naive_value": pa.float64(),
    "mean_value_error": pa.float64(),
    "naive_mean_value_error": pa.float64(),
    "reason": pa.string(),
}


def model(context: Context) -> pa.Table:
    [(as_of,)] = context.connection.execute("select as_of from ops.as_of").fetchall()
    found = [_held_out(context, as_of, months) for months in MONTHS]
    return pa.Table.from_pylist(found, pa.schema(COLUMNS))


def _held_out(context: Context, as_of: datetime, months: int) -> dict[str, Any]:
    query = "select (?::timestamp - to_months(?))::date"
    [(known,)] = context.connection.execute(query, [as_of, months]).fetchall()
    days = (as_of.date() - known).days
    rows = purchases(context, known, as_of.date(), CUSTOMERS)
    rows = rows.filter(pc.greater(rows["purchases"], 0))
    outlook = foretell(rows, days)
    said = {
        "months_held_out": months,
        "as_of": as_of,
        "fitted_until": known,
        "customers": len(rows),
    }
    if outlook.buying is None:
        return {**said, "reason": outlook.reason[0] if len(rows) else "no customers"}
    repeats, age = numbers(rows, "purchases") - 1, numbers(rows, "age")
    naive = repeats / np.maximum(age, 1) * days
    return {
        **said,
        **vars(outlook.buying),
        **_compared("purchases", "mean", outlook.purchases, numbers(rows, "later"), naive),
        **_of_value(rows, outlook, naive),
    }


def _of_value(rows: pa.Table, outlook: Outlook, naive: np.ndarray) -> dict[str, Any]:
    """Of the customers whose value is foretold, in the company's currency."""
    these = ~np.isnan(outlook.value)
    if not these.any():
        return {"reason": f"{FEW} with amounts"}
    naive = naive * numbers(rows, "mean")
    compared = (each[these] for each in (outlook.value, numbers(rows, "later_amount"), naive))
    return {
        "currency": rows["currency"].filter(pa.array(these))[0].as_py(),
        "valued_customers": int(these.sum()),
        **_compared("value", "mean_value", *compared),
    }


def _compared(
    of: str, mean: str, said: np.ndarray, actual: np.ndarray, naive: np.ndarray
) -> dict[str, Any]:
    return {
        f"predicted_{of}": round(float(said.sum()), 2),
        f"actual_{of}": round(float(actual.sum()), 2),
        f"naive_{of}": round(float(naive.sum()), 2),
        f"{mean}_error": round(float(np.abs(said - actual).mean()), 4),
        f"naive_{mean}_error": round(float(np.abs(naive - actual).mean()), 4),
    }
