-- One row per order of any system.
select * exclude (lines) from staging.shopify_orders
union all by name
select * exclude (lines) from staging.woocommerce_orders
union all by name
select * from staging.hubspot_orders
union all by name
select * exclude (lines) from staging.canonical_orders
