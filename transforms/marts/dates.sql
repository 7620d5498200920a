-- One row per day from the first order's year to the end of the build's.
with bounds as (
    select
        coalesce(date_trunc('year', min(orders.ordered_on)), date_trunc('year', max(builds.as_of)))
            as first_day,
        date_trunc('year', max(builds.as_of)) + interval 1 year - interval 1 day as last_day
    from ops.as_of as builds
    left join marts.orders as orders on true
)

select
    unnest(range(first_day, last_day + interval 1 day, interval 1 day))::date as day,
    extract('year' from day)::integer as year,
    extract('quarter' from day)::integer as quarter,
    extract('month' from day)::integer as month,
    extract('isodow' from day)::integer as weekday,
    strftime(day, '%G-W%V') as iso_week
from bounds
