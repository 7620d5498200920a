-- One row per order line of any system.
select
    order_lines.order_record as order_id,
    order_lines.line_id,
    orders.customer_id,
    orders.ordered_on,
    order_lines.product_id,
    order_lines.product_name,
    order_lines.quantity::decimal(18, 3) as quantity,
    order_lines.unit_price::decimal(18, 2) as unit_price,
    order_lines.total::decimal(18, 2) as total,
    orders.currency
from staging.order_lines as order_lines
inner join marts.orders as orders on order_lines.order_record = orders.order_id
