-- One row per order of any system; `content` is a hash of all it says, its lines too.
select * from staging.shopify_orders
union all by name
select * from staging.woocommerce_orders
union all by name
select * from staging.hubspot_orders
union all by name
select * from staging.canonical_orders
