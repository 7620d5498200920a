-- One row per model and channel: the sales it is credited with. A sale is credited to the visits of
-- its customer in the 30 days before it: all to the first, all to the last, alike to each (linear),
-- or 40 % to the first, 40 % to the last and 20 % to those between (position based; of two visits
-- half to each). Sales without such a visit are credited to nobody. Needs a feed of visits; empty
-- without one.
with visits as (
    select
        interaction_id,
        customer_id,
        coalesce(channel, 'unknown') as channel,
        occurred_at
    from marts.interactions
    where kind = 'visit' and customer_id is not null
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

steps as (
    select
        sales.order_id,
        sales.total_company,
        visits.channel,
        row_number() over (
            partition by sales.order_id
            order by visits.occurred_at, visits.interaction_id
        ) as place,
        count(*) over (partition by sales.order_id) as places
    from sales
    inner join visits
        on
            sales.customer_id = visits.customer_id
            and sales.ordered_at >= visits.occurred_at
            and sales.ordered_at < visits.occurred_at + interval 30 days
),

shares as (
    select
        channel,
        total_company,
        if(place = 1, 1.0::double, 0) as first_touch,
        if(place = places, 1.0::double, 0) as last_touch,
        1.0::double / places as linear,
        case
            when places <= 2 then 1.0::double / places
            when place in (1, places) then 0.4::double
            else 0.2::double / (places - 2)
        end as position_based
    from steps
),

credits as (
    unpivot shares
    on first_touch, last_touch, linear, position_based
    into name model value share
)

select
    replace(model, '_', ' ') as model,
    channel,
    round(sum(share), 4) as order_count,
    sum(share * total_company)::decimal(18, 2) as revenue_company
from credits
where share > 0
group by model, channel
