-- One row per call, e-mail or meeting in HubSpot and contact who took part, that is still there.
with calls as (
    select
        _system,
        'calls' as type,
        _key,
        _hash,
        'call' as kind,
        happened_at,
        case direction when 'INBOUND' then 'in' when 'OUTBOUND' then 'out' end as direction,
        title as subject,
        status as outcome,
        owner_id,
        (duration_ms / 1000)::bigint as duration_seconds,
        contacts
    from raw_hubspot.calls
    where _change is null
),

emails as (
    select
        _system,
        'emails' as type,
        _key,
        _hash,
        'email' as kind,
        happened_at,
        if(direction = 'INCOMING_EMAIL', 'in', 'out') as direction,
        subject,
        status as outcome,
        owner_id,
        null::bigint as duration_seconds,
        contacts
    from raw_hubspot.emails
    where _change is null
),

meetings as (
    select
        _system,
        'meetings' as type,
        _key,
        _hash,
        'meeting' as kind,
        coalesce(starts_at, happened_at) as happened_at,
        null::varchar as direction,
        title as subject,
        outcome,
        owner_id,
        date_diff('second', starts_at, ends_at) as duration_seconds,
        contacts
    from raw_hubspot.meetings
    where _change is null
),

activities as (
    select * from calls
    union all by name
    select * from emails
    union all by name
    select * from meetings
),

-- one with nobody in it stays
attended as (
    select
        * exclude (contacts),
        unnest(
            if(len(contacts) > 0, list_transform(contacts, lambda one: one.contact_id), [null])
        ) as contact_id
    from activities
)

select
    concat_ws('/', attended._system, attended.type, attended._key, attended.contact_id)
        as interaction_record,
    attended._system as system,
    attended._key as key,
    coalesce(merged.survivor, attended._system || '/customers/' || attended.contact_id)
        as customer_record,
    null::varchar as email,
    null::varchar as phone,
    attended.kind,
    attended.happened_at as occurred_at,
    null::varchar as visitor_id,
    'hubspot' as channel,
    null::varchar as campaign,
    attended.direction,
    null::varchar as product_id,
    null::varchar as url,
    attended.subject,
    attended.outcome,
    attended.owner_id as agent,
    attended.duration_seconds,
    hash(attended._key, attended._hash) as content
from attended
left join staging.merged_records as merged
    on attended._system || '/customers/' || attended.contact_id = merged.record
