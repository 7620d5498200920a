"""One row per customer with a sale: whether they will buy again, when, how often and for how much.

All of it is as of the build's day, by MBG/NBD and Gamma-Gamma (transforms/_lifetimes.py); how far
such figures were off in the past is in metrics.customer_value_error.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from transforms._purchases import foretell, purchases
from warehouse.build import Context

READS = ("marts.orders", "ops.as_of", "ops.company")
DAYS = 365  # foretold
FARTHEST = 730  # days; a next purchase beyond them is not dated
RISKS = {"low": 0.75, "medium": 0.5, "high": 0.25, "lost": 0.0}  # least probability to be alive


def model(context: Context) -> pa.Table:
    [(today,)] = context.connection.execute("select as_of::date from ops.as_of").fetchall()
    rows = purchases(context, today, today)
    outlook = foretell(rows, DAYS)
    return pa.table(
        {
            "customer_id": rows["customer_id"],
            "purchase_count": rows["purchases"].cast(pa.int64()),
            "first_purchase_on": rows["first_day"],
            "last_purchase_on": rows["last_day"],
            "recency_days": rows["recency"].cast(pa.int64()),
            "age_days": rows["age"].cast(pa.int64()),
            "probability_alive": _rounded(outlook.alive, 4),
            "churn_risk": risks(outlook.alive),
            "expected_purchases_12m": _rounded(outlook.purchases, 4),
            "expected_next_purchase_on": next_days(today, outlook.wait),
            "currency": rows["currency"],
            "expected_purchase_value": _rounded(outlook.purchase_value, 2),
            "expected_value_12m": _rounded(outlook.value, 2),
            "reason": pa.array(outlook.reason, pa.string()),
        }
    )


def risks(alive: np.ndarray) -> pa.Array:
    """Names of RISKS, null where the probability is not known."""
    names, least = list(RISKS), -np.array(list(RISKS.values()))
    places = np.searchsorted(least, -alive)
    return pa.DictionaryArray.from_arrays(
        pa.array(places, pa.int32(), mask=np.isnan(alive)), names
    ).cast(pa.string())


def next_days(today: date, wait: np.ndarray) -> pa.Array:
    """The first whole day at the end of each wait, null beyond FARTHEST."""
    near = wait <= FARTHEST
    days = np.ceil(np.where(near, wait, 0)).astype("timedelta64[D]")
    return pa.array(np.datetime64(today) + days, mask=~near)


def _rounded(values: np.ndarray, digits: int) -> pa.Array:
    return pa.array(np.round(values, digits), from_pandas=True)  # NaN is null
