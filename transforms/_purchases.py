"""What customers bought as far as a day, and what may be foretold of them from that.

Shared by marts.customer_value and metrics.customer_value_error, which so foretell alike. Nothing
here remembers earlier builds: the same orders and the same day give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms._lifetimes import Buying, Numbers, fit_buying, fit_spending
from warehouse.build import Context

ENOUGH = 50  # customers who bought more than once; of fewer no rates are learnt
SAMPLE = 50_000  # customers to learn from: the parameters of another such sample differ by a few %
FEW, UNDATED, LOST = "too few repeat buyers", "no dated sale", "the fit did not converge"
UNPRICED = "no amount"
# What a customer buys in one day is one purchase: one visit to two shops of a company. Value is in
# the company's currency: what has no rate, and amounts of nothing and less (gifts, credits), say
# nothing of what a purchase is worth.
PURCHASES = """
    with sales as (
        select customer_id, ordered_on as day, total_company
        from marts.orders {among}
        where is_sale and customer_id is not null
    ),
    days as (
        select customer_id, day, sum(total_company) as amount
        from sales
        group by all
    ),
    bought as (
        select
            customer_id,
            count(*) filter (where day <= $day) as purchases,
            min(day) filter (where day <= $day) as first_day,
            max(day) filter (where day <= $day) as last_day,
            count(*) filter (where day > $day and day <= $until) as later,
            count(*) filter (where amount > 0 and day <= $day) as paid,
            sum(amount) filter (where amount > 0 and day <= $day) as amount,
            sum(amount) filter (where amount > 0 and day > $day and day <= $until) as later_amount
        from days
        group by customer_id
    )
    -- later: of the days after the one known last, to compare with what was foretold
    select
        bought.customer_id,
        bought.purchases::double as purchases,
        bought.first_day,
        bought.last_day,
        (bought.last_day - bought.first_day)::double as recency,
        ($day - bought.first_day)::double as age,
        bought.later::double as later,
        if(bought.paid > 0, companies.currency, null) as currency,
        bought.paid::double as paid,
        coalesce(bought.amount / nullif(bought.paid, 0), 0)::double as mean,
        coalesce(bought.later_amount, 0)::double as later_amount,
        md5_number_lower(bought.customer_id) as lot
    from bought
    cross join ops.company as companies
"""
BY_LOT = """
    semi join (
        select customer_id
        from marts.orders
        where is_sale
        group by customer_id
        order by md5_number_lower(customer_id)
        limit {customers}
    ) as drawn using (customer_id)
"""


@dataclass(frozen=True)
class Outlook:
    """Of each customer, NaN where `reason` says why not. `alive`: a probability; `purchases` and
    `value`: expected in the days asked for, value in the company's currency; `purchase_value`:
    of one purchase; `wait`: days, see Buying.median_wait. `buying`: what was learnt of all."""

    buying: Buying | None
    alive: Numbers
    purchases: Numbers
    wait: Numbers
    purchase_value: Numbers
    value: Numbers
    reason: npt.NDArray[np.object_]


def purchases(context: Context, day: date, until: date, customers: int | None = None) -> pa.Table:
    """A row per customer with a sale: what was bought up to `day`, and after it up to `until`.

    `customers`: no more of them than these, drawn by lot.
    """
    among = BY_LOT.format(customers=customers) if customers else ""
    query = PURCHASES.format(among=among)
    return context.connection.execute(query, {"day": day, "until": until}).to_arrow_table()


def foretell(rows: pa.Table, days: float) -> Outlook:
    """What to expect in the `days` after the last one known."""
    bought, recency, age = (numbers(rows, name) for name in ("purchases", "recency", "age"))
    reason = np.full(len(bought), None, object)
    reason[bought == 0] = UNDATED
    repeats = np.where(bought > 0, bought - 1, np.nan)
    buying = None
    if np.count_nonzero(repeats > 0) < ENOUGH:
        reason[bought > 0] = FEW
    else:
        some = _sample(rows, bought > 0)
        buying = fit_buying(repeats[some], recency[some], age[some])
        if buying is None:
            reason[bought > 0] = LOST
    if buying is None:
        nothing = np.full(len(bought), np.nan)
        return Outlook(None, nothing, nothing, nothing, nothing, nothing, reason)
    alive = buying.alive(repeats, recency, age)
    expected = alive * buying.purchases(days, repeats, age)
    worth = _worth(rows, reason)
    return Outlook(
        buying=buying,
        alive=alive,
        purchases=expected,
        wait=buying.median_wait(repeats, age),
        purchase_value=worth,
        value=expected * worth,
        reason=reason,
    )


def numbers(rows: pa.Table, name: str) -> Numbers:
    return np.asarray(rows[name].to_numpy())


def _worth(rows: pa.Table, reason: npt.NDArray[np.object_]) -> Numbers:
    """Expected amount of one purchase; where there is none, writes the reason."""
    paid, mean = numbers(rows, "paid"), numbers(rows, "mean")
    worth = np.full(len(paid), np.nan)
    reason[(reason == None) & (paid == 0)] = UNPRICED  # noqa: E711 - element by element
    priced, spending, problem = paid > 0, None, f"{FEW} with amounts"
    if np.count_nonzero(paid > 1) >= ENOUGH:
        some = _sample(rows, priced)
        spending, problem = fit_spending(paid[some], mean[some]), f"{LOST} for amounts"
    if spending is None:
        reason[priced] = problem
    else:
        worth[priced] = spending.mean(paid[priced], mean[priced])
    return worth


def _sample(rows: pa.Table, among: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Where the customers are to learn from: by lot, and always the same of the same customers."""
    [places] = np.nonzero(among)
    lots = rows["lot"].to_numpy()[places]
    return places[np.argsort(lots)[:SAMPLE]]
