-- One row per customer: who they are across all systems, what they bought, owe, said and did, and
-- where they stand on the day of the build.
with members as (
    select
        customers.customer_id,
        records.record,
        records.system,
        records.key,
        records.is_guest,
        records.currency,
        records.balance
    from identity.customers as customers
    inner join staging.records as records on customers.record = records.record
    where is_touched(customers.customer_id)
),

firsts as (
    select
        customer_id,
        min(record) as record
    from members
    group by customer_id
),

winners as (
    select
        customer_id,
        map_from_entries(list((field, value))) as best
    from marts.customer_fields
    where is_touched(customer_id)
    group by customer_id
),

-- with one record only it says all there is, with several those that won were written down
people as (
    select
        firsts.customer_id,
        coalesce(winners.best['name'], records.name) as name,
        coalesce(winners.best['first_name'], records.first_name) as first_name,
        coalesce(winners.best['last_name'], records.last_name) as last_name,
        coalesce(winners.best['company'], records.company) as company,
        coalesce(winners.best['email'], records.email) as email,
        coalesce(winners.best['phone'], records.phone) as phone,
        coalesce(winners.best['tax_number'], records.tax_number) as tax_number,
        coalesce(winners.best['address'], records.address) as address,
        coalesce(winners.best['city'], records.city) as city,
        coalesce(winners.best['postcode'], records.postcode) as postcode,
        coalesce(winners.best['country'], records.country) as country,
        coalesce(winners.best['birth_date']::date, records.birth_date) as birth_date,
        coalesce(winners.best['gender'], records.gender) as gender
    from firsts
    inner join staging.records as records on firsts.record = records.record
    left join winners on firsts.customer_id = winners.customer_id
),

system_keys as (
    select
        customer_id,
        system,
        list_sort(list(key)) as keys
    from members
    where not is_guest
    group by customer_id, system
),

ids as (
    select
        customer_id,
        map_from_entries(list_sort(list((system, keys)))) as ids
    from system_keys
    group by customer_id
),

-- of what a source says only the last counts; said at one moment, or at none, a no counts
sources as (
    select
        customer_id,
        channel,
        system,
        source,
        arg_max(
            is_granted, (coalesce(decided_at, timestamp '1970-01-01'), not is_granted)
        ) as is_granted
    from marts.consents
    where is_granted is not null and is_touched(customer_id)
    group by customer_id, channel, system, source
),

-- and a no of one source is not lifted by another
consents as (
    select
        customer_id,
        bool_and(is_granted) filter (where channel = 'email') as consent_email,
        bool_and(is_granted) filter (where channel = 'sms') as consent_sms,
        bool_and(is_granted) filter (where channel = 'call') as consent_call
    from sources
    group by customer_id
),

sales as (
    select
        customer_id,
        currency,
        channel,
        system,
        count(*) as order_count,
        count(*) filter (where is_recent) as recent_order_count,
        count(*) filter (where total is not null and total_company is null) as unpriced_order_count,
        count(total_company) as priced_order_count,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        sum(total) as amount,
        sum(total) filter (where is_recent) as recent_amount,
        sum(total_company) as amount_company,
        sum(total_company) filter (where is_recent) as recent_amount_company
    from marts.orders
    where is_sale and is_touched(customer_id)
    group by customer_id, currency, channel, system
),

purchases as (
    select
        customer_id,
        sum(order_count)::bigint as order_count,
        sum(recent_order_count)::bigint as recent_order_count,
        sum(unpriced_order_count)::bigint as unpriced_order_count,
        sum(amount_company)::decimal(38, 2) as revenue_company,
        sum(recent_amount_company)::decimal(38, 2) as recent_revenue_company,
        (sum(amount_company) / sum(priced_order_count))::decimal(18, 2) as average_basket_company,
        min(first_order_at)::date as first_order_on,
        max(last_order_at)::date as last_order_on,
        arg_min(channel, (first_order_at, system)) as first_order_channel,
        arg_max(channel, (last_order_at, system)) as last_order_channel,
        list_sort(list(distinct channel)) as channels
    from sales
    group by customer_id
),

