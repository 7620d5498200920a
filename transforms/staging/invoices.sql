-- One row per invoice that is still there, with what of it is still to be paid: null where its
-- system tells neither a state nor any payment of invoices, below zero where money goes back.
with payments as (
    select
        _system,
        invoice_id,
        sum(amount) as amount
    from raw_canonical.payments
    where _change is null and invoice_id is not null
    group by _system, invoice_id
),

telling as (
    select distinct _system from payments
),

invoices as (
    select
        *,
        coalesce(payable, total) as due,
        -- Dolibarr's codes are numbers
        coalesce(lower(type) in ('iade', 'credit note', '2'), false) as is_return,
        lower(status) in ('draft', 'taslak', '0') as is_draft,
        lower(status) in ('paid', 'ödendi', 'cancelled', 'iptal', '2', '3') as is_settled
    from raw_canonical.invoices
    where _change is null
)

select
    concat(invoices._system, '/invoices/', invoices._key) as invoice_record,
    invoices._system as system,
    invoices._key as key,
    invoices._system || '/customers/' || invoices.customer_key as customer_record,
    invoices._system || '/orders/' || invoices.order_id as order_record,
    invoices.customer_email as email,
    invoices.customer_phone as phone,
    invoices.customer_tax_number as tax_number,
    invoices.number,
    invoices.type,
    invoices.status,
    invoices.is_return,
    invoices.issued_at,
    invoices.due_date as due_on,
    invoices.currency,
    invoices.total,
    payments.amount as paid,
    (case
        when invoices.is_settled or invoices.is_draft then 0
        when invoices.status is null and telling._system is null then null
        when invoices.is_return then coalesce(payments.amount, 0) - invoices.due
        else invoices.due - coalesce(payments.amount, 0)
    end)::decimal(18, 2) as open_amount,
    hash(invoices._key, invoices._hash, payments.amount, telling._system) as content
from invoices
left join payments
    on invoices._system = payments._system and invoices.invoice_id = payments.invoice_id
left join telling on invoices._system = telling._system
