-- One row per Shopify order that is still there; `contact_*` is who placed it.
select
    concat(_system, '/orders/', _key) as order_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_id as customer_record,
    billing_name as contact_name,
    billing_company as contact_company,
    email as contact_email,
    coalesce(phone, billing_phone) as contact_phone,
    billing_address as contact_address,
    billing_city as contact_city,
    billing_postcode as contact_postcode,
    ordered_at,
    lower(financial_status) as status,
    cancelled_at is null
    and coalesce(financial_status, '') not in ('VOIDED', 'EXPIRED', 'REFUNDED') as is_sale,
    null::boolean as billed,
    currency,
    total,
    hash(_key, _hash) as content
from raw_shopify.orders
where _change is null