shops as (
    select
        customer_id,
        system,
        sum(order_count) as order_count,
        max(last_order_at) as last_order_at
    from sales
    group by customer_id, system
),

favourite_shops as (
    select
        customer_id,
        arg_max(system, (order_count, last_order_at, system)) as system
    from shops
    group by customer_id
),

currency_sums as (
    select
        customer_id,
        currency,
        sum(amount) as amount,
        sum(recent_amount) as recent_amount
    from sales
    where currency is not null
    group by customer_id, currency
),

revenue as (
    select
        customer_id,
        map_from_entries(list_sort(list((currency, amount)))) as revenue,
        map_from_entries(list_sort(
            list((currency, recent_amount)) filter (where recent_amount is not null)
        )) as recent_revenue
    from currency_sums
    group by customer_id
),

category_sums as (
    select
        lines.customer_id,
        products.category,
        sum(lines.quantity) as quantity
    from marts.order_lines as lines
    inner join marts.orders as orders on lines.order_id = orders.order_id
    inner join marts.products as products on lines.product_id = products.product_id
    where orders.is_sale and products.category is not null and is_touched(lines.customer_id)
    group by lines.customer_id, products.category
),

favourite_categories as (
    select
        customer_id,
        arg_max(category, (quantity, category)) as category
    from category_sums
    group by customer_id
),

-- what of each currency is open, given back, to be paid: one sum and one map of each
amounts as (
    select
        members.customer_id,
        'balance' as what,
        orders.currency,
        orders.total::decimal(18, 2) as amount
    from staging.orders as orders
    inner join members on orders.customer_record = members.record
    where orders.billed = false and orders.is_sale
    union all
    select
        customer_id,
        'balance' as what,
        currency,
        balance as amount
    from members
    where balance <> 0
    union all
    select
        customer_id,
        'refunded' as what,
        currency,
        amount
    from marts.refunds
    where is_touched(customer_id)
    union all
    select
        customer_id,
        'receivable' as what,
        currency,
        open_amount as amount
    from marts.invoices
    where open_amount <> 0 and is_touched(customer_id)
    union all
    select
        customer_id,
        'overdue' as what,
        currency,
        open_amount as amount
    from marts.invoices
    where is_overdue and is_touched(customer_id)
),

amount_sums as (
    select
        amounts.customer_id,
        amounts.what,
        coalesce(amounts.currency, companies.currency) as currency,
        sum(amounts.amount) as amount
    from amounts
    cross join ops.company as companies
    group by all
),

balances as (
    select
        customer_id,
        map_from_entries(list_sort(
            list((currency, amount)) filter (where what = 'balance')
        )) as open_balance,
        map_from_entries(list_sort(
            list((currency, amount)) filter (where what = 'refunded')
        )) as refunded,
        map_from_entries(list_sort(
            list((currency, amount)) filter (where what = 'receivable')
        )) as receivable,
        map_from_entries(list_sort(
            list((currency, amount)) filter (where what = 'overdue')
        )) as overdue
    from amount_sums
    group by customer_id
),

refunds as (
    select
        customer_id,
        count(*) as refund_count
    from marts.refunds
    where is_touched(customer_id)
    group by customer_id
),

dues as (
    select
        customer_id,
        min(due_on) as oldest_due_on
    from marts.invoices
    where open_amount > 0 and is_touched(customer_id)
    group by customer_id
),

carts as (
    select
        customer_id,
        count(*) as abandoned_cart_count
    from marts.carts
    where not is_bought and is_touched(customer_id)
    group by customer_id
),

behaviour as (
    select
        customer_id,
        count(*) filter (where kind = 'product_view') as product_view_count,
        count(*) filter (where kind = 'call' and direction is distinct from 'out')
            as support_call_count
    from marts.interactions
    where is_touched(customer_id)
    group by customer_id
),

tickets as (
    select
        customer_id,
        count(*) as open_ticket_count
    from marts.tickets
    where is_open and is_touched(customer_id)
    group by customer_id
),

