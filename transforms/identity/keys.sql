-- One row per record and exact key it can be recognised by. A phone counts together with the
-- first word of the name, because households and counters share phones.
with normal as (
    select
        records.record,
        records.name_words,
        identifiers.type,
        identifiers.normal
    from staging.records as records
    inner join staging.identifiers as identifiers
        on (identifiers.type = 'email' and records.email = identifiers.value)
        or (identifiers.type = 'phone' and records.phone = identifiers.value)
        or (identifiers.type = 'tax_number' and records.tax_number = identifiers.value)
    where identifiers.normal is not null
)

select
    record,
    type,
    normal as value,
    name_words,
    case type
        when 'phone' then concat(type, ':', normal, ':', name_words[1])
        else concat(type, ':', normal)
    end as key
from normal
where type <> 'phone' or len(name_words) > 0
