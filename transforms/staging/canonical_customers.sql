-- One row per customer of a system of a generic kind (soap, files) that is still there.
select
    concat(_system, '/customers/', _key) as record,
    _system as system,
    _key as key,
    coalesce(name, nullif(concat_ws(' ', first_name, last_name), ''), company) as name,
    first_name,
    last_name,
    company,
    email,
    phone,
    tax_number,
    birth_date,
    address,
    city,
    postcode,
    country,
    gender,
    consent_email,
    consent_sms,
    balance,
    currency,
    created_at,
    updated_at
from raw_canonical.customers
where _change is null
