-- One row per HubSpot deal that is still there, with its first contact; of a contact that was
-- merged, with the one that is left.
with deals as (
    select
        *,
        _system || '/customers/' || contacts[1].contact_id as contact
    from raw_hubspot.deals
    where _change is null
)

select
    concat(_system, '/orders/', _key) as order_record,
    _system as system,
    _key as key,
    coalesce(merged.survivor, deals.contact) as customer_record,
    null::varchar as contact_name,
    null::varchar as contact_company,
    null::varchar as contact_email,
    null::varchar as contact_phone,
    null::varchar as contact_address,
    null::varchar as contact_city,
    null::varchar as contact_postcode,
    coalesce(closed_at, created_at) as ordered_at,
    stage as status,
    stage = 'closedwon' as is_sale,
    null::boolean as billed,
    currency,
    amount as total,
    hash(_key, _hash) as content
from deals
left join staging.merged_records as merged on deals.contact = merged.record
