-- One row per RFM class: what its customers spent so far, what they are expected to spend in the
-- next 365 days, and both together, their lifetime value; means in the company's currency. Needs
-- orders only; expected figures need the repeat buyers that marts.customer_value needs.
with customers as (
    select
        customers.rfm_class,
        coalesce(customers.revenue_company, 0) as spent,
        outlooks.expected_value_12m as expected
    from marts.customer_360 as customers
    left join marts.customer_value as outlooks on customers.customer_id = outlooks.customer_id
    where customers.rfm_class is not null
)

select
    rfm_class,
    count(*) as customer_count,
    count(expected) as foretold_customer_count,
    avg(spent)::decimal(18, 2) as mean_revenue_company,
    avg(expected)::decimal(18, 2) as mean_expected_value_12m,
    avg(spent + expected)::decimal(18, 2) as mean_lifetime_value
from customers
group by rfm_class
