-- One row per order of any system. The order of a record that was merged is its survivor's.
with orders as (
    select * from staging.shopify_orders
    union all by name
    select * from staging.woocommerce_orders
    union all by name
    select * from staging.hubspot_orders
    union all by name
    select * from staging.canonical_orders
)

select orders.* replace (coalesce(merges.survivor, orders.customer_record) as customer_record)
from orders
left join staging.merges as merges on orders.customer_record = merges.record
