-- One row per customer with one hash of all that is said of it: marts that ask
-- is_touched(customer_id) are brought up to date for those whose hash is another than before. A
-- row's hash is hashed once more: DuckDB xors the last of several values to the others, and what
-- changed alike in two rows would cancel out where their hashes are summed by xor.
with records as (
    select
        customers.customer_id,
        bit_xor(hash(hash(records, systems, ages.age_class))) as content
    from staging.records as records
    inner join identity.customers as customers on records.record = customers.record
    left join ops.systems as systems on records.system = systems.system
    left join staging.age_classes as ages
        on records.birth_date > ages.born_after and records.birth_date <= ages.born_until
    group by customers.customer_id
),

mentions as (
    select
        mentions.customer_id,
        bit_xor(hash(hash(
            mentions.reference, mentions.content, mentions.order_record, systems.channel
        ))) as content
    from identity.mentions as mentions
    left join ops.systems as systems on mentions.system = systems.system
    where mentions.customer_id is not null
    group by mentions.customer_id
),

facts as (
    select * from records
    union all
    select * from mentions
    union all
    select
        customer_id,
        content
    from changes.purchases
    union all
    select
        customer_id,
        hash(recency, frequency, monetary, rfm_class, rhythm_days, churn_risk) as content
    from changes.standing
)

select
    facts.customer_id,
    bit_xor(hash(hash(facts.content, companies.currency))) as content
from facts
cross join ops.company as companies
group by facts.customer_id
