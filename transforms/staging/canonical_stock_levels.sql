-- One row per product and place of a generic system that is still there.
select
    concat(_system, '/products/', product_id) as product_record,
    _system as system,
    location as location_id,
    location,
    quantity,
    reserved,
    updated_at
from raw_canonical.stock_levels
where _change is null
