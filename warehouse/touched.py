"""Brings a table up to date by the customers that changed, instead of making it anew.

A model that asks is_touched(customer_id) gives the rows of those customers, and all rows of none;
when its table is made anew, everyone is. What changed is seen by difference: changes.customers has
a hash of what is said of each customer, and what it had when a table was made is kept, written in
the same transaction, once for all tables made of it. A product that goes to another category
touches those who bought it, which no hash of a customer tells: so of tables made of marts.products
the products are kept too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import duckdb
from sqlglot import exp

from contracts.typed import quoted
from warehouse import tables

ASKED = "is_touched"
CONTENTS = "changes.customers"
BUILT = "built"
PRODUCTS = "marts.products"
BOUGHT = "marts.order_lines"
MANY = 0.2  # of all customers; for more, making the table anew is the faster


def asks(query: exp.Expr) -> bool:
    """Whether a model is brought up to date by the customers that changed."""
    return any(call.name == ASKED for call in query.find_all(exp.Anonymous))


def refresh(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    sql: str,
    lineage: str,
    of_products: bool = False,
) -> None:
    """Table `name` as `sql` gives it; call it in a transaction. `lineage`: of the texts it is made
    by; another one makes the table anew. `of_products`: it is made of the products too."""
    if is_of(connection, name, lineage) and ask(connection, name):
        connection.execute(f"delete from {name} where customer_id is null or {ASKED}(customer_id)")
        connection.execute(f"insert into {name} by name {sql}")
    else:
        _answer(connection, "true")
        connection.execute(f"create or replace table {name} as {sql}")
    remember(connection, name, of_products)
    say(connection, name, lineage)


def _answer(connection: duckdb.DuckDBPyConnection, answer: str) -> None:
    connection.execute(f"create or replace temp macro {ASKED}(customer) as {answer}")


def say(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> None:
    """By which texts a table was made."""
    tables.bump(connection, f"{BUILT}.{name}", lineage)


def is_of(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> bool:
    """Whether the table is there and was made by these texts."""
    made_by = tables.versions(connection).get(f"{BUILT}.{name}")
    return made_by == lineage and name in tables.of_schemas(connection, [name.partition(".")[0]])


def ask(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Has is_touched() tell who changed since `name` was remembered; False where all of it had
    better be made anew."""
    versions = tables.versions(connection)
    customers, products = (_kept(versions, name, source) for source in (CONTENTS, PRODUCTS))
    if customers is None:
        return False
    changed = [_differing(CONTENTS, _copy(CONTENTS, customers), "customer_id", "content")]
    if products is not None:
        # lines that somebody no longer has are in the hash of their orders
        changed.append(
            f"""select lines.customer_id from {BOUGHT} as lines
                where lines.customer_id is not null and lines.product_id in
                    ({_differing(PRODUCTS, _copy(PRODUCTS, products), "product_id", "category")})"""
        )
    # Tables that were remembered together have the same to ask.
    since = [customers, products, *(versions.get(name) for name in (CONTENTS, PRODUCTS, BOUGHT))]
    table = f"touched_{hashlib.sha256(repr(since).encode()).hexdigest()[:32]}"
    connection.execute(f"create temp table if not exists {table} as {' union '.join(changed)}")
    _answer(connection, f"customer in (select customer_id from temp.{table})")
    touched, all_of_them = connection.execute(
        f"select (select count(*) from temp.{table}), (select count(*) from {CONTENTS})"
    ).fetchall()[0]
    return bool(touched <= MANY * all_of_them)


def _differing(now: str, before: str, key: str, said: str) -> str:
    """SELECT of the keys of which something else is said now."""
    return f"""select coalesce(now.{key}, before.{key}) as {key}
        from {now} as now
        full join {before} as before on now.{key} = before.{key}
        where now.{said} is distinct from before.{said}"""


def remember(connection: duckdb.DuckDBPyConnection, name: str, of_products: bool = False) -> None:
    """That `name` tells of the customers, and products, as they are now."""
    if CONTENTS not in tables.versions(connection):
        return
    _keep(connection, name, CONTENTS, "*")
    if of_products:
        _keep(connection, name, PRODUCTS, "product_id, category")


def remember_rows(connection: duckdb.DuckDBPyConnection, name: str, contents: str) -> None:
    """That `name` was made of these contents: a table of keys, each with a hash."""
    _keep(connection, name, contents, "*")


def changed_rows(connection: duckdb.DuckDBPyConnection, name: str, contents: str) -> str | None:
    """A table of the keys whose content is another than when `name` was made; None where all of
    it had better be made anew."""
    version = _kept(tables.versions(connection), name, contents)
    if version is None:
        return None
    key = connection.execute(f"select * from {contents} limit 0").description[0][0]
    connection.execute(
        f"""create or replace temp table changed as
            {_differing(contents, _copy(contents, version), quoted(key), "content")}"""
    )
    changed, all_of_them = connection.execute(
        f"select (select count(*) from temp.changed), (select count(*) from {contents})"
    ).fetchall()[0]
    return "temp.changed" if changed <= MANY * all_of_them else None


def is_kept(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether it is remembered of which customers `name` tells."""
    return _kept(tables.versions(connection), name, CONTENTS) is not None


def forget(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> None:
    """What is kept for no table that is still there; `names`: of these, and of what is served."""
    kept = set()
    for said, version in tables.versions(connection).items():
        _, _, rest = said.partition(f"{BUILT}.")
        name, _, source = rest.partition(" of ")
        if said.startswith(f"{BUILT}.") and source:
            if name in names:
                kept.add(_copy(source, version))
            else:
                connection.execute("delete from ops.versions where name = $1", [said])
    for table in set(tables.of_schemas(connection, [BUILT])) - kept:
        connection.execute(f"drop table {BUILT}.{quoted(table.partition('.')[2])}")


def _keep(connection: duckdb.DuckDBPyConnection, name: str, source: str, columns: str) -> None:
    version = tables.versions(connection)[source]
    connection.execute(
        f"create table if not exists {_copy(source, version)} as select {columns} from {source}"
    )
    tables.bump(connection, _note(name, source), version)


def _kept(versions: Mapping[str, str], name: str, source: str) -> str | None:
    """The version of `source` that `name` was made of, where it is remembered."""
    return versions.get(_note(name, source))


def _note(name: str, source: str) -> str:
    return f"{BUILT}.{name} of {source}"


def _copy(source: str, version: str) -> str:
    return f"{BUILT}.{source.replace('.', '_')}_{version}"
