-- One row per WooCommerce account that is still there.
with accounts as (
    select
        *,
        list_filter(
            from_json(meta_data, '[{"key":"VARCHAR","value":"JSON"}]'),
            lambda entry: entry.key = 'newsletter'
        )[1].value ->> '$' as newsletter
    from raw_woocommerce.customers
    where _change is null
)

select
    concat(_system, '/customers/', _key) as record,
    _system as system,
    _key as key,
    nullif(concat_ws(
        ' ', coalesce(first_name, billing_first_name), coalesce(last_name, billing_last_name)
    ), '') as name,
    coalesce(first_name, billing_first_name) as first_name,
    coalesce(last_name, billing_last_name) as last_name,
    company,
    email,
    phone,
    null::varchar as tax_number,
    null::date as birth_date,
    address,
    city,
    postcode,
    country,
    newsletter = 'yes' as consent_email,
    null::decimal(18, 2) as balance,
    null::varchar as currency,
    created_at,
    updated_at
from accounts
