-- One row per paid Shopify order: the shop tells of its payments as a state of the order only.
with orders as (
    select
        *,
        -- what was ordered, before anything was taken back
        subtotal + coalesce(shipping, 0) + if(taxes_included, 0, coalesce(tax, 0)) as ordered
    from raw_shopify.orders
    where _change is null
)

select
    concat(_system, '/payments/', _key) as payment_record,
    _system as system,
    _key as key,
    concat(_system, '/orders/', _key) as order_record,
    null::varchar as customer_record,
    ordered_at as paid_at,
    null::varchar as method,
    lower(financial_status) as status,
    (case financial_status
        when 'PAID' then total
        -- all that was paid was given back
        when 'REFUNDED' then refunded
        when 'PARTIALLY_REFUNDED' then coalesce(ordered, total)
    end)::decimal(18, 2) as amount,
    null::decimal(18, 2) as fee,
    currency,
    null::bigint as installments,
    null::varchar as reference
from orders
where financial_status in ('PAID', 'PARTIALLY_PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')
