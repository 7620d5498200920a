-- One row per refund of a generic system that is still there.
select
    concat(_system, '/refunds/', _key) as refund_record,
    _system as system,
    _key as key,
    _system || '/orders/' || order_id as order_record,
    _system || '/customers/' || customer_key as customer_record,
    refunded_at,
    amount,
    currency,
    status,
    reason,
    hash(_key, _hash) as content
from raw_canonical.refunds
where _change is null
