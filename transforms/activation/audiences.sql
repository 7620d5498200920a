-- One row per customer and audience they are in on the day of the build: since when, why, and by
-- which channels they may be addressed. What of it leaves is in activation.memberships. Kept as a
-- table: it is asked for by audience.
with customers as (
    select
        customers.*,
        outlooks.expected_next_purchase_on,
        coalesce(outlooks.churn_risk, customers.churn_risk) as risk
    from marts.customer_360 as customers
    left join marts.customer_value as outlooks on customers.customer_id = outlooks.customer_id
),

builds as (
    select
        as_of,
        as_of::date as today
    from ops.as_of
),

left_behind as (
    select
        carts.customer_id,
        max(struct_pack(
            updated_at := carts.updated_at,
            cart_id := carts.cart_id,
            worth := concat_ws(' ', carts.total, carts.currency)
        )) as newest
    from marts.carts as carts
    inner join customers on carts.customer_id = customers.customer_id
    cross join builds
    where
        not carts.is_bought
        and carts.updated_at <= builds.as_of - interval 1 hour
        and carts.updated_at > builds.as_of - interval 30 days
        -- whoever bought since is not to be reminded of what may be just that
        and (customers.last_order_on is null or customers.last_order_on < carts.updated_at::date)
    group by carts.customer_id
),

carts_to_remind as (
    select
        customer_id,
        'cart_to_remind' as audience,
        newest.updated_at::date as since,
        concat_ws(' of ', 'left a cart', nullif(newest.worth, '')) as reason
    from left_behind
),

-- foretold where enough is known, else by their own rhythm while they keep to it
expected as (
    select
        customer_id,
        last_order_on,
        coalesce(expected_next_purchase_on, last_order_on + rhythm_days::integer) as expected_on
    from customers
    where risk in ('low', 'medium')
),

due as (
    select
        expected.customer_id,
        'due_for_next_purchase' as audience,
        expected.last_order_on as since,
        concat('next purchase expected by ', expected.expected_on) as reason
    from expected
    cross join builds
    where expected.expected_on <= builds.today + 7
),

at_risk as (
    select
        customer_id,
        'at_risk' as audience,
        last_order_on as since,
        concat('churn risk ', risk, ', last bought on ', last_order_on) as reason
    from customers
    where risk = 'high'
),

late as (
    select
        customer_id,
        min(due_on) as due_on
    from marts.invoices
    where is_overdue and customer_id is not null
    group by customer_id
),

overdue_payers as (
    select
        customers.customer_id,
        'overdue_payer' as audience,
        late.due_on as since,
        concat('overdue: ', array_to_string(list_transform(
            map_entries(customers.overdue), lambda sum: concat(sum.value, ' ', sum.key)
        ), ', ')) as reason
    from late
    inner join customers on late.customer_id = customers.customer_id
),

-- since the last yes that is dated
agreed as (
    select
        customer_id,
        channel,
        max(decided_at)::date as since
    from marts.consents
    where is_granted and customer_id is not null
    group by customer_id, channel
),

consented as (
    select
        agreed.customer_id,
        concat('consented_', agreed.channel) as audience,
        agreed.since,
        concat('agreed to ', agreed.channel) as reason
    from agreed
    inner join customers on agreed.customer_id = customers.customer_id
    where
        (agreed.channel = 'email' and customers.consent_email)
        or (agreed.channel = 'sms' and customers.consent_sms)
        or (agreed.channel = 'call' and customers.consent_call)
),

audiences as (
    select * from carts_to_remind
    union all by name
    select * from due
    union all by name
    select * from at_risk
    union all by name
    select * from overdue_payers
    union all by name
    select * from consented
)

select
    audiences.customer_id,
    audiences.audience,
    audiences.since,
    audiences.reason,
    customers.consent_email as may_email,
    customers.consent_sms as may_sms,
    customers.consent_call as may_call,
    late.customer_id is null as may_be_promoted_to
from audiences
inner join customers on audiences.customer_id = customers.customer_id
left join late on audiences.customer_id = late.customer_id
