-- One row per customer with one hash of all that is said of it: marts that ask
-- is_touched(customer_id) are brought up to date for those whose hash is another than before.
with records as (
    select
        customers.customer_id,
        bit_xor(hash(records, systems)) as content
    from staging.records as records
    inner join identity.customers as customers on records.record = customers.record
    left join ops.systems as systems on records.system = systems.system
    group by customers.customer_id
),

orders as (
    select
        customers.customer_id,
        bit_xor(hash(
            orders.order_record,
            orders.content,
            orders.total_company,
            orders.is_recent,
            systems.channel
        )) as content
    from staging.valued_orders as orders
    inner join identity.customers as customers on orders.record = customers.record
    left join ops.systems as systems on orders.system = systems.system
    group by customers.customer_id
),

mentions as (
    select
        customer_id,
        bit_xor(hash(reference, content)) as content
    from identity.mentions
    where customer_id is not null
    group by customer_id
),

facts as (
    select * from records
    union all
    select * from orders
    union all
    select * from mentions
)

select
    customer_id,
    bit_xor(hash(content)) as content
from facts
group by customer_id
