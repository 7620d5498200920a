-- One row per payment of a generic system that is still there.
select
    concat(_system, '/payments/', _key) as payment_record,
    _system as system,
    _key as key,
    _system || '/orders/' || order_id as order_record,
    _system || '/customers/' || customer_key as customer_record,
    paid_at,
    method,
    status,
    amount,
    fee,
    currency,
    installments,
    reference,
    hash(_key, _hash) as content
from raw_canonical.payments
where _change is null
