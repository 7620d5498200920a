-- One row per order line of any system.
with lines as (
    -- Unnested before they are put together: casting whole lists to one type is slow
    select order_record, unnest(lines, recursive := true)  -- noqa: AL03
    from staging.shopify_orders
    union all by name
    select order_record, unnest(lines, recursive := true)  -- noqa: AL03
    from staging.woocommerce_orders
    union all by name
    select order_record, unnest(lines, recursive := true)  -- noqa: AL03
    from staging.canonical_orders
)

select
    order_record,
    line_id,
    product_id,
    variant_id,
    product_name,
    quantity,
    unit_price,
    total
from lines
