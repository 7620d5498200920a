-- One row per Shopify variant and location.
with levels as (
    select
        *,
        list_filter(quantities, lambda state: state.name = 'on_hand')[1].quantity as on_hand,
        list_filter(quantities, lambda state: state.name = 'committed')[1].quantity as committed
    from raw_shopify.inventory_levels
    where _change is null
)

select
    concat(levels._system, '/products/', variants._key) as product_record,
    levels._system as system,
    levels.location_id,
    levels.location,
    levels.on_hand::decimal(18, 4) as quantity,
    levels.committed::decimal(18, 4) as reserved,
    levels.updated_at
from levels
inner join raw_shopify.variants as variants
    on
        levels._system = variants._system
        and levels.inventory_item_id = variants.inventory_item_id
where variants._change is null
