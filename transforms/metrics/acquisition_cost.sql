-- One row per month and channel: marketing costs of that month and the customers it won, in the
-- company's currency. A customer is won in the month of the first sale, by the channel of the first
-- visit before it; unknown where none is known. Needs feeds of costs and of visits; empty without
-- either.
with costs as (
    select
        date_trunc('month', day)::date as month,
        channel,
        sum(amount_company) as cost_company,
        count(*) filter (where amount is not null and amount_company is null) as unpriced_cost_count
    from marts.marketing_costs
    group by all
),

visits as (
    select
        interaction_id,
        customer_id,
        channel,
        occurred_at
    from marts.interactions
    where kind = 'visit'
),

feeds as (
    select (select count(*) from costs) > 0 and (select count(*) from visits) > 0 as are_there
),

first_sales as (
    select
        orders.customer_id,
        min(orders.ordered_at) as ordered_at
    from marts.orders as orders
    cross join ops.as_of as builds
    where
        orders.is_sale
        and orders.customer_id is not null
        and orders.ordered_at <= builds.as_of
    group by orders.customer_id
),

first_touches as (
    select
        first_sales.customer_id,
        first_sales.ordered_at,
        arg_min(coalesce(visits.channel, 'unknown'), (visits.occurred_at, visits.interaction_id))
            as channel
    from first_sales
    left join visits
        on
            first_sales.customer_id = visits.customer_id
            and first_sales.ordered_at >= visits.occurred_at
    group by first_sales.customer_id, first_sales.ordered_at
),

won as (
    select
        date_trunc('month', ordered_at)::date as month,
        coalesce(channel, 'unknown') as channel,
        count(*) as new_customer_count
    from first_touches
    group by all
)

select
    coalesce(costs.month, won.month) as month,
    coalesce(costs.channel, won.channel) as channel,
    costs.cost_company,
    coalesce(costs.unpriced_cost_count, 0) as unpriced_cost_count,
    coalesce(won.new_customer_count, 0) as new_customer_count,
    (costs.cost_company / nullif(won.new_customer_count, 0))::decimal(18, 2)
        as cost_per_customer_company
from costs
full join won on costs.month = won.month and costs.channel = won.channel
cross join feeds
where feeds.are_there
