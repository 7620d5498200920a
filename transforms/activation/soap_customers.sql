-- One row per customer of a SOAP system, with what it is given back.
select * exclude (kind)
from activation.customer_facts
where kind = 'soap'
