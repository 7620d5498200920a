-- One row per refund of any system, with the customer who was given it.
select
    refunds.refund_record as refund_id,
    refunds.order_record as order_id,
    mentions.customer_id,
    refunds.system,
    refunds.key as refund_key,
    refunds.refunded_at,
    refunds.refunded_at::date as refunded_on,
    refunds.amount::decimal(18, 2) as amount,
    refunds.currency,
    refunds.status,
    refunds.reason
from staging.refunds as refunds
left join identity.mentions as mentions on refunds.refund_record = mentions.reference
where mentions.customer_id is null or is_touched(mentions.customer_id)
