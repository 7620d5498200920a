-- One row per order line of a generic system, from the order itself or, where that has none, from
-- the lines it keeps beside its orders.
with orders as (
    select
        _system,
        order_id,
        lines
    from raw_canonical.orders
    where _change is null and lines is not null
),

within as (
    select
        _system,
        order_id,
        unnest(lines, recursive := true)  -- noqa: AL03
    from orders
),

beside as (
    select
        lines._system,
        lines.order_id,
        lines.line_id,
        lines.product_id,
        lines.product_name,
        lines.quantity,
        lines.unit_price,
        lines.total
    from raw_canonical.order_lines as lines
    anti join orders on lines._system = orders._system and lines.order_id = orders.order_id
    where lines._change is null
),

lines as (
    select * from within
    union all by name
    select * from beside
)

select
    concat(_system, '/orders/', order_id) as order_record,
    line_id,
    product_id,
    product_name,
    quantity::decimal(18, 3) as quantity,
    unit_price::decimal(18, 2) as unit_price,
    total::decimal(18, 2) as total
from lines
