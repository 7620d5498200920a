-- One row per record of a person or company that there is or was: every customer record, those
-- merged into another too, and every order placed without an account, as far as it says by whom
-- (also if it belongs to an account since).
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
        orders.order_record as record,
        orders.system,
        orders.key,
        orders.contact_name as name,
        orders.contact_company as company,
        orders.contact_email as email,
        orders.contact_phone as phone,
        orders.contact_address as address,
        orders.contact_city as city,
        orders.contact_postcode as postcode,
        orders.ordered_at as created_at,
        orders.ordered_at as updated_at,
        claimed.merged_into
    from staging.orders as orders
    left join staging.claimed_guests as claimed on orders.order_record = claimed.record
    where
        claimed.record is not null
        or (
            orders.customer_record is null
            and coalesce(orders.contact_email, orders.contact_phone) is not null
        )
),

records as (
    select *, false as is_guest from customers
    union all by name
    select *, true as is_guest from guests
)

select
    records.* exclude (merged_into)
    replace (coalesce(updated_at, created_at, timestamp '1970-01-01') as updated_at),
    coalesce(merged.survivor, if(records.is_guest, records.merged_into, null)) as merged_into
from records
left join staging.merged_records as merged
    on if(records.is_guest, records.merged_into, records.record) = merged.record
