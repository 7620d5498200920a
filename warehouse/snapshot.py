"""A served DuckDB file, written aside: the earlier one brought up to date, or all of it anew.

What was served last is in the warehouse: ops.versions as it was then (each name after `served.`),
and built.served, the hashes of the customers it tells of. With them a table that did not change
stays as it is, and of one that is kept by customers (warehouse.touched) only the rows of those who
changed are written. A file of another build, damaged or full of holes is made anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from contracts.typed import quoted, text
from warehouse import ledger, tables, touched, transaction

STORAGE_VERSION = "v1.2.0"  # drivers from DuckDB 1.2 on can open it
SERVED = "served"
HOLES = 0.5  # of a file's blocks
SAMPLE = 20_000  # rows, of which a column's values are counted
DIFFERENT = 0.25  # of them, from which on FSST writes a text faster than a dictionary does


def write(
    connection: duckdb.DuckDBPyConnection,
    aside: Path,
    schemas: Collection[str],
    comments: Mapping[str, str],
    selects: Mapping[str, str],
    *,
    goes_on: bool,
) -> None:
    """All tables and views of `schemas` into the file `aside`. `selects`: SELECTs of tables that
    are served otherwise than they are. `goes_on`: the file is a copy of the earlier one."""
    versions = tables.versions(connection)
    wanted = tables.of_schemas(connection, schemas)
    connection.execute(f"attach {text(str(aside))} as aside (storage_version '{STORAGE_VERSION}')")
    try:
        there = {
            name
            for name in tables.kinds(connection, "aside")
            if not name.startswith(f"{ledger.SCHEMA}.")
        }
        changed = touched.changed(connection, SERVED, touched.CUSTOMERS) if goes_on else None
        touched.answer(connection, changed)
        for name in there.difference(wanted):
            connection.execute(f"drop table aside.{name}")
        for name in wanted:
            now, before = versions.get(name), versions.get(f"{SERVED}.{name}")
            if name in there and name not in selects:
                if now and now == before:
                    continue
                if changed and _is_kept(connection, name, versions):
                    _replace_touched(connection, name)
                    continue
            _copy(connection, name, selects.get(name, f"select * from warehouse.{name}"))
        with transaction(connection):
            _comment(connection, wanted, comments)
        if ledger.SCHEMA in schemas:
            ledger.keep(connection, "aside")
        connection.execute("checkpoint aside")
    finally:
        connection.execute("detach aside")


def may_go_on(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether `path` is of the build that was served last, and worth going on with."""
    build = tables.versions(connection).get(SERVED)
    if build is None or not path.exists():
        return False
    try:
        connection.execute(f"attach {text(str(path))} as earlier (read_only)")
    except duckdb.Error:  # damaged: what is derived is made anew
        return False
    try:
        builds = connection.execute("select build_id from earlier.meta.build").fetchall()
        [(holes,)] = connection.execute(
            """select free_blocks / greatest(total_blocks, 1) from pragma_database_size()
                where database_name = 'earlier'"""
        ).fetchall()
    except duckdb.Error:
        return False
    finally:
        connection.execute("detach earlier")
    return builds == [(build,)] and bool(holes <= HOLES)


def remember(connection: duckdb.DuckDBPyConnection, build: str) -> None:
    """What is served now, of the build with this id: call it when all is in its place, in a
    transaction."""
    connection.execute(f"delete from ops.versions where starts_with(name, '{SERVED}.')")
    connection.execute(
        f"""insert into ops.versions
            select '{SERVED}.' || name as name, version from ops.versions
            where name <> '{SERVED}'"""
    )
    tables.bump(connection, SERVED, build)
    touched.remember(connection, SERVED, touched.CUSTOMERS, of_products=True)


def _is_kept(connection: duckdb.DuckDBPyConnection, name: str, versions: Mapping[str, str]) -> bool:
    """Whether the table of the earlier file differs by the customers touched alone."""
    if not touched.is_kept(connection, name):
        return False
    lineage = f"{touched.BUILT}.{name}"
    columns, earlier = (
        connection.execute(f"describe {catalog}.{name}").fetchall()
        for catalog in ("warehouse", "aside")
    )
    return versions[lineage] == versions.get(f"{SERVED}.{lineage}") and columns == earlier


def _replace_touched(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    theirs = touched.replaced(touched.CUSTOMERS)
    connection.execute(f"delete from aside.{name} where {theirs}")
    connection.execute(
        f"insert into aside.{name} by name select * from warehouse.{name} where {theirs}"
    )


def _copy(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Told how texts are compressed, DuckDB does not try all it has before it writes them, which
    takes longer than writing. No column's definition reaches the texts within lists and maps: for
    them there is only the setting, which gives way to definitions."""
    columns = [row[:2] for row in connection.execute(f"describe {query}").fetchall()]
    told = _told(connection, [column for column, kind in columns if kind == "VARCHAR"], query)
    inside = ", ".join(
        f"{quoted(column)} {kind} {told.get(column, '')}".rstrip() for column, kind in columns
    )
    connection.execute(f"create schema if not exists aside.{name.partition('.')[0]}")
    connection.execute(f"create or replace table aside.{name} ({inside})")
    connection.execute(f"set force_compression = '{'fsst' if told else 'auto'}'")
    try:
        connection.execute(f"insert into aside.{name} {query}")
    finally:
        connection.execute("reset force_compression")


def _told(
    connection: duckdb.DuckDBPyConnection, texts: Collection[str], query: str
) -> dict[str, str]:
    counts = "".join(f", approx_count_distinct({quoted(column)})" for column in texts)
    [(rows, *values)] = connection.execute(
        f"select count(*){counts} from (select * from ({query}) limit {SAMPLE})"
    ).fetchall()
    if rows < SAMPLE:
        return {}
    return {
        column: f"using compression {'fsst' if number > DIFFERENT * rows else 'dictionary'}"
        for column, number in zip(texts, values, strict=True)
    }


def _comment(
    connection: duckdb.DuckDBPyConnection, names: Collection[str], comments: Mapping[str, str]
) -> None:
    """What is said of a table or a column already is not said again."""
    there = connection.execute(
        """select schema_name || '.' || table_name, null, comment from duckdb_tables()
            where database_name = 'aside'
            union all
            select schema_name || '.' || table_name, column_name, comment from duckdb_columns()
            where database_name = 'aside'"""
    ).fetchall()
    for name, column, said in there:
        told = comments.get(f"{name}.{column}" if column else name) or None
        if name in names and told != said:
            target = f"column aside.{name}.{quoted(column)}" if column else f"table aside.{name}"
            connection.execute(f"comment on {target} is {text(told) if told else 'null'}")
