"""1,000,000 customers and 10,000,000 order lines of three systems, from raw tables to every mart.

Ours are all models but for matching (identity, and the normal forms it compares) and for what
customers may be worth, whose seconds are figures by themselves; `memory` is that of all. The
baseline is one hand-written statement over the same raw tables for the core figures of the same
customers: what they bought, when, where and for how much, which it must find equal to ours. It is
told who is who, and knows nothing of guests, refunds, carts or time lines. Holding the marts
against their contracts and serving them are not in here.
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
    with records as (
        select concat(_system, '/customers/', _key) as record, name, email, phone, city, updated_at
        from raw_shopify.customers where _change is null
        union all
        select concat(_system, '/customers/', _key), concat_ws(' ', first_name, last_name), email,
            phone, city, updated_at
        from raw_woocommerce.customers where _change is null
        union all
        select concat(_system, '/customers/', customer_key), name, email, phone, city, updated_at
        from raw_canonical.customers where _change is null
    ),
    people as (
        select customer_id, count(*) as records, arg_max(name, updated_at) as name,
            arg_max(email, updated_at) as email, arg_max(phone, updated_at) as phone,
            arg_max(city, updated_at) as city
        from records join identity.customers using (record)
        group by all
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
        select _system, key, currency, count(*) as orders,
            count(*) filter (where ordered_at > year_ago) as recent_orders,
            sum(total) as revenue, sum(total) filter (where ordered_at > year_ago) as recent,
            min(ordered_at) as first_at, max(ordered_at) as last_at, sum(lines) as lines,
            sum(quantity) as quantity, sum(line_total) as line_total
        from orders
        cross join (select as_of - interval 12 months as year_ago from ops.as_of)
        group by all
    ),
    sales as (
        select customer_id, systems.system, channel, sums.* exclude (_system, key)
        from sums
        join identity.customers on concat(_system, '/customers/', key) = record
        join ops.systems as systems on _system = systems.system
    ),
    figures as (
        select customer_id, sum(orders) as order_count, sum(recent_orders) as order_count_12m,
            sum(revenue) filter (where currency = 'TRY') as revenue_company,
            sum(recent) filter (where currency = 'TRY') as revenue_company_12m,
            (revenue_company / sum(orders) filter (where currency = 'TRY'))::decimal(18, 2)
                as average_basket_company,
            min(first_at)::date as first_order_on, arg_min(channel, first_at) as first_channel,
            max(last_at)::date as last_order_on, arg_max(channel, last_at) as last_channel,
            list_sort(list(distinct channel)) as channels, sum(lines) as lines,
            sum(quantity) as quantity, sum(line_total) as line_total
        from sales
        group by all
    ),
    revenue as (
        select customer_id, map(list(currency order by currency), list(revenue order by currency))
                as revenue,
            map(list(currency order by currency) filter (where recent is not null),
                list(recent order by currency) filter (where recent is not null)) as revenue_12m
        from (
            select customer_id, currency, sum(revenue) as revenue, sum(recent) as recent
            from sales group by all
        )
        group by all
    ),
    shops as (
        select customer_id, arg_max(system, (orders, last_at, system)) as favourite_shop
        from (
            select customer_id, system, sum(orders) as orders, max(last_at) as last_at
            from sales group by all
        )
        group by all
    )
    select people.*, figures.* exclude (customer_id), revenue, revenue_12m, favourite_shop
    from people
    left join figures using (customer_id)
    left join revenue using (customer_id)
    left join shops using (customer_id)
"""
# What both say of every customer.
SAME = (
    *("order_count", "order_count_12m", "revenue", "revenue_12m", "revenue_company"),
    *("revenue_company_12m", "average_basket_company", "first_order_on", "last_order_on"),
    *("channels", "favourite_shop"),
)


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
            "select sum(records), sum(order_count) from bare.core",
            "select sum(lines), sum(quantity), sum(line_total) from bare.core",
        )
        _compare(connection)
    return whole


def _hold(connection: duckdb.DuckDBPyConnection, size: int, *queries: str) -> None:
    """Raises Failed where a side did not find all that was sold."""
    found = [connection.execute(query).fetchall()[0] for query in queries]
    if found != (wanted := _sold(size)):
        raise Failed(f"records, orders; lines, quantity, amount: {found} instead of {wanted}")


def _compare(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises Failed where both sides do not say the same of every customer."""
    for name in SAME:
        differing = connection.execute(
            f"""select count(*), any_value(customer_id)
                from (select * from marts.customer_360 where order_count > 0) as ours
                full join (select * from bare.core where order_count > 0) as bare
                    using (customer_id)
                where ours.{name} is distinct from bare.{name}"""
        ).fetchall()[0]
        if differing[0]:
            raise Failed(f"{name}: {differing[0]} customers differ, such as {differing[1]}")


def _sold(size: int) -> list[tuple[int, ...]]:
    """Records and orders; lines, quantity and amount that shops.fill makes."""
    counts = [shops.counts(system.name, size) for system in shops.SYSTEMS]
    orders = sum(count["orders"] for count in counts)
    amount = sum(6 * (100 + i % 4000) for count in counts for i in range(count["orders"]))
    return [(sum(count["count"] for count in counts), orders), (orders * 3, orders * 6, amount)]
