-- One row per answer to a survey that is still there.
select
    concat(_system, '/surveys/', _key) as survey_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_key as customer_record,
    _system || '/orders/' || order_id as order_record,
    email,
    phone,
    lower(kind) as kind,
    score,
    answered_at,
    comment,
    channel,
    hash(_key, _hash) as content
from raw_canonical.surveys
where _change is null
