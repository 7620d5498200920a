-- One row per product or variant and place of any system.
select * from staging.shopify_stock_levels
union all by name
select * from staging.woocommerce_stock_levels
union all by name
select * from staging.canonical_stock_levels
