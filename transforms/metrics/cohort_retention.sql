-- One row per month in which customers bought first, and month after it up to the build's: how many
-- of them bought in that month. Month 0 is the first one; the build's own month is not over yet.
-- Needs orders only.
with builds as (
    select
        as_of,
        date_trunc('month', as_of)::date as month
    from ops.as_of
),

sales as (
    select
        orders.customer_id,
        date_trunc('month', orders.ordered_on)::date as month,
        sum(orders.total_company) as revenue
    from marts.orders as orders
    cross join builds
    where
        orders.is_sale
        and orders.customer_id is not null
        and orders.ordered_at <= builds.as_of
    group by all
),

firsts as (
    select
        customer_id,
        min(month) as cohort_month
    from sales
    group by customer_id
),

cohorts as (
    select
        cohort_month,
        count(*) as customer_count
    from firsts
    group by cohort_month
),

months as (
    select
        cohorts.cohort_month,
        cohorts.customer_count,
        unnest(range(0, date_diff('month', cohorts.cohort_month, builds.month) + 1))
            as months_after
    from cohorts
    cross join builds
),

active as (
    select
        firsts.cohort_month,
        date_diff('month', firsts.cohort_month, sales.month) as months_after,
        count(*) as customer_count,
        sum(sales.revenue) as revenue
    from sales
    inner join firsts on sales.customer_id = firsts.customer_id
    group by all
)

select
    months.cohort_month,
    months.months_after,
    months.customer_count,
    coalesce(active.customer_count, 0) as active_customer_count,
    round(coalesce(active.customer_count, 0) / months.customer_count, 4) as retention,
    active.revenue as revenue_company
from months
left join active
    on months.cohort_month = active.cohort_month and months.months_after = active.months_after
