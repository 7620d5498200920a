-- One row per product or variant of any system that there is or was: order lines name those too
-- that are no longer sold.
select
    product_record as product_id,
    parent_record as parent_id,
    system,
    key as product_key,
    sku,
    barcode,
    name,
    category,
    brand,
    unit,
    price::decimal(18, 4) as price,
    cost::decimal(18, 4) as cost,
    currency,
    is_sold,
    created_at,
    updated_at
from staging.products
