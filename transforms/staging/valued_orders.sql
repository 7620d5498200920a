-- One row per order of any system, with the record it belongs to and what it is worth in the
-- company's currency: by the rate of its day, and null where none is known.
with orders as (
    select
        *,
        ordered_at::date as ordered_on,
        -- an order without an account is its own record
        coalesce(customer_record, order_record) as record
    from staging.orders
)

select
    orders.*,
    companies.currency as company_currency,
    (
        orders.total * if(orders.currency = companies.currency, 1, rates.rate)
    )::decimal(18, 2) as total_company,
    orders.ordered_at > builds.as_of - interval 12 months
    and orders.ordered_at <= builds.as_of as is_recent
from orders
cross join ops.company as companies
cross join ops.as_of as builds
left join staging.daily_rates as rates
    on orders.currency = rates.currency and orders.ordered_on = rates.day
