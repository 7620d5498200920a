"""Learns anew how people are compared, and says first how many customers that would change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms.identity import clusters
from transforms.matching import comparable, keys, pairs
from transforms.matching._learning import Learnt, learn
from transforms.matching.version import fields, record
from warehouse import Database, Places, opened, tables
from warehouse.build import Context
from warehouse.journal import Journal
from warehouse.journaled import merge_journal

TRANSFORMS = Path(__file__).parent.parent
TRIAL = "trial"
# A customer stays as it is when its records are one cluster that has no others.
CHANGED = """
    with assigned as (
        select customer_id, cluster
        from identity.customers inner join identity.clusters using (record)
    ),
    per_customer as (select customer_id, count(distinct cluster) as n from assigned group by all),
    per_cluster as (select cluster, count(distinct customer_id) as n from assigned group by all)
    select count(distinct customer_id) filter (where per_customer.n > 1 or per_cluster.n > 1),
        count(distinct customer_id)
    from assigned
    inner join per_customer using (customer_id)
    inner join per_cluster using (cluster)
"""


@dataclass(frozen=True)
class Relearnt:
    """`version`: None where it was a preview only."""

    people: int
    customers: int
    changed: int
    version: str | None


def relearn(places: Places, decided_by: str, why: str, *, apply: bool) -> Relearnt:
    """Raises ValueError before the first build."""
    journal = Journal(places.journal)
    with opened(places) as connection:
        merge_journal(connection, journal)
        kept = "from duckdb_tables() where schema_name = 'identity' and table_name = 'customers'"
        if not connection.execute(kept).fetchall():
            raise ValueError("There are no customers yet. Run the build first.")
        context = Context(connection, journal)
        learnt = learn(connection)
        changed, customers = _tried(context, learnt)
        version = None
        if apply:
            # The next build looks again which version holds, also where nothing else is new.
            tables.bump(connection, "matching.version", "decided anew")
            version = record(context, learnt, decided_by, why, changed)
    return Relearnt(learnt.settings["people"], customers, changed, version)


def _tried(context: Context, learnt: Learnt) -> tuple[int, int]:
    """Customers that would change, and all; the warehouse stays as it was."""
    connection = context.connection
    connection.execute("begin")
    try:
        _take(connection, learnt)
        for name, made in (
            ("matching.comparable", comparable),
            ("matching.keys", keys),
            ("matching.crowded", None),
            ("matching.pairs", pairs),
            ("identity.links", None),
        ):
            query = made.model(context) if made else _text(name)
            connection.execute(f"create or replace table {name} as {query}")
        found = clusters.model(context)
        connection.register("tried", found)
        connection.execute("create or replace table identity.clusters as from tried")
        connection.unregister("tried")
        changed, customers = connection.execute(CHANGED).fetchall()[0]
    finally:
        connection.execute("rollback")
    return changed, customers


def _text(name: str) -> str:
    return (TRANSFORMS / f"{name.replace('.', '/')}.sql").read_text(encoding="utf-8")


def _take(connection: Database, learnt: Learnt) -> None:
    """The version as if it were in force."""
    settings = json.dumps({**learnt.settings, "fields": fields()})
    connection.execute(
        "create or replace table matching.version as select $1 as version, $2::json as settings",
        [TRIAL, settings],
    )
    for topic, columns, rows in (
        ("identity_terms", ("field", "value", "share"), learnt.terms),
        ("identity_shared", ("type", "value", "people"), learnt.shared),
    ):
        if rows:
            said = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
            connection.register("said", pa.table(said))
            connection.execute(
                f"insert into journal.{topic} by name select '{TRIAL}' as version, * from said"
            )
            connection.unregister("said")
