-- One row per channel visits came from: visits, and sales within 30 days after a visit. A sale
-- counts for the channel of the last visit before it. Who visits without a login is nobody:
-- known_visits are those of customers. Needs a feed of visits; empty without one.
with visits as (
    select
        interaction_id,
        customer_id,
        coalesce(channel, 'unknown') as channel,
        occurred_at
    from marts.interactions
    where kind = 'visit'
),

sales as (
    select
        order_id,
        customer_id,
        ordered_at,
        total_company
    from marts.orders
    where is_sale and customer_id is not null
),

brought as (
    select
        sales.order_id,
        sales.total_company,
        arg_max(visits.channel, (visits.occurred_at, visits.interaction_id)) as channel
    from sales
    inner join visits
        on
            sales.customer_id = visits.customer_id
            and sales.ordered_at >= visits.occurred_at
            and sales.ordered_at < visits.occurred_at + interval 30 days
    group by sales.order_id, sales.total_company
),

visit_counts as (
    select
        channel,
        count(*) as visit_count,
        count(customer_id) as known_visit_count
    from visits
    group by channel
),

order_counts as (
    select
        channel,
        count(*) as order_count,
        sum(total_company) as revenue_company
    from brought
    group by channel
)

select
    visit_counts.channel,
    visit_counts.visit_count,
    visit_counts.known_visit_count,
    coalesce(order_counts.order_count, 0) as order_count,
    order_counts.revenue_company,
    round(coalesce(order_counts.order_count, 0) / visit_counts.visit_count, 4) as conversion,
    round(coalesce(order_counts.order_count, 0) / nullif(visit_counts.known_visit_count, 0), 4)
        as known_conversion
from visit_counts
left join order_counts on visit_counts.channel = order_counts.channel
