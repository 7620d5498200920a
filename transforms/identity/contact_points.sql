-- One row per e-mail, telephone or tax number in normal form that belongs to one customer: all
-- records that have it are that customer's, and strangers are not known to share it.
with people as (
    select
        customers.customer_id,
        comparable.email,
        comparable.phone,
        comparable.valid_tax as tax_number
    from matching.people as people
    inner join identity.customers as customers on people.record = customers.record
    inner join matching.comparable as comparable on people.profile = comparable.profile
),

held as (
    unpivot (from people)
    on email, phone, tax_number into name type value value
)

select
    type,
    value,
    min(customer_id) as customer_id
from held
group by type, value
having min(customer_id) = max(customer_id)
