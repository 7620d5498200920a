"""Serve: files that BI tools and our own pages read, swapped whole.

    serving/warehouse.duckdb   marts, metrics, ops, with column comments: for BI
    serving/desk.duckdb        identity, quarantine, activation: for our pages and publishers
    serving/parquet/<mart>.parquet

Each is written aside in a storage version that old drivers open, flushed, and renamed, so a
reader never meets a lock or a half-built table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from contracts import load
from contracts.reader import HERE
from contracts.typed import quoted, text
from warehouse import Places, memory

STORAGE_VERSION = "v1.2.0"  # drivers from DuckDB 1.2 on can open it
FILES = {
    "warehouse.duckdb": ("marts", "metrics", "ops"),
    "desk.duckdb": ("identity", "quarantine", "activation"),
}


def serve(
    places: Places, connection: duckdb.DuckDBPyConnection, descriptions: Mapping[str, str]
) -> None:
    places.serving.mkdir(parents=True, exist_ok=True)
    comments = {**descriptions, **_column_comments()}
    for name, schemas in FILES.items():
        _snapshot(connection, places.serving / name, schemas, comments)
    for table in _tables(connection, ("marts",)):
        _parquet(connection, table, places.serving / "parquet")


@contextmanager
def served(places: Places, name: str = "warehouse.duckdb") -> Iterator[duckdb.DuckDBPyConnection]:
    """A served file, read only, attached under the name `served` and in use.

    Raises FileNotFoundError saying what to do when nothing was served yet.
    """
    path = places.serving / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist yet. Run the build first.")
    connection = memory()
    try:
        connection.execute(f"attach {text(str(path))} as served (read_only)")
        connection.execute("use served")
        yield connection
    finally:
        connection.close()


def _snapshot(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    schemas: tuple[str, ...],
    comments: Mapping[str, str],
) -> None:
    for left in path.parent.glob(f".{path.name}.*.tmp*"):  # of a build that was killed
        left.unlink()
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    connection.execute(f"attach {text(str(aside))} as aside (storage_version '{STORAGE_VERSION}')")
    try:
        for name in _tables(connection, schemas):
            connection.execute(f"create schema if not exists aside.{name.partition('.')[0]}")
            connection.execute(f"create table aside.{name} as select * from warehouse.{name}")
            _comment(connection, name, comments)
        connection.execute("checkpoint aside")
    finally:
        connection.execute("detach aside")
    _swap(aside, path)


def _comment(connection: duckdb.DuckDBPyConnection, name: str, comments: Mapping[str, str]) -> None:
    if name in comments:
        connection.execute(f"comment on table aside.{name} is {text(comments[name])}")
    for column, *_ in connection.execute(f"describe aside.{name}").fetchall():
        comment = comments.get(f"{name}.{column}")
        if comment:
            target = f"aside.{name}.{quoted(column)}"
            connection.execute(f"comment on column {target} is {text(comment)}")


def _parquet(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"{table.partition('.')[2]}.parquet"
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    connection.execute(f"copy warehouse.{table} to {text(str(aside))} (format parquet)")
    _swap(aside, path)


def _swap(aside: Path, path: Path) -> None:
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def _tables(connection: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]) -> list[str]:
    names = ", ".join(text(schema) for schema in schemas)
    return [
        f"{schema}.{table}"
        for schema, table in connection.execute(
            f"""select table_schema, table_name from information_schema.tables
                where table_catalog = 'warehouse' and table_schema in ({names})
                order by all"""
        ).fetchall()
    ]


def _column_comments() -> dict[str, str]:
    contract = load(HERE / "marts.odcs.yaml")
    return {
        f"{table.settings['schema']}.{table.name}.{column.name}": column.description
        for table in contract.tables.values()
        for column in table.columns
        if column.description
    }
