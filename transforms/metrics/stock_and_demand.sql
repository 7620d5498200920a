-- One row per product or variant and place that counts it: what is there, and what of the same
-- article was sold online in the 30 days before the build. Products of several systems are one
-- article where they have the same stock code (sku). The same pieces may be counted by two systems:
-- places are not added. Needs stock levels; empty without them.
with articles as (
    select
        product_id,
        name,
        coalesce(upper(trim(nullif(trim(sku), ''))), product_id) as article
    from marts.products
),

sold as (
    select
        coalesce(articles.article, lines.variant_id, lines.product_id) as article,
        sum(lines.quantity) as quantity
    from marts.order_lines as lines
    inner join marts.orders as orders on lines.order_id = orders.order_id
    cross join ops.as_of as builds
    left join articles on coalesce(lines.variant_id, lines.product_id) = articles.product_id
    where
        orders.is_sale
        and orders.channel = 'online'
        and orders.ordered_at > builds.as_of - interval 30 days
        and orders.ordered_at <= builds.as_of
    group by all
),

stock as (
    select
        levels.*,
        articles.name,
        coalesce(articles.article, levels.product_id) as article,
        levels.quantity - coalesce(levels.reserved, 0) as available
    from marts.stock_levels as levels
    left join articles on levels.product_id = articles.product_id
)

select
    stock.product_id,
    stock.location_id,
    stock.location,
    stock.system,
    stock.article,
    stock.name,
    stock.quantity,
    stock.reserved,
    stock.available,
    coalesce(sold.quantity, 0)::decimal(18, 3) as online_demand_30d,
    round(greatest(stock.available, 0) * 30 / nullif(sold.quantity, 0), 1) as days_of_cover
from stock
left join sold on stock.article = sold.article
