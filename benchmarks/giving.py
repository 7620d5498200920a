"""What every tool is to be given, made in SQL and served as a build serves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from warehouse import Places, meta, opened, snapshot, tables, transaction
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.known import store_as_of
from warehouse.outgoing import Held
from warehouse.serve import serve

MODELS: Mapping[str, str] = {
    "shopify": "activation.shopify_customers",
    "woocommerce": "activation.woocommerce_customers",
    "hubspot": "activation.hubspot_contacts",
    "soap": "activation.soap_customers",
    "files": "activation.files_customers",
}
# What a record should hold, after `turn` changes; some have no value of some fields.
FACTS = """
    select '{system}' as system, n::varchar as record, printf('c_%012x', n) as customer_id,
        concat(['Ayşe', 'Mehmet', 'Zeynep', 'Işıl'][n % 4 + 1], ' Yılmaz ', n) as name,
        case when n % 9 > 0 then concat('musteri', n, '@posta.example') end as email,
        case when n % 5 > 0 then printf('+90 532 %03d %04d', n // 10000 % 1000, n % 10000) end
            as phone,
        {city} as city,
        n % 7 as order_count,
        case when n % 7 > 0 then date '2024-01-01' + (n % 400)::integer end as first_order_on,
        first_order_on + (n % 300)::integer as last_order_on,
        case when n % 7 > 0 then 'invoice, online' end as channels,
        n % 2 = 0 as is_omnichannel,
        case when n % 7 > 0 then concat(n % 1000, '.50 TRY') end as revenue,
        case when n % 10 = 0 then concat(n % 77, '.00 TRY') end as open_balance
    from range(1, {size} + 1) as numbers(n)
"""
CITY = "['İstanbul', 'Ankara', 'İzmir', 'Muğla'][n % 4 + 1]"


def wanted(places: Places, systems: Mapping[str, str], size: int, city: str = CITY) -> None:
    """Serves the activation models of these systems (name by kind), each of `size` records, and the
    ledger of what the journal says by then. `city`: SQL of n, a record's number."""
    with opened(places) as connection:
        tables.ensure(connection)
        merge_journal(connection, Journal(places.journal))
        connection.execute("create schema if not exists activation")
        for kind, model in MODELS.items():
            if kind in systems:
                facts = FACTS.format(system=systems[kind], size=size, city=city)
                connection.execute(f"create or replace table {model} as {facts}")
        store_as_of(connection, datetime.now(UTC).replace(tzinfo=None))
        build = meta.describe(connection, [Held("activation", "activation", "1")])
        serve(places, connection, {}, build, {})
        with transaction(connection):
            snapshot.remember(connection, build)
