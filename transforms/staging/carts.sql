-- One row per shopping cart of any system, left behind or bought.
select * from staging.shopify_carts
union all by name
select * from staging.canonical_carts
