-- One row per paid WooCommerce order: the store keeps one payment per order, in the order.
select
    concat(_system, '/payments/', _key) as payment_record,
    _system as system,
    _key as key,
    concat(_system, '/orders/', _key) as order_record,
    null::varchar as customer_record,
    paid_at,
    payment_method as method,
    status,
    total::decimal(18, 2) as amount,
    null::decimal(18, 2) as fee,
    currency,
    null::bigint as installments,
    nullif(transaction_id, '') as reference
from raw_woocommerce.orders
where _change is null and paid_at is not null
