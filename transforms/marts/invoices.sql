-- One row per invoice of any system, with the customer and what of it is still to be paid.
select
    invoices.invoice_record as invoice_id,
    mentions.customer_id,
    invoices.system,
    invoices.key as invoice_key,
    invoices.number,
    invoices.type,
    invoices.status,
    mentions.order_record as order_id,
    invoices.issued_at,
    invoices.due_on,
    invoices.currency,
    invoices.total,
    invoices.open_amount,
    invoices.is_overdue
from staging.invoices as invoices
left join identity.mentions as mentions on invoices.invoice_record = mentions.reference
where mentions.customer_id is null or is_touched(mentions.customer_id)
