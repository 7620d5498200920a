"""One row per record with the customer it belongs to; issues ids through the journal.

A cluster keeps the id that most of its records already had (of equals the oldest one). Of two
clusters that had the same id, the one with more of its records keeps it. What is new gets an
id derived from its first record, and every change is written to the journal before it is used:
an id survives a rebuild, and one that was issued is never issued to somebody else. So a cluster
that is as it was keeps its id; looked at are those with another record, and whose ids they had.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.build import Context, Part

# Not journal.customer_ids: that is this model's own memory, which it reads and extends.
READS = ("identity.clusters",)
CONTENTS = "identity.clusters"
REGION = """
    create or replace temp table region as
    with moved as (
        select record, cluster from identity.clusters
        where cluster in (select cluster from identity.clusters semi join {changed} using (record))
    ),
    had as (
        select customer_id from journal.customer_ids semi join moved using (record)
    ),
    kept as (
        select record from {earlier} semi join had using (customer_id)
    )
    from {changed}
    union
    select record from identity.clusters
    where cluster in (
        select cluster from moved
        union
        select cluster from identity.clusters semi join kept using (record)
    )
"""
NEW_ID = "'c_' || left(sha1(min(record) || '#0'), 12)"  # as _new_id() gives it
# What a cluster's records say of it. `settled`: all have one id that no other cluster's record has.
# `new`: none ever had one, and nobody ever had the id its first record gives. assign() would say
# the same of both, so only the others are looked at one by one.
CLUSTERS = """
    create or replace temp table links as
    with issued as (
        select record, max_by(customer_id, recorded_at) as issued
        from journal.customer_ids {of_region}
        group by record
    ),
    known as (
        select clusters.record, clusters.cluster, issued.issued
        from (from identity.clusters {of_region}) as clusters
        left join issued using (record)
    ),
    claims as (
        select issued, count(distinct cluster) as clusters from known
        where issued is not null group by issued
    ),
    settled as (
        select cluster, any_value(issued) as customer_id
        from known left join claims using (issued)
        group by cluster
        having count(distinct issued) = 1 and bool_and(coalesce(clusters = 1, false))
    ),
    founded as (
        select cluster, {new_id} as customer_id
        from known
        group by cluster
        having count(issued) = 0
        qualify count(*) over (partition by customer_id) = 1
    ),
    new as (
        from founded
        anti join (select distinct customer_id from journal.customer_ids) using (customer_id)
    )
    select known.*, coalesce(settled.customer_id, new.customer_id) as customer_id,
        settled.cluster is not null as is_settled, {was_there} as was_there
    from known left join settled using (cluster) left join new using (cluster)
"""


def model(context: Context) -> pa.Table | Part:
    connection, changed = context.connection, context.changed
    if changed:
        connection.execute(REGION.format(earlier=context.earlier, changed=changed))
    of_region = "semi join temp.region using (record)" if changed else ""
    was_there = _was_there(context, of_region)
    connection.execute(CLUSTERS.format(was_there=was_there, new_id=NEW_ID, of_region=of_region))
    open_ones = connection.execute(
        """select cluster, record, issued, was_there from links where customer_id is null
            order by record"""
    ).fetchall()
    clusters: dict[int, list[str]] = defaultdict(list)
    for cluster, record, _, _ in open_ones:
        clusters[cluster].append(record)
    issued = {record: customer for _, record, customer, _ in open_ones if customer}
    lately = {record for _, record, _, was_there in open_ones if was_there}
    new = connection.execute(
        "select record, customer_id from links where customer_id is not null and not is_settled"
    ).to_arrow_table()
    ever = [*_ever(context), *new["customer_id"].unique().to_pylist()] if clusters else []
    assigned = assign(list(clusters.values()), issued, ever, lately)
    reissued = {r: customer for r, customer in assigned.items() if issued.get(r) != customer}
    context.journal("customer_ids", _lines(pa.concat_tables([new, _table(reissued)])))
    settled = connection.execute(
        "select record, customer_id from links where is_settled"
    ).to_arrow_table()
    connection.execute("drop table links")
    found = pa.concat_tables([settled, new, _table(assigned)])
    return Part(found, "record in (from temp.region)") if changed else found


def _table(customers: Mapping[str, str]) -> pa.Table:
    """record and its customer_id."""
    columns = {"record": list(customers), "customer_id": list(customers.values())}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _lines(found: pa.Table) -> pa.Table:
    system = pc.list_element(pc.split_pattern(found["record"], "/", max_splits=1), 0)
    return found.add_column(0, "system", system)


def _was_there(context: Context, of_region: str) -> str:
    """SQL: whether a record was there in the last build; in a new warehouse all were."""
    query = "from duckdb_tables() where schema_name = 'identity' and table_name = 'customers'"
    if not context.connection.execute(query).fetchall():
        return "true"
    if not context.connection.execute("select 1 from identity.customers limit 1").fetchall():
        return "true"
    return f"known.record in (select record from identity.customers {of_region})"


def _ever(context: Context) -> list[str]:
    """All ids that were issued, oldest first."""
    return [
        row[0]
        for row in context.connection.execute(
            """
            select customer_id from journal.customer_ids
            group by customer_id order by min(recorded_at), customer_id
            """
        ).fetchall()
    ]


def assign(
    clusters: list[list[str]], issued: dict[str, str], ever: Iterable[str], lately: Set[str]
) -> dict[str, str]:
    """Record -> customer id. `clusters`: records sorted. `ever`: all ids that were issued,
    oldest first; none of them is issued again. `lately`: records that were there in the last
    build; one that was gone and is back takes its id from nobody.
    """
    age = {customer: rank for rank, customer in enumerate(ever)}
    claims = [
        (
            -sum(record in lately for record in claimants),
            -len(claimants),
            age[customer],
            cluster[0],
            position,
            customer,
        )
        for position, cluster in enumerate(clusters)
        for customer, claimants in _claimants(cluster, issued).items()
    ]
    chosen: dict[int, str] = {}
    taken: set[str] = set()
    for *_, position, customer in sorted(claims):
        if position not in chosen and customer not in taken:
            chosen[position] = customer
            taken.add(customer)
    used = age.keys() | taken
    for position, cluster in enumerate(clusters):
        if position not in chosen:
            chosen[position] = _new_id(cluster[0], used)
            used.add(chosen[position])
    return {
        record: chosen[position] for position, cluster in enumerate(clusters) for record in cluster
    }


def _claimants(cluster: list[str], issued: dict[str, str]) -> dict[str, list[str]]:
    """Of each id some of the cluster's records have: these records."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in cluster:
        if record in issued:
            found[issued[record]].append(record)
    return found


def _new_id(founder: str, used: Set[str]) -> str:
    attempt = 0
    while True:
        digest = hashlib.sha1(f"{founder}#{attempt}".encode(), usedforsecurity=False)
        customer = f"c_{digest.hexdigest()[:12]}"
        if customer not in used:
            return customer
        attempt += 1
