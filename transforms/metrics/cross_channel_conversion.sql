-- One row per channel visited and channel bought through: customers who visited the one, and bought
-- through the other within 30 days after. The channel of a visit is here that of the system that
-- tells of it, as that of an order is. Needs a feed of visits; empty without one.
with visits as (
    select
        interactions.customer_id,
        systems.channel,
        interactions.occurred_at
    from marts.interactions as interactions
    inner join ops.systems as systems on interactions.system = systems.system
    where
        interactions.kind = 'visit'
        and interactions.customer_id is not null
        and systems.channel is not null
),

sales as (
    select
        order_id,
        customer_id,
        channel,
        ordered_at,
        total_company
    from marts.orders
    where is_sale and customer_id is not null and channel is not null
),

brought as (
    select distinct
        visits.channel as visited_channel,
        sales.channel as bought_channel,
        sales.customer_id,
        sales.order_id,
        sales.total_company
    from sales
    inner join visits
        on
            sales.customer_id = visits.customer_id
            and sales.ordered_at >= visits.occurred_at
            and sales.ordered_at < visits.occurred_at + interval 30 days
),

visitors as (
    select
        channel,
        count(distinct customer_id) as visitor_count
    from visits
    group by channel
),

buyers as (
    select
        visited_channel,
        bought_channel,
        count(distinct customer_id) as buyer_count,
        count(*) as order_count,
        sum(total_company) as revenue_company
    from brought
    group by visited_channel, bought_channel
)

select
    buyers.visited_channel,
    buyers.bought_channel,
    buyers.visited_channel <> buyers.bought_channel as is_cross_channel,
    visitors.visitor_count,
    buyers.buyer_count,
    buyers.order_count,
    buyers.revenue_company,
    round(buyers.buyer_count / visitors.visitor_count, 4) as conversion
from buyers
inner join visitors on buyers.visited_channel = visitors.channel
