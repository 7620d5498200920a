-- One row per profile with one hash of all that decides what its pairs are and whom it is one with,
-- besides what it says itself: the version, its records, which of its keys are crowded, what people
-- and its own system said of its records, and from when on two are held to be one.
with crowds as (
    select
        keys.profile,
        bit_xor(hash(keys.key)) as crowd
    from matching.keys as keys
    inner join matching.crowded as crowded on keys.key = crowded.key
    group by keys.profile
),

told as (
    select
        left_record as record,
        md5_number_lower(concat_ws('|', left_record, right_record, decision, recorded_at)) as word
    from journal.identity_overrides
    union all
    select
        record,
        md5_number_lower(concat_ws('|', record, merged_into)) as word
    from staging.known_records
    where merged_into is not null
),

words as (
    select
        people.profile,
        bit_xor(told.word) as words
    from told
    inner join matching.people as people on told.record = people.record
    group by people.profile
),

settings as (
    select concat_ws('|', link_from, exact, certain) as said from ops.identity
)

select
    compared.profile,
    md5_number_lower(concat_ws(
        '|',
        compared.content,
        coalesce(crowds.crowd, 0),
        coalesce(words.words, 0),
        settings.said
    )) as content
from changes.compared as compared
cross join settings
left join crowds on compared.profile = crowds.profile
left join words on compared.profile = words.profile
