-- One row per order of any system, with the customer who placed it.
with orders as (
    select
        *,
        -- an order without an account is its own record
        coalesce(customer_record, order_record) as record
    from staging.orders
)

select
    orders.order_record as order_id,
    customers.customer_id,
    orders.system,
    systems.channel,
    orders.key as order_key,
    orders.ordered_at,
    orders.ordered_at::date as ordered_on,
    orders.status,
    orders.is_sale,
    orders.currency,
    orders.total::decimal(18, 2) as total,
    orders.customer_record is null as is_guest
from orders
left join identity.customers as customers on orders.record = customers.record
left join ops.systems as systems on orders.system = systems.system
where customers.customer_id is null or is_touched(customers.customer_id)
