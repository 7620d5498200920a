-- One row per order of any system.
select * from staging.shopify_orders
union all by name
select * from staging.woocommerce_orders
union all by name
select * from staging.hubspot_orders
union all by name
select * from staging.canonical_orders
