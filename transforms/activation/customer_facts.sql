-- One row per customer record of any tool, with the facts we give back: facts, dates and
-- classes, never ages that change by themselves at midnight. Kept as a table: each tool reads it.
select
    members.system,
    systems.kind,
    members.key as record,
    customers.customer_id,
    customers.name,
    customers.email,
    customers.phone,
    customers.city,
    customers.order_count,
    customers.first_order_on,
    customers.last_order_on,
    nullif(array_to_string(customers.channels, ', '), '') as channels,
    customers.is_omnichannel,
    nullif(array_to_string(list_transform(
        map_entries(customers.revenue), lambda sum: concat(sum.value, ' ', sum.key)
    ), ', '), '') as revenue,
    nullif(array_to_string(list_transform(
        map_entries(customers.open_balance), lambda sum: concat(sum.value, ' ', sum.key)
    ), ', '), '') as open_balance
from staging.records as members
inner join identity.customers as links on members.record = links.record
inner join marts.customer_360 as customers on links.customer_id = customers.customer_id
inner join ops.systems as systems on members.system = systems.system
where not members.is_guest and is_touched(links.customer_id)
