-- One row per system that creates records and customer it has none of, who may be created there:
-- with a consent to marketing on some channel, nothing late to pay, an e-mail address that is
-- theirs alone, and never there before. Kept as a table: each tool that creates reads it.
with creating as (
    select system
    from ops.publishing
    where creates
),

records as (
    select
        links.customer_id,
        records.*
    from staging.records as records
    inner join identity.customers as links on records.record = links.record
    -- where no system creates, nothing is joined
    where
        exists (select 1 from creating)
        and (
            records.system in (select creating.system from creating)
            or records.email is not null
        )
),

there as (
    select
        system,
        customer_id
    from records
    where not is_guest
    union
    -- whom we created once, also if somebody deleted the record since
    select
        creations.system,
        links.customer_id
    from journal.creations as creations
    inner join identity.customers as links on creations.of_record = links.record
    where creations.state = 'created'
),

-- who was deleted there is not brought back
gone as (
    select
        _system as system,
        email
    from raw_shopify.customers
    where _change is not null
    union all
    select
        _system as system,
        email
    from raw_woocommerce.customers
    where _change is not null
    union all
    select
        _system as system,
        email
    from raw_hubspot.contacts
    where _change is not null
),

-- what is written of an address or number, and whose alone it is
owned as (
    select
        identifiers.type,
        identifiers.value,
        identifiers.normal,
        points.customer_id
    from staging.identifiers as identifiers
    inner join identity.contact_points as points
        on identifiers.type = points.type and identifiers.normal = points.value
    where exists (select 1 from creating)
),

founders as (
    select
        records.customer_id,
        owned.normal as email,
        min(records.record) as of_record
    from records
    inner join owned
        on
            owned.type = 'email'
            and records.email = owned.value
            and records.customer_id = owned.customer_id
    group by records.customer_id, owned.normal
),

late as (
    select customer_id
    from marts.invoices
    where is_overdue
)

select
    creating.system,
    customers.customer_id,
    founders.of_record,
    -- a till writes one name
    coalesce(
        customers.first_name,
        if(customers.last_name is null, regexp_extract(customers.name, '^(.+) \S+$', 1), null)
    ) as first_name,
    coalesce(
        customers.last_name,
        if(customers.first_name is null, regexp_extract(customers.name, '\S+$'), null)
    ) as last_name,
    customers.company,
    trim(customers.email) as email,
    phones.normal as phone
from creating
cross join marts.customer_360 as customers
inner join owned as emails
    on
        emails.type = 'email'
        and customers.email = emails.value
        and customers.customer_id = emails.customer_id
inner join founders
    on customers.customer_id = founders.customer_id and emails.normal = founders.email
left join owned as phones
    on
        phones.type = 'phone'
        and customers.phone = phones.value
        and customers.customer_id = phones.customer_id
anti join there
    on creating.system = there.system and customers.customer_id = there.customer_id
anti join late on customers.customer_id = late.customer_id
anti join gone
    on creating.system = gone.system and lower(trim(customers.email)) = lower(trim(gone.email))
where customers.consent_email or customers.consent_sms or customers.consent_call
