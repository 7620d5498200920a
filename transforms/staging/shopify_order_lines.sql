-- One row per line of a Shopify order that is still there.
with lines as (
    select
        concat(_system, '/orders/', _key) as order_record,
        unnest(lines, recursive := true)  -- noqa: AL03
    from raw_shopify.orders
    where _change is null
)

select
    order_record,
    line_id,
    product_id,
    variant_id,
    product_name,
    quantity::decimal(18, 3) as quantity,
    unit_price::decimal(18, 2) as unit_price,
    total::decimal(18, 2) as total
from lines
