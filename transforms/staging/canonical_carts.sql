-- One row per shopping cart of a generic system that is still there.
select
    concat(_system, '/carts/', _key) as cart_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_key as customer_record,
    _system || '/orders/' || order_id as order_record,
    email,
    phone,
    created_at,
    coalesce(updated_at, created_at) as updated_at,
    order_id is not null as is_bought,
    currency,
    total,
    len(lines) as line_count,
    hash(_key, _hash) as content
from raw_canonical.carts
where _change is null
