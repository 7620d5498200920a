-- One row per visit, view, call, message ... of a generic system that is still there.
select
    concat(_system, '/interactions/', _key) as interaction_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_key as customer_record,
    email,
    phone,
    kind,
    occurred_at,
    visitor_id,
    channel,
    campaign,
    direction,
    product_id,
    url,
    subject,
    outcome,
    agent,
    duration_seconds,
    hash(_key, _hash) as content
from raw_canonical.interactions
where _change is null
