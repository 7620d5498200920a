"""A company's raw tables at the size of a large one, made in SQL: no pull could fill them in time.

Half of the customers are a Shopify shop's, a third a WooCommerce shop's, the rest an ERP's, whose
order lines are rows of their own. Of the last two every second one is a customer of the first shop
too. Ten order lines to a customer, three to an order.
"""

from __future__ import annotations

from typing import Any

import duckdb

from systems import System
from warehouse import tables

SYSTEMS = (
    System("shop", "shopify"),
    System("store", "woocommerce"),
    System("books", "soap", contract="canonical"),
)
LINES = 10  # a customer's
LOAD = "1700000000.0"
FIRST = "timestamp '2021-01-01'"
# From which to which share of the customers each system has.
PEOPLE = {"shop": (0.0, 0.5), "store": (0.5, 0.85), "books": (0.85, 1.0)}
PERSON = """
    select
        {first} + i as n,
        -- every second one of the other systems is a customer of the shop as well
        case when {first} + i >= {half} and i % 2 = 0 then i else {first} + i end as person,
        ['Ayşe', 'Mehmet', 'Zeynep', 'Çağlar', 'Işıl', 'Ömer'][person % 6 + 1] as given,
        concat('Soyad', person % 50000) as family,
        concat('kisi', person, '@posta', person % 7, '.example') as email,
        case person % 5
            when 0 then concat('0', 5300000000 + person * 7 % 690000000)
            when 1 then concat('+90 ', 5300000000 + person * 7 % 690000000)
            when 2 then regexp_replace((5300000000 + person * 7 % 690000000)::varchar,
                '(...)(...)(..)(..)', '0 (\\1) \\2 \\3 \\4')
            else (5300000000 + person * 7 % 690000000)::varchar
        end as phone,
        ['İstanbul', 'Ankara', 'İzmir', 'Muğla', 'Bursa'][person % 5 + 1] as city,
        {begin} + to_minutes(person % 1500000) as moment
    from range({count}) as people (i)
"""
ORDER = """
    select
        i as n,
        {first} + hash(i) % {count} as customer,
        {begin} + to_seconds(i * 37 % 160000000) as moment,
        case when i % 11 = 0 then 'EUR' else 'TRY' end as currency,
        (100 + i % 4000)::decimal(18, 4) as price
    from range({orders}) as orders (i)
"""


def counts(system: str, customers: int) -> dict[str, int]:
    """Of a system: its first number, how many customers and orders it has."""
    low, high = PEOPLE[system]
    share = high - low
    return {
        "first": round(low * customers),
        "count": round(share * customers),
        "orders": round(share * customers * LINES / 3),
    }


def fill(connection: duckdb.DuckDBPyConnection, customers: int) -> None:
    """Raw tables of `customers` records and ten times as many order lines."""
    tables.ensure(connection)
    for system in SYSTEMS:
        sizes = counts(system.name, customers) | {"half": customers // 2, "begin": FIRST}
        for table in QUERIES[system.kind]:
            name = tables.raw_name(system, table)
            connection.execute(f"insert into {name} by name {_made(system, table, sizes)}")
            tables.bump(connection, name, LOAD)


def changed(customers: int) -> int:
    """How many orders `change` brings."""
    return customers // 200


def change(connection: duckdb.DuckDBPyConnection, customers: int) -> int:
    """Half a percent of the customers move, as many others order once more; gives their number."""
    shop = SYSTEMS[0]
    sizes = counts(shop.name, customers) | {"half": customers // 2, "begin": FIRST}
    sizes |= {"orders": sizes["orders"] + changed(customers)}
    people, orders = tables.raw_name(shop, "customers"), tables.raw_name(shop, "orders")
    connection.execute(
        f"""update {people} set city = 'Van', phone = concat('0', 5990000000 + id::bigint),
                _hash = md5(concat(_hash, 'moved'))
            where id::bigint % 100 = 0 and id::bigint < {customers // 2}"""
    )
    connection.execute(
        f"""insert into {orders} by name
            select * from ({_made(shop, "orders", sizes)})
            where id::bigint >= {sizes["orders"] - changed(customers)}"""
    )
    for name in (people, orders):
        tables.bump(connection, name, f"{LOAD}.changed")
    return changed(customers)


def _made(system: System, table: str, sizes: dict[str, Any]) -> str:
    """SELECT of a raw table's rows."""
    return f"""with people as ({PERSON.format(**sizes)}), orders as ({ORDER.format(**sizes)}),
        made as ({QUERIES[system.kind][table]})
        select '{system.name}' as _system, md5(_key) as _hash, '{LOAD}' as _load_id, made.*
        from made"""


def _lines(product: str, **columns: str) -> str:
    """SQL of an order's three lines."""
    more = "".join(f", {name}: {value}" for name, value in columns.items())
    return f"""list_transform([0, 1, 2], lambda nth: {{
        line_id: concat(n * 3 + nth), product_id: concat((n + nth) % 20000),
        product_name: concat('{product} ', (n + nth) % 20000), quantity: nth + 1,
        unit_price: price, total: price * (nth + 1){more}}})"""


QUERIES = {
    "shopify": {
        "customers": """select n::varchar as _key, _key as id, given as first_name,
            family as last_name, concat(given, ' ', family) as name, email, phone, city,
            'TR' as country, moment as created_at, moment as updated_at,
            if(n % 3 = 0, 'SUBSCRIBED', 'NOT_SUBSCRIBED') as email_marketing from people""",
        "orders": f"""select n::varchar as _key, _key as id, customer::varchar as customer_id,
            'PAID' as financial_status, currency, price * 6 as total, moment as ordered_at,
            moment as updated_at, {_lines("Ürün", sku="concat('KP-', (n + nth) % 20000)")} as lines
            from orders""",
    },
    "woocommerce": {
        "customers": """select n::varchar as _key, n as id, given as first_name,
            family as last_name, email, phone, city, 'TR' as country, moment as created_at,
            moment as updated_at from people""",
        "orders": f"""select n::varchar as _key, n as id, customer as customer_id,
            'completed' as status, currency, price * 6 as total, moment as ordered_at,
            moment as updated_at, {_lines("Mal", sku="concat('KP-', (n + nth) % 20000)")} as lines
            from orders""",
    },
    "soap": {
        "customers": """select concat('C', n) as _key, _key as customer_key,
            concat(given, ' ', family) as name, email, phone, city,
            (n % 100)::decimal(18, 2) as balance, 'TRY' as currency, moment as created_at,
            moment as updated_at from people""",
        "orders": """select concat('F', n) as _key, _key as order_id,
            concat('C', customer) as customer_key, 'paid' as status, true as billed, currency,
            (price * 6)::decimal(18, 2) as total, moment as ordered_at, moment as updated_at
            from orders""",
        "order_lines": """select concat('F', n, '/', line) as _key, concat('F', n) as order_id,
            line::varchar as line_id, concat((n + line) % 20000) as product_id,
            concat('Kalem ', (n + line) % 20000) as product_name, line + 1 as quantity,
            price as unit_price, price * (line + 1) as total, currency
            from orders cross join range(3) as lines (line)""",
    },
}
