-- One row per payment of any system, with the customer who made it.
with payments as (
    select
        payments.*,
        coalesce(mentions.customer_id, orders.customer_id) as customer_id
    from staging.payments as payments
    left join identity.mentions as mentions on payments.payment_record = mentions.reference
    left join marts.orders as orders on payments.order_record = orders.order_id
)

select
    payment_record as payment_id,
    order_record as order_id,
    customer_id,
    system,
    key as payment_key,
    paid_at,
    paid_at::date as paid_on,
    method,
    status,
    amount::decimal(18, 2) as amount,
    fee::decimal(18, 2) as fee,
    currency,
    installments,
    reference
from payments
where customer_id is null or is_touched(customer_id)
