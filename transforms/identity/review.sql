-- One row per two customers who may be one: too likely to be left alone, not likely enough to be
-- linked, and nobody has said yet. The most valuable question comes first: what both bought, as
-- far as it is likely.
with settings as (
    select * from ops.identity
),

people as (
    select
        profile,
        min(record) as record
    from matching.people
    group by profile
),

latest as (
    select
        left_record,
        right_record,
        arg_max(decision, recorded_at) as decision
    from journal.identity_overrides
    group by all
),

told as (
    select distinct
        least(lefts.customer_id, rights.customer_id) as left_customer_id,
        greatest(lefts.customer_id, rights.customer_id) as right_customer_id
    from latest
    inner join identity.customers as lefts on latest.left_record = lefts.record
    inner join identity.customers as rights on latest.right_record = rights.record
    where latest.decision = 'not_same'
),

bought as (
    select
        customers.customer_id,
        count(*) as orders
    from staging.valued_orders as orders
    inner join identity.customers as customers on orders.record = customers.record
    where orders.is_sale
    group by customers.customer_id
),

questions as (
    select
        least(lefts.record, rights.record) as left_record,
        greatest(lefts.record, rights.record) as right_record,
        left_ids.customer_id as left_customer_id,
        right_ids.customer_id as right_customer_id,
        pairs.weight
    from matching.pairs as pairs
    cross join settings
    inner join people as lefts on pairs.l = lefts.profile
    inner join people as rights on pairs.r = rights.profile
    inner join identity.customers as left_ids on lefts.record = left_ids.record
    inner join identity.customers as right_ids on rights.record = right_ids.record
    where
        pairs.weight >= settings.review_from
        and left_ids.customer_id <> right_ids.customer_id
),

best as (
    select
        least(left_customer_id, right_customer_id) as left_customer_id,
        greatest(left_customer_id, right_customer_id) as right_customer_id,
        arg_max(left_record, weight) as left_record,
        arg_max(right_record, weight) as right_record,
        max(weight) as weight
    from questions
    group by all
)

select
    best.*,
    1 / (1 + pow(2, -best.weight)) as probability,
    coalesce(left_bought.orders, 0) + coalesce(right_bought.orders, 0) as order_count
from best
anti join told
    on
        best.left_customer_id = told.left_customer_id
        and best.right_customer_id = told.right_customer_id
left join bought as left_bought on best.left_customer_id = left_bought.customer_id
left join bought as right_bought on best.right_customer_id = right_bought.customer_id
order by
    probability * (1 + order_count) desc, best.left_customer_id asc, best.right_customer_id asc
