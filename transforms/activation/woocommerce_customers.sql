-- One row per WooCommerce account, with what it is given back.
select
    facts.* exclude (kind),
    memberships.* exclude (system, customer_id)
from activation.customer_facts as facts
left join activation.memberships as memberships
    on facts.system = memberships.system and facts.customer_id = memberships.customer_id
where facts.kind = 'woocommerce'
