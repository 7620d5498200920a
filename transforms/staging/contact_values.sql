-- One row per e-mail, telephone and tax number as written, of a customer record or of a row that is
-- about somebody.
with written as (
    select
        email,
        phone,
        tax_number
    from staging.known_records
    union all
    select
        email,
        phone,
        tax_number
    from staging.mentions
),

typed as (
    unpivot (from written)
    on email, phone, tax_number into name type value value
)

select distinct
    type,
    value
from typed
