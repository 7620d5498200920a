-- One row per refund of a WooCommerce order that is still there.
select
    concat(refunds._system, '/refunds/', refunds._key) as refund_record,
    refunds._system as system,
    refunds._key as key,
    concat(refunds._system, '/orders/', refunds.order_id) as order_record,
    null::varchar as customer_record,
    refunds.refunded_at,
    refunds.amount,
    orders.currency,
    null::varchar as status,
    refunds.reason,
    hash(refunds._key, refunds._hash) as content
from raw_woocommerce.refunds as refunds
left join raw_woocommerce.orders as orders
    on refunds._system = orders._system and refunds.order_id = orders.id
where refunds._change is null
