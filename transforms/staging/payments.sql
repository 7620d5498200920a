-- One row per payment of any system.
select * from staging.shopify_payments
union all by name
select * from staging.woocommerce_payments
union all by name
select * from staging.canonical_payments
