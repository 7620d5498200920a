-- One row per customer who bought: what depends on other customers, or on the day of the build. A
-- score is one more than the number of quintile limits a customer is above, so equals score alike.
with buyers as (
    select
        customer_id,
        first_order_on,
        last_order_on,
        order_count,
        coalesce(revenue_company, 0) as revenue
    from changes.purchases
    where order_count > 0 and last_order_on is not null
),

limits as (
    select
        quantile_disc(last_order_on, [0.2, 0.4, 0.6, 0.8]) as days,
        quantile_disc(order_count, [0.2, 0.4, 0.6, 0.8]) as counts,
        quantile_disc(revenue, [0.2, 0.4, 0.6, 0.8]) as amounts
    from buyers
),

scored as (
    select
        buyers.*,
        1 + len(list_filter(limits.days, lambda x: x < buyers.last_order_on)) as recency,
        1 + len(list_filter(limits.counts, lambda x: x < buyers.order_count)) as frequency,
        1 + len(list_filter(limits.amounts, lambda x: x < buyers.revenue)) as monetary
    from buyers
    cross join limits
),

-- who bought on one day only has no rhythm yet
paced as (
    select
        scored.*,
        nullif(scored.last_order_on - scored.first_order_on, 0) / nullif(scored.order_count - 1, 0)
            as rhythm,
        builds.as_of::date - scored.last_order_on as silence
    from scored
    cross join ops.as_of as builds
)

select
    customer_id,
    recency,
    frequency,
    monetary,
    case
        when recency >= 4 and frequency >= 4 and monetary >= 4 then 'champion'
        when recency >= 3 and frequency >= 3 then 'loyal'
        when recency >= 4 then 'new or promising'
        when recency = 3 then 'needs attention'
        when frequency >= 4 or monetary >= 4 then 'at risk'
        else 'dormant'
    end as rfm_class,
    round(rhythm)::bigint as rhythm_days,
    case
        when silence <= 1.5 * rhythm then 'low'
        when silence <= 3 * rhythm then 'medium'
        when silence > 3 * rhythm then 'high'
    end as churn_risk
from paced
