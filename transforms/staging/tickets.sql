-- One row per HubSpot ticket and contact it is linked to, that is still there.
with stages as (
    select
        _system,
        id as pipeline,
        unnest(stages, recursive := true)  -- noqa: AL03
    from raw_hubspot.pipelines
    where object_type = 'tickets' and _change is null
),

-- one of nobody stays
tickets as (
    select
        *,
        unnest(
            if(len(contacts) > 0, list_transform(contacts, lambda one: one.contact_id), [null])
        ) as contact_id
    from raw_hubspot.tickets
    where _change is null
)

select
    concat_ws('/', tickets._system, 'tickets', tickets._key, tickets.contact_id) as ticket_record,
    tickets._system as system,
    tickets._key as key,
    coalesce(merged.survivor, tickets._system || '/customers/' || tickets.contact_id)
        as customer_record,
    tickets.subject,
    tickets.priority,
    lower(tickets.source) as channel,
    coalesce(stages.name, tickets.stage) as status,
    tickets.created_at as opened_at,
    tickets.closed_at,
    tickets.closed_at is null and not coalesce(stages.is_closed, false) as is_open,
    hash(tickets._key, tickets._hash, stages.name, stages.is_closed) as content
from tickets
left join stages
    on
        tickets._system = stages._system
        and tickets.pipeline = stages.pipeline
        and tickets.stage = stages.stage_id
left join staging.merged_records as merged
    on tickets._system || '/customers/' || tickets.contact_id = merged.record
