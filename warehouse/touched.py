"""Brings a table up to date by the customers that changed, instead of making it anew.

A model that reads temp.touched_customers gives the rows of those customers, and all rows of none.
What changed is seen by difference: changes.customers has a hash of what is said of each customer,
and `built.<schema>_<table>` the hashes that the table was made of, written in the same transaction.
"""

from __future__ import annotations

import duckdb

from contracts.typed import quoted
from warehouse import tables

READ = "temp.touched_customers"
CONTENTS = "changes.customers"
BUILT = "built"
MANY = 0.2  # of all customers; for more, making the table anew is the faster


def refresh(connection: duckdb.DuckDBPyConnection, name: str, sql: str, lineage: str) -> None:
    """Table `name` as `sql` gives it; call it in a transaction. `lineage`: of the texts it is made
    by; another one makes the table anew."""
    before = f"{BUILT}.{quoted(name.replace('.', '_'))}"
    if is_of(connection, name, lineage) and _few(connection, before):
        connection.execute(
            f"""delete from {name} where customer_id is null
                or customer_id in (select customer_id from {READ})"""
        )
        connection.execute(f"insert into {name} by name {sql}")
    else:
        connection.execute(
            f"create or replace temp table touched_customers as select * from {CONTENTS}"
        )
        connection.execute(f"create or replace table {name} as {sql}")
    connection.execute(f"create or replace table {before} as select * from {CONTENTS}")
    say(connection, name, lineage)
    connection.execute(f"drop table {READ}")


def say(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> None:
    """By which texts a table was made."""
    tables.bump(connection, f"{BUILT}.{name}", lineage)


def is_of(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> bool:
    """Whether the table is there and was made by these texts."""
    made_by = tables.versions(connection).get(f"{BUILT}.{name}")
    return made_by == lineage and name in tables.of_schemas(connection, [name.partition(".")[0]])


def _few(connection: duckdb.DuckDBPyConnection, before: str) -> bool:
    """Finds who is touched, and whether they are few."""
    connection.execute(
        f"""create or replace temp table touched_customers as
            select coalesce(now.customer_id, before.customer_id) as customer_id
            from {CONTENTS} as now
            full join {before} as before on now.customer_id = before.customer_id
            where now.content is distinct from before.content"""
    )
    touched, all_of_them = connection.execute(
        f"select (select count(*) from {READ}), (select count(*) from {CONTENTS})"
    ).fetchall()[0]
    return bool(touched <= MANY * all_of_them)
