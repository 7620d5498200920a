-- One row per currency and age: what invoices have still to be paid, by the days since they were
-- due: 0 (not yet late, or no due day), 1-30, 31-60, 61-90, 90+. What is owed to customers (credit
-- notes) is not taken off; marts.customer_360.receivable does that. Needs invoices; empty without
-- them.
with invoices as (
    select
        coalesce(invoices.currency, companies.currency) as currency,
        invoices.customer_id,
        invoices.open_amount,
        coalesce(builds.as_of::date - invoices.due_on, 0) as days
    from marts.invoices as invoices
    cross join ops.company as companies
    cross join ops.as_of as builds
    where invoices.open_amount > 0
),

aged as (
    select
        *,
        case
            when days <= 0 then '0'
            when days <= 30 then '1-30'
            when days <= 60 then '31-60'
            when days <= 90 then '61-90'
            else '90+'
        end as days_late
    from invoices
)

select
    currency,
    days_late,
    count(*) as invoice_count,
    count(distinct customer_id) as customer_count,
    sum(open_amount) as open_amount,
    max(greatest(days, 0)) as longest_days_late
from aged
group by currency, days_late
