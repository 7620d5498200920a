-- One row per Shopify customer that is still there.
select
    concat(_system, '/customers/', _key) as record,
    _system as system,
    _key as key,
    name,
    first_name,
    last_name,
    company,
    email,
    coalesce(phone, address_phone) as phone,
    null::varchar as tax_number,
    null::date as birth_date,
    address,
    city,
    postcode,
    country,
    email_marketing = 'SUBSCRIBED' as consent_email,
    null::decimal(18, 2) as balance,
    null::varchar as currency,
    created_at,
    updated_at
from raw_shopify.customers
where _change is null
