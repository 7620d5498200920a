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
),

valued as (
    select
        invoices.*,
        (case
            when invoices.is_settled or invoices.is_draft then 0
            when invoices.status is null and telling._system is null then null
            when invoices.is_return then coalesce(payments.amount, 0) - invoices.due
            else invoices.due - coalesce(payments.amount, 0)
        end)::decimal(18, 2) as open_amount,
        invoices.due_date < builds.as_of::date as is_late
    from invoices
    cross join ops.as_of as builds
    left join payments
        on invoices._system = payments._system and invoices.invoice_id = payments.invoice_id
    left join telling on invoices._system = telling._system
)

select
    concat(_system, '/invoices/', _key) as invoice_record,
    _system as system,
    _key as key,
    _system || '/customers/' || customer_key as customer_record,
    _system || '/orders/' || order_id as order_record,
    customer_email as email,
    customer_phone as phone,
    customer_tax_number as tax_number,
    number,
    type,
    status,
    issued_at,
    due_date as due_on,
    currency,
    total,
    open_amount,
    open_amount > 0 and is_late as is_overdue,
    hash(_key, _hash, open_amount, is_late) as content
from valued