answers as (
    select
        customer_id,
        arg_max(score, (answered_at, survey_id)) filter (where kind = 'nps') as nps,
        arg_max(score, (answered_at, survey_id)) filter (where kind = 'csat') as csat,
        arg_max(score, (answered_at, survey_id)) filter (where kind = 'ces') as ces
    from marts.surveys
    where is_touched(customer_id)
    group by customer_id
),

-- a meeting that is planned is no touch yet
touches as (
    select
        timeline.customer_id,
        max(struct_pack(
            occurred_at := timeline.occurred_at,
            reference := timeline.reference,
            kind := timeline.kind,
            channel := timeline.channel
        )) as newest
    from marts.timeline as timeline
    cross join ops.as_of as builds
    where timeline.occurred_at <= builds.as_of and is_touched(timeline.customer_id)
    group by timeline.customer_id
)

select
    people.customer_id,
    people.name,
    people.first_name,
    people.last_name,
    people.company,
    people.email,
    people.phone,
    people.tax_number,
    people.address,
    people.city,
    people.postcode,
    people.country,
    coalesce(consents.consent_email, false) as consent_email,
    coalesce(consents.consent_sms, false) as consent_sms,
    coalesce(consents.consent_call, false) as consent_call,
    people.birth_date,
    ages.age_class,
    people.gender,
    ids.ids,
    coalesce(purchases.order_count, 0) as order_count,
    coalesce(purchases.recent_order_count, 0) as order_count_12m,
    revenue.revenue,
    revenue.recent_revenue as revenue_12m,
    purchases.revenue_company,
    purchases.recent_revenue_company as revenue_company_12m,
    coalesce(purchases.unpriced_order_count, 0) as unpriced_order_count,
    purchases.average_basket_company,
    purchases.first_order_on,
    purchases.first_order_channel,
    purchases.last_order_on,
    purchases.last_order_channel,
    coalesce(purchases.channels, []) as channels,
    coalesce(len(purchases.channels), 0) > 1 as is_omnichannel,
    favourite_shops.system as favourite_shop,
    favourite_categories.category as favourite_category,
    coalesce(refunds.refund_count, 0) as refund_count,
    balances.refunded,
    coalesce(carts.abandoned_cart_count, 0) as abandoned_cart_count,
    coalesce(behaviour.product_view_count, 0) as product_view_count,
    coalesce(behaviour.support_call_count, 0) as support_call_count,
    coalesce(tickets.open_ticket_count, 0) as open_ticket_count,
    answers.nps,
    answers.csat,
    answers.ces,
    balances.open_balance,
    balances.receivable,
    balances.overdue,
    dues.oldest_due_on,
    standing.recency as recency_score,
    standing.frequency as frequency_score,
    standing.monetary as monetary_score,
    standing.rfm_class,
    standing.rhythm_days,
    standing.churn_risk,
    touches.newest.occurred_at as last_touch_at,
    touches.newest.kind as last_touch_kind,
    touches.newest.channel as last_touch_channel
from people
left join staging.age_classes as ages
    on people.birth_date > ages.born_after and people.birth_date <= ages.born_until
left join ids on people.customer_id = ids.customer_id
left join consents on people.customer_id = consents.customer_id
left join purchases on people.customer_id = purchases.customer_id
left join revenue on people.customer_id = revenue.customer_id
left join favourite_shops on people.customer_id = favourite_shops.customer_id
left join favourite_categories on people.customer_id = favourite_categories.customer_id
left join balances on people.customer_id = balances.customer_id
left join refunds on people.customer_id = refunds.customer_id
left join dues on people.customer_id = dues.customer_id
left join carts on people.customer_id = carts.customer_id
left join behaviour on people.customer_id = behaviour.customer_id
left join tickets on people.customer_id = tickets.customer_id
left join answers on people.customer_id = answers.customer_id
left join changes.standing as standing on people.customer_id = standing.customer_id
left join touches on people.customer_id = touches.customer_id
