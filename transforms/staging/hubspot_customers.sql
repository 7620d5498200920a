-- One row per HubSpot contact that is still there, or was merged into another.
select
    concat(_system, '/customers/', _key) as record,
    _system as system,
    _key as key,
    nullif(concat_ws(' ', first_name, last_name), '') as name,
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
    -- not to have opted out is no consent
    if(email_optout, false, null) as consent_email,
    null::decimal(18, 2) as balance,
    null::varchar as currency,
    created_at,
    updated_at,
    _system || '/customers/' || nullif(
        regexp_extract(_change, '^merged into (.+)$', 1), ''
    ) as merged_into
from raw_hubspot.contacts
where _change is null or _change like 'merged into %'
