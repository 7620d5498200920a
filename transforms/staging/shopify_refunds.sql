-- One row per refund of a Shopify order that is still there.
with refunds as (
    select
        _system,
        _key,
        _hash,
        currency,
        unnest(refunds, recursive := true)  -- noqa: AL03
    from raw_shopify.orders
    where _change is null
)

select
    concat(_system, '/refunds/', refund_id) as refund_record,
    _system as system,
    refund_id as key,
    concat(_system, '/orders/', _key) as order_record,
    null::varchar as customer_record,
    refunded_at,
    amount,
    currency,
    null::varchar as status,
    note as reason,
    hash(refund_id, _hash) as content
from refunds
