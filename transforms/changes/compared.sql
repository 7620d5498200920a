-- One row per profile with one hash of what decides its row in matching.comparable, besides what it
-- says itself, which is in its number: the version, and which records say it.
select
    people.profile,
    xor(
        bit_xor(md5_number_lower(people.record)), any_value(md5_number_lower(versions.version))
    ) as content
from matching.people as people
cross join matching.version as versions
group by people.profile
