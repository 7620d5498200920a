-- One row per record and exact key it can be recognised by. A phone counts together with the
-- first word of the name, because households and counters share phones.
with folded as (
    -- i, I, dotted and dotless fold to one letter: people write all four for the same name
    select
        record,
        email,
        phone,
        tax_number,
        regexp_extract_all(
            lower(translate(name, 'İIıŞşĞğÜüÖöÇçÂâÎîÛû', 'iiissgguuooccaaiiuu')), '[a-z0-9]+'
        ) as name_words
    from staging.known_records
),

typed as (
    unpivot (from folded)
    on email, phone, tax_number into name type value value
),

normal as (
    select
        typed.record,
        typed.name_words,
        identifiers.type,
        identifiers.normal
    from typed
    inner join staging.identifiers as identifiers
        on typed.type = identifiers.type and typed.value = identifiers.value
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
