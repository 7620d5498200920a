-- One row per product or variant of any system that there is or was.
select * from staging.shopify_products
union all by name
select * from staging.woocommerce_products
union all by name
select * from staging.canonical_products
