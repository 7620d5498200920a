-- One row per Shopify product, and one per variant of it, that there is or was.
with products as (
    select * from raw_shopify.products
),

variants as (
    select * from raw_shopify.variants
),

items as (
    select
        _system,
        _key,
        null::varchar as product_id,
        null::varchar as sku,
        null::varchar as barcode,
        title as name,
        null::decimal(18, 4) as price,
        null::decimal(18, 4) as unit_cost,
        _change,
        created_at,
        updated_at
    from products
    union all by name
    select
        _system,
        _key,
        product_id,
        sku,
        barcode,
        name,
        price,
        unit_cost,
        _change,
        created_at,
        updated_at
    from variants
)

select
    concat(items._system, '/products/', items._key) as product_record,
    items._system || '/products/' || items.product_id as parent_record,
    items._system as system,
    items._key as key,
    items.sku,
    items.barcode,
    items.name,
    coalesce(products.category, products.product_type) as category,
    products.vendor as brand,
    null::varchar as unit,
    items.price,
    items.unit_cost as cost,
    -- the shop prices in its own currency, and says which only with its orders
    currencies.currency,
    coalesce(
        items._change is null and products._change is null and products.status = 'ACTIVE', false
    ) as is_sold,
    items.created_at,
    items.updated_at
from items
left join products
    on
        items._system = products._system
        and coalesce(items.product_id, items._key) = products._key
left join staging.system_currencies as currencies on items._system = currencies.system
