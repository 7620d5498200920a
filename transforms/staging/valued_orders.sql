-- One row per order of any system, with the record it belongs to and what it is worth in the
-- company's currency: by the rate of its day, and null where none is known.
with orders as (
    select
        *,
        ordered_at::date as ordered_on,
        -- an order without an account is its own record
        coalesce(customer_record, order_record) as record
    from staging.orders
),

builds as (
    select
        companies.currency,
        builds.as_of,
        builds.as_of - interval 12 months as year_ago
    from ops.as_of as builds
    cross join ops.company as companies
)

select
    orders.*,
    case
        when orders.currency = builds.currency then orders.total::decimal(18, 2)
        else (orders.total * rates.rate)::decimal(18, 2)
    end as total_company,
    orders.ordered_at > builds.year_ago and orders.ordered_at <= builds.as_of as is_recent
from orders
cross join builds
left join staging.daily_rates as rates
    on orders.currency = rates.currency and orders.ordered_on = rates.day
