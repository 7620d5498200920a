-- One row per order line of any system.
with orders as (
    select * from marts.orders
    where customer_id is null or is_touched(customer_id)
)

select
    order_lines.order_record as order_id,
    order_lines.line_id,
    orders.customer_id,
    orders.system,
    orders.ordered_on,
    -- WooCommerce writes 0 for a product that is no more
    orders.system || '/products/' || nullif(order_lines.product_id, '0') as product_id,
    orders.system || '/products/' || order_lines.variant_id as variant_id,
    order_lines.product_id as product_key,
    order_lines.product_name,
    order_lines.quantity,
    order_lines.unit_price,
    order_lines.total,
    orders.currency
from staging.order_lines as order_lines
inner join orders on order_lines.order_record = orders.order_id
