-- One row per WooCommerce product, and one per variation of it, that there is or was.
with products as (
    select
        *,
        array_to_string(
            list_transform(categories, lambda category: category.name), ', '
        ) as category
    from raw_woocommerce.products
),

variations as (
    select
        *,
        array_to_string(
            list_transform(attributes, lambda attribute: attribute.option), ' / '
        ) as options
    from raw_woocommerce.variations
),

items as (
    select
        _system,
        _key,
        null::bigint as product_id,
        sku,
        null::varchar as options,
        price,
        status,
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
        options,
        price,
        status,
        _change,
        created_at,
        updated_at
    from variations
)

select
    concat(items._system, '/products/', items._key) as product_record,
    items._system || '/products/' || items.product_id as parent_record,
    items._system as system,
    items._key as key,
    items.sku,
    null::varchar as barcode,
    nullif(concat_ws(' - ', products.name, nullif(items.options, '')), '') as name,
    nullif(products.category, '') as category,
    null::varchar as brand,
    null::varchar as unit,
    items.price,
    null::decimal(18, 4) as cost,
    -- the store prices in its own currency, and says which only with its orders
    currencies.currency,
    coalesce(
        items._change is null and items.status = 'publish'
        and products._change is null and products.status = 'publish',
        false
    ) as is_sold,
    items.created_at,
    items.updated_at
from items
left join products
    on
        items._system = products._system
        and coalesce(items.product_id::varchar, items._key) = products._key
left join staging.system_currencies as currencies on items._system = currencies.system
