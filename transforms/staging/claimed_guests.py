"""One row per order that was placed without an account and belongs to one since: its guest is who
has that account, says the system itself."""

from __future__ import annotations

from warehouse.build import Context

# Not journal.customer_ids: only what it said before these orders came counts.
READS = ("staging.orders",)


def model(context: Context) -> str:
    return """
        select order_record as record, customer_record as merged_into
        from staging.orders
        where customer_record is not null
            and order_record in (select record from journal.customer_ids)
    """
