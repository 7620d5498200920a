-- One row per customer with one hash of all that its records and orders say: marts that ask
-- is_touched(customer_id) are brought up to date for those whose hash is another than before.
with facts as (
    select
        records.record,
        records.system,
        hash(records) as content
    from staging.records as records
    union all
    select
        coalesce(customer_record, order_record) as record,
        system,
        hash(order_record, content) as content
    from staging.orders
)

select
    customers.customer_id,
    bit_xor(hash(facts.content, facts.record, systems.channel)) as content
from identity.customers as customers
inner join facts on customers.record = facts.record
left join ops.systems as systems on facts.system = systems.system
group by customers.customer_id
