-- One row per Shopify checkout that was begun and left, and is still there.
select
    concat(_system, '/carts/', _key) as cart_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_id as customer_record,
    null::varchar as order_record,
    email,
    coalesce(billing_phone, shipping_phone) as phone,
    created_at,
    coalesce(completed_at, updated_at) as updated_at,
    completed_at is not null as is_bought,
    currency,
    total,
    len(lines) as line_count,
    hash(_key, _hash) as content
from raw_shopify.abandoned_checkouts
where _change is null
