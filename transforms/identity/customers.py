"""One row per record with the customer it belongs to; issues ids through the journal.

A cluster keeps the id that most of its records already had (of equals the oldest one). Of two
clusters that had the same id, the one with more of its records keeps it. What is new gets an
id derived from its first record, and every change is written to the journal before it is used:
an id survives a rebuild, and one that was issued is never issued to somebody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa

from warehouse.build import Context

# Not journal.customer_ids: that is this model's own memory, which it reads and extends.
READS = ("identity.clusters",)


def model(context: Context) -> pa.Table:
    clusters: dict[int, list[str]] = defaultdict(list)
    for record, cluster in context.connection.execute(
        "select record, cluster from identity.clusters order by record"
    ).fetchall():
        clusters[cluster].append(record)
    issued = {
        record: customer
        for record, customer in context.connection.execute(
            """
            select record, max_by(customer_id, recorded_at)
            from journal.customer_ids group by record
            """
        ).fetchall()
    }
    ever = [
        row[0]
        for row in context.connection.execute(
            """
            select customer_id from journal.customer_ids
            group by customer_id order by min(recorded_at), customer_id
            """
        ).fetchall()
    ]
    assigned = assign(list(clusters.values()), issued, ever, _lately(context) or issued.keys())
    context.journal(
        "customer_ids",
        [
            {"system": record.partition("/")[0], "record": record, "customer_id": customer}
            for record, customer in assigned.items()
            if issued.get(record) != customer
        ],
    )
    return pa.table(
        {
            "record": pa.array(list(assigned), pa.string()),
            "customer_id": pa.array(list(assigned.values()), pa.string()),
        }
    )


def _lately(context: Context) -> set[str]:
    """Records of the last build; none in a new warehouse."""
    query = "from duckdb_tables() where schema_name = 'identity' and table_name = 'customers'"
    if not context.connection.execute(query).fetchall():
        return set()
    rows = context.connection.execute("select record from identity.customers").fetchall()
    return {row[0] for row in rows}


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


def _new_id(founder: str, used: set[str]) -> str:
    attempt = 0
    while True:
        digest = uuid5(NAMESPACE_URL, f"{founder}#{attempt}").hex[:12]
        customer = f"c_{digest}"
        if customer not in used:
            return customer
        attempt += 1
