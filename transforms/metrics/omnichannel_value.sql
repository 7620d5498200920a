-- One row per kind of buying customer, omnichannel (bought through more than one channel) or single
-- channel: what they are worth, in the company's currency. Needs orders only.
with customers as (
    select
        customer_id,
        if(is_omnichannel, 'omnichannel', 'single channel') as kind,
        order_count,
        revenue_company,
        revenue_company_12m,
        average_basket_company
    from marts.customer_360
    where order_count > 0
),

outlooks as (
    select
        customer_id,
        expected_value_12m
    from marts.customer_value
)

select
    customers.kind,
    count(*) as customer_count,
    round(avg(customers.order_count), 4) as mean_order_count,
    count(customers.revenue_company) as priced_customer_count,
    avg(customers.revenue_company)::decimal(18, 2) as mean_revenue_company,
    -- who bought nothing in these months is a customer who spent nothing
    avg(
        if(customers.revenue_company is null, null, coalesce(customers.revenue_company_12m, 0))
    )::decimal(18, 2) as mean_revenue_company_12m,
    avg(customers.average_basket_company)::decimal(18, 2) as mean_basket_company,
    avg(outlooks.expected_value_12m)::decimal(18, 2) as mean_expected_value_12m
from customers
left join outlooks on customers.customer_id = outlooks.customer_id
group by customers.kind
