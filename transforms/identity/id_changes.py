"""One row per time that records went from one customer id to another: `merged`, or `split` where
other records kept the id they left."""

from __future__ import annotations

from warehouse.build import Context

# Not journal.customer_ids: it changes with identity.customers, and later.
READS = ("identity.customers",)
CHANGES = """
    with lines as (
        select record, customer_id, recorded_at as since,
            lead(customer_id) over lines_of as next_id, lead(recorded_at) over lines_of as until
        from journal.customer_ids
        window lines_of as (partition by record order by recorded_at)
    ),
    changes as (
        select customer_id as former_id, next_id as customer_id, until as changed_at,
            count(*) as records
        from lines where next_id <> customer_id
        group by all
    ),
    kept as (
        select distinct changes.former_id, changes.changed_at
        from changes inner join lines on changes.former_id = lines.customer_id
            and lines.since <= changes.changed_at
            and (lines.until is null or lines.until > changes.changed_at)
        where lines.until is not null or lines.record in (select record from identity.customers)
    )
    select changes.*, case when kept.former_id is null then 'merged' else 'split' end as change
    from changes left join kept using (former_id, changed_at)
"""


def model(context: Context) -> str:
    return CHANGES
