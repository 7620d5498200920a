-- One row per record that tells of an order, itself or one of its lines, with its content's hash.
select
    concat(_system, '/orders/', _key) as order_record,
    hash(_key, _hash) as content
from raw_shopify.orders
where _change is null
union all
select
    concat(_system, '/orders/', _key) as order_record,
    hash(_key, _hash) as content
from raw_woocommerce.orders
where _change is null
union all
select
    concat(_system, '/orders/', _key) as order_record,
    hash(_key, _hash) as content
from raw_hubspot.deals
where _change is null
union all
select
    concat(_system, '/orders/', order_id) as order_record,
    hash(_key, _hash) as content
from raw_canonical.orders
where _change is null
union all
select
    concat(_system, '/orders/', order_id) as order_record,
    hash('line', _key, _hash) as content
from raw_canonical.order_lines
where _change is null
