-- One row per system all of whose orders are in one currency, with that currency.
select
    system,
    max(currency) as currency
from staging.orders
where currency is not null
group by system
having count(distinct currency) = 1
