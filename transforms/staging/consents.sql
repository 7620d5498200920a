-- One row per consent given or taken back in a feed that is still there.
select
    concat(_system, '/consents/', _key) as consent_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_key as customer_record,
    lower(channel) as channel,
    recipient,
    granted,
    decided_at,
    source,
    hash(_key, _hash) as content
from raw_canonical.consents
where _change is null
