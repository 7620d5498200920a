-- One row per profile with one hash of all that decides what its pairs are, besides what it says
-- itself: the version, and which of its keys are crowded.
with crowds as (
    select
        keys.profile,
        bit_xor(hash(keys.key)) as crowd
    from matching.keys as keys
    inner join matching.crowded as crowded on keys.key = crowded.key
    group by keys.profile
)

select
    comparable.profile,
    hash(concat_ws('|', versions.version, crowds.crowd)) as content
from matching.comparable as comparable
cross join matching.version as versions
left join crowds on comparable.profile = crowds.profile
