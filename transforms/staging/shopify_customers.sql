-- One row per Shopify customer that is still there. Who never subscribed said neither yes nor no.
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
    case email_marketing when 'SUBSCRIBED' then true when 'UNSUBSCRIBED' then false end
        as consent_email,
    email_marketing_at as consent_email_at,
    case sms_marketing when 'SUBSCRIBED' then true when 'UNSUBSCRIBED' then false end
        as consent_sms,
    sms_marketing_at as consent_sms_at,
    null::decimal(18, 2) as balance,
    null::varchar as currency,
    created_at,
    updated_at
from raw_shopify.customers
where _change is null
