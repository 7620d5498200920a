-- One row per shopping cart of any system, left behind or bought, with the customer.
select
    carts.cart_record as cart_id,
    mentions.customer_id,
    carts.system,
    carts.key as cart_key,
    carts.created_at,
    carts.updated_at,
    carts.is_bought,
    mentions.order_record as order_id,
    carts.currency,
    carts.total::decimal(18, 2) as total,
    carts.line_count
from staging.carts as carts
left join identity.mentions as mentions on carts.cart_record = mentions.reference
where mentions.customer_id is null or is_touched(mentions.customer_id)
