-- One row per order line of any system.
select * from staging.shopify_order_lines
union all by name
select * from staging.woocommerce_order_lines
union all by name
select * from staging.canonical_order_lines
