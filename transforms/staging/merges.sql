-- One row per record that its system merged into another, with the record that is left of both.
with recursive merges as (
    select
        record,
        merged_into as survivor
    from staging.hubspot_customers
    where merged_into is not null
),

followed as (
    select
        record,
        survivor,
        1 as steps
    from merges
    union all
    select
        followed.record,
        merges.survivor,
        followed.steps + 1 as steps
    from followed
    inner join merges on followed.survivor = merges.record
    where followed.steps < 100
)

select
    record,
    max_by(survivor, steps) as survivor
from followed
group by record
