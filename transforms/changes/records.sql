-- One row per known record with one hash of all that decides its row in matching.people. The normal
-- form of an identifier is not in it: of one value it is always the same. (md5, because DuckDB's
-- own hash is the same for some texts that differ in two letters; a list, because what is missing
-- and where a value ends are then part of the text.)
with told_apart as (
    select distinct unnest([left_record, right_record]) as record
    from journal.identity_overrides
    where decision = 'not_same'
)

select
    records.record,
    md5_number_lower([
        records.name,
        records.first_name,
        records.last_name,
        records.company,
        records.email,
        records.phone,
        records.tax_number,
        records.birth_date::varchar,
        records.address,
        records.city,
        records.postcode,
        told_apart.record
    ]::varchar) as content
from staging.known_records as records
left join told_apart on records.record = told_apart.record
