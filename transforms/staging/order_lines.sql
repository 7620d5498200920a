-- One row per order line of any system.
select
    order_record,
    unnest(lines, recursive := false).line_id as line_id,
    unnest(lines, recursive := false).product_id as product_id,
    unnest(lines, recursive := false).product_name as product_name,
    unnest(lines, recursive := false).quantity as quantity,
    unnest(lines, recursive := false).unit_price as unit_price,
    unnest(lines, recursive := false).total as total
from staging.orders
