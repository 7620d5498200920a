-- One row per WooCommerce product or variation whose own stock is counted.
with items as (
    select
        _system,
        _key,
        manage_stock,
        stock_quantity,
        updated_at
    from raw_woocommerce.products
    where _change is null
    union all by name
    select
        _system,
        _key,
        manage_stock,
        stock_quantity,
        updated_at
    from raw_woocommerce.variations
    where _change is null
)

select
    concat(_system, '/products/', _key) as product_record,
    _system as system,
    -- the store knows one place only
    'store' as location_id,
    'store' as location,
    stock_quantity as quantity,
    null::decimal(18, 4) as reserved,
    updated_at
from items
-- `parent` is counted with the product
where manage_stock = 'true'
