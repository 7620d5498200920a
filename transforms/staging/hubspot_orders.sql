-- One row per HubSpot deal that is still there, with its first contact.
select
    concat(_system, '/orders/', _key) as order_record,
    _system as system,
    _key as key,
    _system || '/customers/' || contacts[1].contact_id as customer_record,
    null::varchar as contact_name,
    null::varchar as contact_company,
    null::varchar as contact_email,
    null::varchar as contact_phone,
    coalesce(closed_at, created_at) as ordered_at,
    stage as status,
    stage = 'closedwon' as is_sale,
    null::boolean as billed,
    currency,
    amount as total
from raw_hubspot.deals
where _change is null
