-- One row: the share of buying customers who bought through more than one channel.
select
    count(*) as buying_customers,
    count(*) filter (where is_omnichannel) as omnichannel_customers,
    round(count(*) filter (where is_omnichannel) / nullif(count(*), 0), 4) as omnichannel_share
from marts.customer_360
where order_count > 0
