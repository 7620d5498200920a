-- One row per customer with orders: a hash of all that they say, and what classes are made of.
select
    customers.customer_id,
    -- hashed twice as in changes.customers
    bit_xor(hash(hash(
        orders.order_record,
        orders.content,
        orders.total_company,
        orders.is_recent,
        systems.channel
    ))) as content,
    count(*) filter (where orders.is_sale) as order_count,
    min(orders.ordered_on) filter (where orders.is_sale) as first_order_on,
    max(orders.ordered_on) filter (where orders.is_sale) as last_order_on,
    sum(orders.total_company) filter (where orders.is_sale) as revenue_company
from staging.valued_orders as orders
inner join identity.customers as customers on orders.record = customers.record
left join ops.systems as systems on orders.system = systems.system
group by customers.customer_id
