-- One row per touchpoint of a customer: everything with a moment that happened between them and us.
with orders as (
    select
        customer_id,
        ordered_at as occurred_at,
        'order' as kind,
        channel,
        system,
        concat_ws(' ', 'Order', order_key, 'of', total, currency) as title,
        order_id as reference
    from marts.orders
    where is_touched(customer_id)
),

refunds as (
    select
        customer_id,
        refunded_at as occurred_at,
        'refund' as kind,
        system,
        concat_ws(' ', 'Refund of', amount, currency) as title,
        refund_id as reference
    from marts.refunds
    where is_touched(customer_id)
),

-- Shopify does not say when an order was paid
payments as (
    select
        payments.customer_id,
        payments.paid_at as occurred_at,
        'payment' as kind,
        payments.system,
        concat_ws(' ', 'Payment of', payments.amount, payments.currency, 'by ' || payments.method)
            as title,
        payments.payment_id as reference
    from marts.payments as payments
    left join ops.systems as systems on payments.system = systems.system
    where is_touched(payments.customer_id) and systems.kind is distinct from 'shopify'
),

invoices as (
    select
        customer_id,
        issued_at as occurred_at,
        'invoice' as kind,
        system,
        concat_ws(' ', 'Invoice', coalesce(number, invoice_key), 'of', total, currency) as title,
        invoice_id as reference
    from marts.invoices
    where is_touched(customer_id)
),

interactions as (
    select
        customer_id,
        occurred_at,
        coalesce(kind, 'interaction') as kind,
        channel,
        system,
        case kind
            when 'visit' then concat_ws(' ', 'Visit', 'to ' || url, 'from ' || channel)
            when 'product_view' then concat_ws(' ', 'Looked at', coalesce(product_key, url))
            when 'call'
                then concat(if(direction = 'out', 'We called', 'Called us'), ': ' || subject)
            when 'email'
                then concat(if(direction = 'in', 'Wrote us', 'We wrote'), ': ' || subject)
            when 'email_open' then concat_ws(' ', 'Opened our e-mail', subject)
            when 'email_click' then concat_ws(' ', 'Clicked in our e-mail', subject)
            else concat(replace(coalesce(kind, 'interaction'), '_', ' '), ': ' || subject)
        end as title,
        interaction_id as reference
    from marts.interactions
    where is_touched(customer_id)
),

surveys as (
    select
        customer_id,
        answered_at as occurred_at,
        'survey' as kind,
        channel,
        system,
        concat_ws(' ', 'Answered', upper(kind), 'with', score::double) as title,
        survey_id as reference
    from marts.surveys
    where is_touched(customer_id)
),

carts as (
    select
        customer_id,
        updated_at as occurred_at,
        'cart' as kind,
        system,
        concat_ws(
            ' ', if(is_bought, 'Bought', 'Left behind'), 'a cart of', total, currency
        ) as title,
        cart_id as reference
    from marts.carts
    where is_touched(customer_id)
),

consents as (
    select
        customer_id,
        decided_at as occurred_at,
        'consent' as kind,
        system,
        concat(if(is_granted, 'Agreed to ', 'Said no to '), channel) as title,
        consent_id as reference
    from marts.consents
    where is_touched(customer_id)
),

tickets as (
    select
        customer_id,
        opened_at as occurred_at,
        'ticket' as kind,
        channel,
        system,
        concat('Opened a ticket', ': ' || subject) as title,
        ticket_id as reference
    from marts.tickets
    where is_touched(customer_id)
),

touchpoints as (
    select * from orders
    union all by name
    select * from refunds
    union all by name
    select * from payments
    union all by name
    select * from invoices
    union all by name
    select * from interactions
    union all by name
    select * from surveys
    union all by name
    select * from carts
    union all by name
    select * from consents
    union all by name
    select * from tickets
)

select
    touchpoints.customer_id,
    touchpoints.occurred_at,
    touchpoints.kind,
    coalesce(touchpoints.channel, systems.channel) as channel,
    touchpoints.system,
    touchpoints.title,
    touchpoints.reference
from touchpoints
left join ops.systems as systems on touchpoints.system = systems.system
where touchpoints.customer_id is not null and touchpoints.occurred_at is not null
