-- One row per product or variant and place of any system: how many are there now.
select
    product_record as product_id,
    location_id,
    location,
    system,
    quantity::decimal(18, 3) as quantity,
    reserved::decimal(18, 3) as reserved,
    updated_at
from staging.stock_levels
