-- One row per order of a generic system. Receipts known by their lines only are added up; an
-- order that has both a head and lines of their own is one order.
with headed as (
    select
        _system,
        order_id,
        customer_key,
        ordered_at,
        status,
        billed,
        currency,
        total,
        hash(_key, _hash) as content
    from raw_canonical.orders
    where _change is null
),

receipts as (
    select
        _system,
        order_id,
        max(customer_key) as customer_key,
        min(ordered_at) as ordered_at,
        max(currency) as currency,
        sum(total) as total,
        bit_xor(hash(_key, _hash)) as content
    from raw_canonical.order_lines
    where _change is null
    group by all
),

orders as (
    select
        coalesce(headed._system, receipts._system) as _system,
        coalesce(headed.order_id, receipts.order_id) as order_id,
        coalesce(headed.customer_key, receipts.customer_key) as customer_key,
        coalesce(headed.ordered_at, receipts.ordered_at) as ordered_at,
        headed.status,
        headed.billed,
        coalesce(headed.currency, receipts.currency) as currency,
        coalesce(headed.total, receipts.total) as total,
        hash(headed.content, receipts.content) as content
    from headed
    full join receipts
        on headed._system = receipts._system and headed.order_id = receipts.order_id
)

select
    concat(_system, '/orders/', order_id) as order_record,
    _system as system,
    order_id as key,
    _system || '/customers/' || customer_key as customer_record,
    null::varchar as contact_name,
    null::varchar as contact_company,
    null::varchar as contact_email,
    null::varchar as contact_phone,
    null::varchar as contact_address,
    null::varchar as contact_city,
    null::varchar as contact_postcode,
    ordered_at,
    status,
    coalesce(status, '') not in ('cancelled', '-1') as is_sale,
    billed,
    currency,
    total::decimal(18, 4) as total,
    content
from orders
