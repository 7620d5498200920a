-- One row per currency of sales that have no rate: they are missing from every sum in the company's
-- currency.
select
    coalesce(currency, 'none') as currency,
    count(*) as order_count,
    sum(total) as amount,
    min(ordered_on) as first_order_on,
    max(ordered_on) as last_order_on
from marts.orders
where is_sale and total is not null and total_company is null
group by currency
