-- One row per Shopify customer, with what it is given back.
select * exclude (kind)
from activation.customer_facts
where kind = 'shopify'
