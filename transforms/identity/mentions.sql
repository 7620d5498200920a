-- One row per row that is about somebody, with the customer it is about, if it can be told: by the
-- customer record it names, then by its order, tax number, e-mail and telephone.
with mentions as (
    select * from staging.mentions
),

by_record as (
    select
        mentions.reference,
        1 as place,
        customers.customer_id
    from mentions
    inner join identity.customers as customers on mentions.customer_record = customers.record
),

by_order as (
    select
        mentions.reference,
        2 as place,
        customers.customer_id
    from mentions
    inner join staging.valued_orders as orders on mentions.order_record = orders.order_record
    inner join identity.customers as customers on orders.record = customers.record
),

written as (
    unpivot (
        select
            reference,
            email,
            phone,
            tax_number
        from mentions
    )
    on email, phone, tax_number into name type value value
),

-- of the many there are, those that are written here
identifiers as (
    select identifiers.*
    from staging.identifiers as identifiers
    semi join written
        on identifiers.type = written.type and identifiers.value = written.value
),

by_value as (
    select
        written.reference,
        case written.type when 'tax_number' then 3 when 'email' then 4 else 5 end as place,
        points.customer_id
    from written
    inner join identifiers
        on written.type = identifiers.type and written.value = identifiers.value
    inner join identity.contact_points as points
        on identifiers.type = points.type and identifiers.normal = points.value
),

found as (
    select * from by_record
    union all
    select * from by_order
    union all
    select * from by_value
),

best as (
    select
        reference,
        arg_min(customer_id, place) as customer_id
    from found
    group by reference
)

select
    mentions.reference,
    mentions.system,
    mentions.order_record,
    best.customer_id,
    mentions.content
from mentions
left join best on mentions.reference = best.reference
