-- One row per order of a generic system; receipts known by their lines only are added up.
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
        lines
    from raw_canonical.orders
    where _change is null
),

receipts as (
    select
        _system,
        order_id,
        max(customer_key) as customer_key,
        min(ordered_at) as ordered_at,
        null::varchar as status,
        null::boolean as billed,
        max(currency) as currency,
        sum(total) as total,
        list({
            line_id: line_id,
            product_id: product_id,
            product_name: product_name,
            quantity: quantity,
            unit_price: unit_price,
            total: total
        } order by line_id) as lines
    from raw_canonical.order_lines
    where _change is null
    group by all
),

orders as (
    select * from headed
    union all by name
    select * from receipts
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
    ordered_at,
    status,
    coalesce(status, '') not in ('cancelled', '-1') as is_sale,
    billed,
    currency,
    total,
    lines
from orders
