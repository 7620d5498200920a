-- One row per WooCommerce account, with what it is given back.
select * exclude (kind)
from activation.customer_facts
where kind = 'woocommerce'
