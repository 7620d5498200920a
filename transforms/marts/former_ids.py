"""One row per customer id that nobody has any more, with the customer its records belong to now.

An id that was issued resolves for ever, however often its customer went over into another; null
where all its records are gone.
"""

from __future__ import annotations

from warehouse.build import Context

# Not journal.customer_ids: it changes with identity.customers, and later.
READS = ("identity.customers",)
RESOLVED = """
    with recursive present as (
        select distinct customer_id from identity.customers
    ),
    former as (
        select distinct customer_id from journal.customer_ids
        anti join present using (customer_id)
    ),
    held as (
        select distinct record, customer_id as former_id
        from journal.customer_ids semi join former using (customer_id)
    ),
    latest as (
        select record, max_by(customer_id, recorded_at) as customer_id
        from journal.customer_ids semi join held using (record)
        group by record
    ),
    successors as (
        select held.former_id, latest.customer_id
        from held inner join latest using (record)
        left join present on latest.customer_id = present.customer_id
        where held.former_id <> latest.customer_id
        group by held.former_id, latest.customer_id, present.customer_id
        qualify 1 = row_number() over (
            partition by held.former_id
            order by present.customer_id is null, count(*) desc, latest.customer_id
        )
    ),
    followed as (
        from successors
        union
        select followed.former_id, successors.customer_id
        from followed inner join successors on followed.customer_id = successors.former_id
    )
    select former.customer_id as former_id, ends.customer_id
    from former
    left join (from followed semi join present using (customer_id)) as ends
        on former.customer_id = ends.former_id
"""


def model(context: Context) -> str:
    return RESOLVED
