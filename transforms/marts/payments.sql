-- One row per payment of any system, with the customer who made it.
select
    payments.payment_record as payment_id,
    payments.order_record as order_id,
    coalesce(customers.customer_id, orders.customer_id) as customer_id,
    payments.system,
    payments.key as payment_key,
    payments.paid_at,
    payments.paid_at::date as paid_on,
    payments.method,
    payments.status,
    payments.amount::decimal(18, 2) as amount,
    payments.fee::decimal(18, 2) as fee,
    payments.currency,
    payments.installments,
    payments.reference
from staging.payments as payments
left join identity.customers as customers on payments.customer_record = customers.record
left join marts.orders as orders on payments.order_record = orders.order_id
