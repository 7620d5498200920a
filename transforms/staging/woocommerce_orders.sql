-- One row per WooCommerce order that is still there; `contact_*` is who placed it.
select
    concat(_system, '/orders/', _key) as order_record,
    _system as system,
    _key as key,
    -- 0 is WooCommerce's word for a guest
    _system || '/customers/' || nullif(customer_id, 0) as customer_record,
    nullif(concat_ws(' ', billing_first_name, billing_last_name), '') as contact_name,
    billing_company as contact_company,
    billing_email as contact_email,
    billing_phone as contact_phone,
    billing_address as contact_address,
    billing_city as contact_city,
    billing_postcode as contact_postcode,
    ordered_at,
    status,
    status in ('completed', 'processing', 'on-hold') as is_sale,
    null::boolean as billed,
    currency,
    total,
    hash(_key, _hash) as content
from raw_woocommerce.orders
where _change is null
