-- One row per customer known by several records, and field that any of them fills: which value won,
-- by which rule, and what it won over. Who is known by one record has what that says.
with several as (
    select customers.customer_id
    from identity.customers as customers
    inner join staging.records as records on customers.record = records.record
    where is_touched(customers.customer_id)
    group by customers.customer_id
    having count(*) > 1
),

members as (
    select
        customers.customer_id,
        records.*,
        coalesce(systems.trust, 0) as trust,
        -- an account says more than what a guest typed at checkout, then trust, then the newest
        row_number() over (
            order by
                records.is_guest desc,
                coalesce(systems.trust, 0) asc,
                records.updated_at asc,
                records.record asc
        ) as place
    from identity.customers as customers
    semi join several on customers.customer_id = several.customer_id
    inner join staging.records as records on customers.record = records.record
    left join ops.systems as systems on records.system = systems.system
),

written as (
    unpivot (
        select
            customer_id,
            record,
            place,
            name,
            first_name,
            last_name,
            company,
            email,
            phone,
            tax_number,
            birth_date::varchar as birth_date,
            gender,
            address,
            city,
            postcode,
            country
        from members
    )
    on
    name,
    first_name,
    last_name,
    company,
    email,
    phone,
    tax_number,
    birth_date,
    gender,
    address,
    city,
    postcode,
    country
    into name field value value
),

-- what identifies nobody wins only where there is nothing else
unreadable as (
    select
        type,
        value
    from staging.identifiers
    where normal is null
),

judged as (
    select
        written.*,
        unreadable.value is null as is_readable,
        written.place + if(unreadable.value is null, 1000000000000, 0) as rank
    from written
    left join unreadable
        on written.field = unreadable.type and written.value = unreadable.value
),

winners as (
    select
        customer_id,
        field,
        arg_max(value, rank) as value,
        arg_max(record, rank) as record,
        bool_or(is_readable) as is_readable,
        count(*) as records,
        min(value) <> max(value) as is_disputed
    from judged
    group by customer_id, field
),

losers as (
    select
        judged.customer_id,
        judged.field,
        arg_max(judged.record, judged.rank) as record,
        bool_or(judged.is_readable) as is_readable,
        list(
            struct_pack(value := judged.value, record := judged.record)
            order by judged.rank desc
        ) as losers
    from judged
    inner join winners
        on judged.customer_id = winners.customer_id and judged.field = winners.field
    where winners.is_disputed and judged.value <> winners.value
    group by judged.customer_id, judged.field
)

select
    winners.customer_id,
    winners.field,
    winners.value,
    winners.record,
    won.system,
    won.updated_at,
    case
        when winners.records = 1 then 'only value'
        when losers.record is null then 'all agree'
        when winners.is_readable and not losers.is_readable then 'readable'
        when lost.is_guest and not won.is_guest then 'account over guest'
        when won.trust > lost.trust then 'trusted system'
        when won.updated_at > lost.updated_at then 'newest'
        else 'last record'
    end as rule,
    coalesce(losers.losers, []) as losers
from winners
inner join members as won on winners.record = won.record
left join losers on winners.customer_id = losers.customer_id and winners.field = losers.field
left join members as lost on losers.record = lost.record
