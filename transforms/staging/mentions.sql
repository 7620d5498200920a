-- One row per row that is about somebody and is neither a customer record nor an order: by which
-- record, order or contact value it says who, and a hash of all it says.
with interactions as (
    select
        interaction_record as reference,
        system,
        customer_record,
        email,
        phone,
        occurred_at as happens_at,
        content
    from staging.interactions
),

surveys as (
    select
        survey_record as reference,
        system,
        customer_record,
        order_record,
        email,
        phone,
        answered_at as happens_at,
        content
    from staging.surveys
),

consents as (
    select
        consent_record as reference,
        system,
        customer_record,
        if(channel = 'email', recipient, null) as email,
        if(channel = 'email', null, recipient) as phone,
        decided_at as happens_at,
        content
    from staging.consents
),

carts as (
    select
        cart_record as reference,
        system,
        customer_record,
        order_record,
        email,
        phone,
        updated_at as happens_at,
        content
    from staging.carts
),

invoices as (
    select
        invoice_record as reference,
        system,
        customer_record,
        order_record,
        email,
        phone,
        tax_number,
        issued_at as happens_at,
        content
    from staging.invoices
),

tickets as (
    select
        ticket_record as reference,
        system,
        customer_record,
        opened_at as happens_at,
        content
    from staging.tickets
),

-- those of the shops are states of an order
payments as (
    select
        payment_record as reference,
        system,
        customer_record,
        order_record,
        paid_at as happens_at,
        content
    from staging.canonical_payments
),

refunds as (
    select
        refund_record as reference,
        system,
        customer_record,
        order_record,
        refunded_at as happens_at,
        content
    from staging.refunds
),

mentions as (
    select * from interactions
    union all by name
    select * from surveys
    union all by name
    select * from consents
    union all by name
    select * from carts
    union all by name
    select * from invoices
    union all by name
    select * from tickets
    union all by name
    select * from payments
    union all by name
    select * from refunds
),

-- a survey tool writes the numbers that the till gave its customers and orders
named as (
    select
        mentions.*,
        coalesce(systems.keys_of, mentions.system) as owner,
        length(mentions.system) + 1 as behind
    from mentions
    left join ops.systems as systems on mentions.system = systems.system
)

select
    named.* exclude (happens_at, owner, behind)
    replace (
        owner || substr(customer_record, behind) as customer_record,
        owner || substr(order_record, behind) as order_record,
        -- what is yet to come is said anew when it has come
        hash(named.content, named.happens_at <= builds.as_of) as content
    )
from named
cross join ops.as_of as builds
