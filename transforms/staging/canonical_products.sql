-- One row per product of a generic system that there is or was.
select
    concat(_system, '/products/', _key) as product_record,
    null::varchar as parent_record,
    _system as system,
    _key as key,
    sku,
    barcode,
    name,
    category,
    brand,
    unit,
    price,
    cost,
    currency,
    _change is null and coalesce(active, true) as is_sold,
    created_at,
    updated_at
from raw_canonical.products
