-- One row per HubSpot contact, with what it is given back.
select * exclude (kind)
from activation.customer_facts
where kind = 'hubspot'
