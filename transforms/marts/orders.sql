-- One row per order of any system, with the customer who placed it.
select
    orders.order_record as order_id,
    customers.customer_id,
    orders.system,
    systems.channel,
    orders.key as order_key,
    orders.ordered_at,
    orders.ordered_on,
    orders.status,
    orders.is_sale,
    orders.currency,
    orders.total::decimal(18, 2) as total,
    orders.total_company,
    orders.is_recent,
    orders.customer_record is null as is_guest
from staging.valued_orders as orders
left join identity.customers as customers on orders.record = customers.record
left join ops.systems as systems on orders.system = systems.system
where customers.customer_id is null or is_touched(customers.customer_id)
