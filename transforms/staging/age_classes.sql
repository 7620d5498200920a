-- One row per age class: the birth dates that are in it on the day of the build.
with starts as (
    select unnest([0, 18, 25, 35, 45, 55, 65]) as from_age
),

classes as (
    select
        from_age,
        lead(from_age) over (order by from_age) as until_age
    from starts
)

select
    case
        when classes.from_age = 0 then 'under 18'
        when classes.until_age is null then '65 and over'
        else concat(classes.from_age, ' to ', classes.until_age - 1)
    end as age_class,
    -- whoever is born on this day or before is old enough, whoever before the other is too old
    (builds.as_of - to_years(classes.from_age))::date as born_until,
    coalesce((builds.as_of - to_years(classes.until_age))::date, date '0001-01-01') as born_after
from classes
cross join ops.as_of as builds
