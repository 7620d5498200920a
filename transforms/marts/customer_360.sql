-- One row per customer: who they are across all systems, and what they bought.
with customers as (
    select
        customers.customer_id,
        customers.record
    from identity.customers as customers
    where is_touched(customers.customer_id)
),

members as (
    select
        customers.customer_id,
        records.*,
        systems.channel
    from customers
    inner join staging.records as records on customers.record = records.record
    left join ops.systems as systems on records.system = systems.system
),

-- the newest value that is there wins; an account outranks what a guest typed at checkout
ranked as (
    select
        *,
        row_number() over (order by not is_guest, updated_at, record) as rank
    from members
),

contacts as (
    select
        customer_id,
        arg_max(name, rank) as name,
        arg_max(first_name, rank) as first_name,
        arg_max(last_name, rank) as last_name,
        arg_max(company, rank) as company,
        arg_max(email, rank) as email,
        arg_max(phone, rank) as phone,
        arg_max(tax_number, rank) as tax_number,
        arg_max(city, rank) as city,
        -- consent holds only while no system has heard a no
        bool_and(consent_email) as consent_email
    from ranked
    group by customer_id
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

sales as (
    select
        customer_id,
        currency,
        channel,
        count(*) as order_count,
        min(ordered_on) as first_order_on,
        max(ordered_on) as last_order_on,
        sum(total) as amount
    from marts.orders
    where is_sale and is_touched(customer_id)
    group by customer_id, currency, channel
),

purchases as (
    select
        customer_id,
        sum(order_count)::bigint as order_count,
        min(first_order_on) as first_order_on,
        max(last_order_on) as last_order_on,
        list_sort(list(distinct channel)) as channels
    from sales
    group by customer_id
),

currency_sums as (
    select
        customer_id,
        currency,
        sum(amount) as amount
    from sales
    where currency is not null
    group by customer_id, currency
),

revenue as (
    select
        customer_id,
        map_from_entries(list_sort(list((currency, amount)))) as revenue
    from currency_sums
    group by customer_id
),

open_items as (
    select
        customers.customer_id,
        orders.currency,
        orders.total::decimal(18, 2) as amount
    from staging.orders as orders
    inner join customers on orders.customer_record = customers.record
    where orders.billed = false and orders.is_sale
    union all
    select
        customer_id,
        currency,
        balance as amount
    from members
    where balance <> 0
),

open_sums as (
    select
        customer_id,
        coalesce(currency, 'TRY') as currency,
        sum(amount) as amount
    from open_items
    group by all
),

balances as (
    select
        customer_id,
        map_from_entries(list_sort(list((currency, amount)))) as open_balance
    from open_sums
    group by customer_id
)

select
    contacts.customer_id,
    contacts.name,
    contacts.first_name,
    contacts.last_name,
    contacts.company,
    contacts.email,
    contacts.phone,
    contacts.tax_number,
    contacts.city,
    coalesce(contacts.consent_email, false) as consent_email,
    ids.ids,
    coalesce(purchases.order_count, 0) as order_count,
    revenue.revenue,
    purchases.first_order_on,
    purchases.last_order_on,
    coalesce(purchases.channels, []) as channels,
    coalesce(len(purchases.channels), 0) > 1 as is_omnichannel,
    balances.open_balance
from contacts
left join ids on contacts.customer_id = ids.customer_id
left join purchases on contacts.customer_id = purchases.customer_id
left join revenue on contacts.customer_id = revenue.customer_id
left join balances on contacts.customer_id = balances.customer_id
