-- One row per customer with one hash of all that its records and orders say: marts that ask
-- is_touched(customer_id) are brought up to date for those whose hash is another than before.
with orders as (
    select
        order_record,
        coalesce(customer_record, order_record) as record,
        system
    from staging.orders
),

facts as (
    select
        records.record,
        records.system,
        hash(records) as content
    from staging.records as records
    union all
    select
        orders.record,
        orders.system,
        hash(orders.record, contents.order_record, contents.content) as content
    from staging.order_contents as contents
    inner join orders on contents.order_record = orders.order_record
)

select
    customers.customer_id,
    bit_xor(hash(facts.content, facts.record, systems.channel)) as content
from identity.customers as customers
inner join facts on customers.record = facts.record
left join ops.systems as systems on facts.system = systems.system
group by customers.customer_id
