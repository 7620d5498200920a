-- One row per day and currency: what one unit costs in the company's currency, by the last rate
-- known on or before that day. Kept as a table: every order looks here.
with rates as (
    select
        currency,
        rate,
        day,
        lead(day) over (partition by currency order by day) as next_day
    from staging.exchange_rates
)

-- the newest one holds until the build's own day
select
    rates.currency,
    rates.rate,
    unnest(range(
        rates.day::timestamp,
        coalesce(rates.next_day, greatest(builds.as_of::date, rates.day) + 1)::timestamp,
        interval 1 day
    ))::date as day
from rates
cross join ops.as_of as builds
