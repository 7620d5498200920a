-- One row per e-mail, telephone or tax number in normal form that belongs to one customer: all
-- records that have it are that customer's, and strangers are not known to share it.
with written as (
    unpivot (
        select
            record,
            email,
            phone,
            tax_number
        from staging.known_records
    )
    on email, phone, tax_number into name type value value
),

held as (
    select
        identifiers.type,
        identifiers.normal as value,
        customers.customer_id
    from written
    inner join staging.identifiers as identifiers
        on written.type = identifiers.type and written.value = identifiers.value
    inner join identity.customers as customers on written.record = customers.record
    where identifiers.normal is not null
),

owned as (
    select
        type,
        value,
        min(customer_id) as customer_id
    from held
    group by type, value
    having min(customer_id) = max(customer_id)
),

shared as (
    select
        shared_values.type,
        shared_values.value
    from journal.identity_shared as shared_values
    inner join matching.version as versions on shared_values.version = versions.version
)

select owned.*
from owned
anti join shared on owned.type = shared.type and owned.value = shared.value
