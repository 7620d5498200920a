-- One row per record that its system merged into another, with the one left at the end of a chain.
-- Kept as a table: a recursion that finds nothing takes a second too.
with recursive followed as (
    select
        record,
        merged_into as survivor,
        1 as steps
    from staging.hubspot_customers
    where merged_into is not null
    union all
    select
        followed.record,
        later.merged_into as survivor,
        followed.steps + 1 as steps
    from followed
    inner join staging.hubspot_customers as later on followed.survivor = later.record
    where later.merged_into is not null and followed.steps < 100
)

select
    record,
    max_by(survivor, steps) as survivor
from followed
group by record
