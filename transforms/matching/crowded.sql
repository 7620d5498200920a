-- One row per key that more people have than can be compared: it is used for nobody. Counted first
-- by its upper bits, for nearly all keys are one person's.
with regions as (
    select key >> 44 as region
    from matching.keys
    group by region
    having count(*) > 60
)

select keys.key
from matching.keys as keys
inner join regions on keys.key >> 44 = regions.region
group by keys.key
having count(*) > 60
