-- One row per refund of any system, with the customer who was given it.
select
    refunds.refund_record as refund_id,
    refunds.order_record as order_id,
    coalesce(customers.customer_id, orders.customer_id) as customer_id,
    refunds.system,
    refunds.key as refund_key,
    refunds.refunded_at,
    refunds.refunded_at::date as refunded_on,
    refunds.amount::decimal(18, 2) as amount,
    refunds.currency,
    refunds.status,
    refunds.reason
from staging.refunds as refunds
left join identity.customers as customers on refunds.customer_record = customers.record
left join marts.orders as orders on refunds.order_record = orders.order_id
