"""1,000,000 customers and 10,000,000 order lines of three systems, from raw tables to every mart.

Ours are all models but for matching (identity, and the normal forms it compares) and for what
customers may be worth, whose seconds are figures by themselves; `memory` is that of all. The
baseline is one hand-written statement over the same raw tables for the core of it: each customer
record with its orders, revenue by currency, first and last day, lines, quantity and line total. It
knows nothing of who is the same person. Holding the marts against their contracts and serving them
are not in here.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks import TIMES, Failed, Options, Row, figure, ratio, shops
from benchmarks.apart import Cost, apart, cost
from warehouse import Places, opened
from warehouse.build import TRANSFORMS, Context, discover, prepare, refresh, store_as_of
from warehouse.journal import Journal

SIZE = 1_000_000  # customers
APART = {
    "matching": ("matching.", "identity.", "staging.identifiers"),
    "value": ("marts.customer_value", "metrics.customer_value_error"),
}
BARE = """
    with customers as (
        select _system, id as key, name, email, phone, city
        from raw_shopify.customers where _change is null
        union all
        select _system, id::varchar, concat_ws(' ', first_name, last_name), email, phone, city
        from raw_woocommerce.customers where _change is null
        union all
        select _system, customer_key, name, email, phone, city
        from raw_canonical.customers where _change is null
    ),
    lines as (
        select _system, order_id, count(*) as lines, sum(quantity) as quantity, sum(total) as total
        from raw_canonical.order_lines where _change is null
        group by all
    ),
    orders as (
        select _system, customer_id as key, ordered_at, currency, total, len(lines) as lines,
            list_sum(list_transform(lines, lambda line: line.quantity)) as quantity,
            list_sum(list_transform(lines, lambda line: line.total)) as line_total
        from raw_shopify.orders where _change is null and financial_status = 'PAID'
        union all
        select _system, customer_id::varchar, ordered_at, currency, total, len(lines),
            list_sum(list_transform(lines, lambda line: line.quantity)),
            list_sum(list_transform(lines, lambda line: line.total))
        from raw_woocommerce.orders where _change is null and status = 'completed'
        union all
        select orders._system, customer_key, ordered_at, currency, orders.total, lines.lines,
            lines.quantity, lines.total
        from raw_canonical.orders as orders
        left join lines using (_system, order_id)
        where _change is null and status = 'paid'
    ),
    sums as (
        select _system, key, currency, count(*) as orders, sum(total) as revenue,
            min(ordered_at)::date as first_on, max(ordered_at)::date as last_on,
            sum(lines) as lines, sum(quantity) as quantity, sum(line_total) as line_total
        from orders
        group by all
    ),
    figures as (
        select _system, key, sum(orders) as orders, map(list(currency), list(revenue)) as revenue,
            min(first_on) as first_on, max(last_on) as last_on, sum(lines) as lines,
            sum(quantity) as quantity, sum(line_total) as line_total
        from sums
        group by all
    )
    select customers.*, figures.* exclude (_system, key)
    from customers left join figures using (_system, key)
"""


def measure(options: Options) -> list[Row]:
    size = options.size
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        _run(options, "making raw tables", make, folder)
        spent, whole = _run(options, "ours", ours, folder)
        bare = [_run(options, "bare SQL", theirs, folder) for _ in range(TIMES)]
    baseline = median(run.seconds for run in bare)
    return [
        ratio("build_360", "bare SQL", spent["models"], baseline, "s", size),
        *(figure("build_360", part, spent[part], "s", size) for part in APART),
        figure("build_360", "memory", whole.memory, "MB", size),
    ]


def _run(options: Options, named: str, what: Any, folder: str) -> Any:
    lines = options.size * shops.LINES
    words = f"build_360: {named}, {options.size:,} customers, {lines:,} lines"
    return apart(options.say, words, what, Path(folder), options.size)


def make(folder: Path, size: int) -> None:
    with opened(Places.below(folder)) as connection:
        shops.fill(connection, size)


def ours(folder: Path, size: int) -> tuple[dict[str, float], Cost]:
    """Seconds of what is counted apart and of all other models."""
    places = Places.below(folder)
    spent = dict.fromkeys(("models", *APART), 0.0)
    with opened(places) as connection, cost() as whole:
        prepare(connection, shops.SYSTEMS)
        store_as_of(connection, datetime.now(UTC).replace(tzinfo=None))
        for model in discover(TRANSFORMS):
            started = time.perf_counter()
            refresh(Context(connection, Journal(places.journal)), [model])
            parts = [part for part, names in APART.items() if model.name.startswith(names)]
            spent[parts[0] if parts else "models"] += time.perf_counter() - started
        _hold(
            connection,
            size,
            "select sum(len(flatten(map_values(ids)))), sum(order_count) from marts.customer_360",
            "select count(*), sum(quantity), sum(total) from marts.order_lines",
        )
    return spent, whole


def theirs(folder: Path, size: int) -> Cost:
    with opened(Places.below(folder)) as connection:
        connection.execute("create schema if not exists bare")
        with cost() as whole:
            connection.execute(f"create or replace table bare.core as {BARE}")
        _hold(
            connection,
            size,
            "select count(*), sum(orders) from bare.core",
            "select sum(lines), sum(quantity), sum(line_total) from bare.core",
        )
    return whole


def _hold(connection: duckdb.DuckDBPyConnection, size: int, *queries: str) -> None:
    """Raises Failed where a side did not find all that was sold."""
    found = [connection.execute(query).fetchall()[0] for query in queries]
    if found != (wanted := _sold(size)):
        raise Failed(f"records, orders; lines, quantity, amount: {found} instead of {wanted}")


def _sold(size: int) -> list[tuple[int, ...]]:
    """Records and orders; lines, quantity and amount that shops.fill makes."""
    counts = [shops.counts(system.name, size) for system in shops.SYSTEMS]
    orders = sum(count["orders"] for count in counts)
    amount = sum(6 * (100 + i % 4000) for count in counts for i in range(count["orders"]))
    return [(sum(count["count"] for count in counts), orders), (orders * 3, orders * 6, amount)]
