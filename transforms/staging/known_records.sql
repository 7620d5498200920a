-- One row per record of a person or company that there is or was: every customer record, those
-- merged into another too, and every order placed without an account, as far as it says by whom.
-- Kept as a table: many models read it.
with customers as (
    select * from staging.shopify_customers
    union all by name
    select * from staging.woocommerce_customers
    union all by name
    select * from staging.hubspot_customers
    union all by name
    select * from staging.canonical_customers
),

guests as (
    select
        order_record as record,
        system,
        key,
        contact_name as name,
        contact_company as company,
        contact_email as email,
        contact_phone as phone,
        contact_address as address,
        contact_city as city,
        contact_postcode as postcode,
        ordered_at as created_at,
        ordered_at as updated_at
    from staging.orders
    where customer_record is null and coalesce(contact_email, contact_phone) is not null
),

records as (
    select *, false as is_guest from customers
    union all by name
    select *, true as is_guest from guests
)

select
    records.* exclude (merged_into)
    replace (coalesce(updated_at, created_at, timestamp '1970-01-01') as updated_at),
    merged.survivor as merged_into
from records
left join staging.merged_records as merged on records.record = merged.record
