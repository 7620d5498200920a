"""Brings a table up to date by what changed, instead of making it anew.

A SQL model that asks is_touched(customer_id), or is_touched(record), gives the rows of those, and
all rows of none; when its table is made anew, everyone is. A Python model with CONTENTS is told
what changed, and says which rows it replaces. What changed is seen by difference: contents are
tables with a hash of all that is said of each key (changes.customers of each customer), and what
they were when a table was made is kept, written in the same transaction, once for all tables made
of them. A product that goes to another category touches those who bought it, which no hash of a
customer tells: so of tables made of marts.products the products are kept too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import duckdb
from sqlglot import exp

from contracts.typed import quoted
from warehouse import tables

ASKED = "is_touched"
CUSTOMERS = "changes.customers"
PRODUCTS = "marts.products"
BOUGHT = "marts.order_lines"
# Of each contents the key, and what is said of it.
CONTENTS = {
    CUSTOMERS: ("customer_id", "content"),
    PRODUCTS: ("product_id", "category"),
    "changes.records": ("record", "content"),
    "changes.compared": ("profile", "content"),
    "changes.profiles": ("profile", "content"),
    "identity.clusters": ("record", "cluster"),
}
ASKED_OF = {"customer_id": CUSTOMERS, "record": "changes.records"}
BUILT = tables.BUILT
MANY = 0.2  # of all keys; for more, making the table anew is the faster
EACH = 3.9e3  # bytes for each key, of what does not spill: a million customers filled 4 GB


def asks(query: exp.Expr) -> str | None:
    """The contents by which a model is brought up to date; None where it does not ask."""
    calls = (call for call in query.find_all(exp.Anonymous) if call.name == ASKED)
    keys = {call.expressions[0].name for call in calls}
    if len(keys) > 1 or keys - ASKED_OF.keys():
        asked = ", ".join(sorted(keys))
        raise ValueError(f"{ASKED} is asked of {asked}. Ask it of one of {', '.join(ASKED_OF)}.")
    return ASKED_OF[keys.pop()] if keys else None


def replaced(contents: str) -> str:
    """SQL: whether a row of a model that asks is one of those it gives again."""
    key, _ = CONTENTS[contents]
    return f"{key} is null or {ASKED}({key})"


def answer(connection: duckdb.DuckDBPyConnection, changed: str | None) -> None:
    """Has is_touched() tell who is in the table `changed`; None: all are."""
    _answer(connection, f"key in (from {changed})" if changed else "true")


def _answer(connection: duckdb.DuckDBPyConnection, told: str) -> None:
    connection.execute(f"create or replace temp macro {ASKED}(key) as {told}")


def parts(connection: duckdb.DuckDBPyConnection, contents: str) -> int:
    """In how many a table had better be made anew: lists of all customers at once do not fit."""
    [(number,)] = connection.execute(
        f"""select ceil(
                count(*) * {EACH} / parse_formatted_bytes(current_setting('memory_limit'))
            )::integer from {contents}"""
    ).fetchall()
    return max(int(number), 1)


def answer_part(connection: duckdb.DuckDBPyConnection, number: int, parts: int) -> None:
    """Has is_touched() tell who is in one of the parts."""
    _answer(connection, f"hash(key) % {parts} = {number}" if parts > 1 else "true")


def say(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> None:
    """By which texts a table was made."""
    tables.bump(connection, f"{BUILT}.{name}", lineage)


def is_of(connection: duckdb.DuckDBPyConnection, name: str, lineage: str) -> bool:
    """Whether the table is there and was made by these texts."""
    made_by = tables.versions(connection).get(f"{BUILT}.{name}")
    return made_by == lineage and name in tables.of_schemas(connection, [name.partition(".")[0]])


def changed(connection: duckdb.DuckDBPyConnection, name: str, contents: str) -> str | None:
    """A table of the keys of which something else is said than when `name` was made; None where
    all of it had better be made anew."""
    versions = tables.versions(connection)
    made_of, products = (_kept(versions, name, source) for source in (contents, PRODUCTS))
    if made_of is None:
        return None
    found = [_differing(contents, made_of)]
    if products is not None:
        # lines that somebody no longer has are in the hash of their orders
        found.append(
            f"""select lines.customer_id from {BOUGHT} as lines
                where lines.customer_id is not null
                    and lines.product_id in ({_differing(PRODUCTS, products)})"""
        )
    # Tables that were remembered together have the same to ask.
    now = [versions.get(source) for source in (contents, PRODUCTS, BOUGHT)]
    since = hashlib.sha256(repr([contents, made_of, products, *now]).encode()).hexdigest()[:32]
    table = f"temp.touched_{since}"
    connection.execute(f"create temp table if not exists {table} as {' union '.join(found)}")
    few, all_of_them = connection.execute(
        f"select (select count(*) from {table}), (select count(*) from {contents})"
    ).fetchall()[0]
    return table if few <= MANY * all_of_them else None


def _differing(contents: str, version: str) -> str:
    """SELECT of the keys of which something else is said now."""
    key, said = CONTENTS[contents]
    return f"""select coalesce(now.{key}, before.{key}) as {key}
        from {contents} as now
        full join {_copy(contents, version)} as before on now.{key} = before.{key}
        where now.{said} is distinct from before.{said}"""


def remember(
    connection: duckdb.DuckDBPyConnection, name: str, contents: str, of_products: bool = False
) -> None:
    """That `name` tells of these contents, and products, as they are now."""
    if contents not in tables.versions(connection):
        return
    for source in (contents, PRODUCTS) if of_products else (contents,):
        _keep(connection, name, source)


def is_kept(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether it is remembered of which customers `name` tells."""
    return _kept(tables.versions(connection), name, CUSTOMERS) is not None


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


def _keep(connection: duckdb.DuckDBPyConnection, name: str, source: str) -> None:
    version, columns = tables.versions(connection)[source], ", ".join(CONTENTS[source])
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
