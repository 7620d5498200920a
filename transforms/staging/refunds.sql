-- One row per refund of any system.
select * from staging.shopify_refunds
union all by name
select * from staging.woocommerce_refunds
union all by name
select * from staging.canonical_refunds
