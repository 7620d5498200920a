"""Brings a table up to date by the customers that changed, instead of making it anew.

A model that asks is_touched(customer_id) gives the rows of those customers, and all rows of none;
when its table is made anew, everyone is. What changed is seen by difference: changes.customers has
a hash of what is said of each customer, and `built.<schema>_<table>` the hashes that the table was
made of, written in the same transaction. A product that goes to another category touches those
who bought it, which no hash of a customer tells: so the tables made of marts.products remember
their products too.
"""

from __future__ import annotations

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
    if not is_kept(connection, name):
        return False
    changed = [_differing(CONTENTS, _before(name), "customer_id", "content")]
    products = _before(name, "products")
    if _is_there(connection, products):
        # lines that somebody no longer has are in the hash of their orders
        changed.append(
            f"""select lines.customer_id from {BOUGHT} as lines
                where lines.customer_id is not null and lines.product_id in
                    ({_differing(PRODUCTS, products, "product_id", "category")})"""
        )
    connection.execute(
        f"create or replace temp table touched_customers as {' union '.join(changed)}"
    )
    _answer(connection, "customer in (select customer_id from temp.touched_customers)")
    touched, all_of_them = connection.execute(
        f"select (select count(*) from temp.touched_customers), (select count(*) from {CONTENTS})"
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
    if CONTENTS not in tables.kinds(connection):
        return
    connection.execute(f"create or replace table {_before(name)} as select * from {CONTENTS}")
    if of_products:
        before = _before(name, "products")
        connection.execute(
            f"create or replace table {before} as select product_id, category from {PRODUCTS}"
        )


def remember_rows(connection: duckdb.DuckDBPyConnection, name: str, contents: str) -> None:
    """That `name` was made of these contents: a table of keys, each with a hash."""
    connection.execute(f"create or replace table {_before(name)} as from {contents}")


def changed_rows(connection: duckdb.DuckDBPyConnection, name: str, contents: str) -> str | None:
    """A table of the keys whose content is another than when `name` was made; None where all of
    it had better be made anew."""
    if not is_kept(connection, name):
        return None
    key = connection.execute(f"select * from {contents} limit 0").description[0][0]
    connection.execute(
        f"""create or replace temp table changed as
            {_differing(contents, _before(name), quoted(key), "content")}"""
    )
    changed, all_of_them = connection.execute(
        f"select (select count(*) from temp.changed), (select count(*) from {contents})"
    ).fetchall()[0]
    return "temp.changed" if changed <= MANY * all_of_them else None


def is_kept(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether it is remembered of which customers `name` tells."""
    return _is_there(connection, _before(name))


def _before(name: str, *what: str) -> str:
    return f"{BUILT}.{quoted('_'.join((name.replace('.', '_'), *what)))}"


def _is_there(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return table.replace('"', "") in tables.kinds(connection)
