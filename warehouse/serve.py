"""Serve: files that BI tools and our own pages read, swapped whole.

    serving/parquet/<table>.parquet   marts, metrics
    serving/warehouse.duckdb          marts, metrics, ops, with comments: for BI
    serving/desk.duckdb               identity, quarantine, activation, and the ledger (ledger.py):
                                      for our pages and publishers

All are written aside in a storage version that old drivers open, flushed, and only then renamed,
so a reader never meets a lock or a half-built table. Each says which build it is of (meta.build;
of parquet, its metadata): a reader of two of them can tell whether they belong together.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from contracts import load
from contracts.reader import HERE
from contracts.typed import text
from warehouse import Places, in_memory, ledger, snapshot
from warehouse.disk import hold_room, size
from warehouse.files import flush
from warehouse.meta import build_id
from warehouse.tables import of_schemas

FILES = {
    "warehouse.duckdb": ("marts", "metrics", "ops", "meta"),
    "desk.duckdb": ("identity", "quarantine", "activation", "meta", ledger.SCHEMA),
}
PARQUET = ("marts", "metrics")
WORDS = 5000  # in a column's dictionary: looking for longer ones costs more than they save
EXPLAINED_BY = ("marts", "activation", "ops", "meta")  # contracts


class Written(NamedTuple):
    """A whole file that waits to take its place."""

    aside: Path
    path: Path


def serve(
    places: Places,
    connection: duckdb.DuckDBPyConnection,
    descriptions: Mapping[str, str],
    build: str,
    selects: Mapping[str, str],
) -> None:
    """`descriptions`: of tables that no contract explains. `build`: the id in meta.build.
    `selects`: SELECTs of tables that are served otherwise than they are."""
    parquet = places.serving / "parquet"
    parquet.mkdir(parents=True, exist_ok=True)
    _sweep(places.serving, parquet)
    hold_room(places.serving, size(places.serving.rglob("*.*")), "serve")
    comments = {**descriptions, **_comments()}
    bases = {name: places.serving / name for name in FILES}
    earlier = [path for path in bases.values() if snapshot.may_go_on(connection, path)]
    with ThreadPoolExecutor(1) as beside:  # copying keeps the disk busy, parquet the processor
        copied = [beside.submit(shutil.copyfile, path, _aside(path)) for path in earlier]
        files = [
            _parquet(connection, table, parquet, build) for table in of_schemas(connection, PARQUET)
        ]
        for copy in copied:
            copy.result()
    for name, path in bases.items():
        aside = _aside(path)
        files.append(Written(aside, path))
        snapshot.write(connection, aside, FILES[name], comments, selects, goes_on=path in earlier)
    stale = set(parquet.glob("*.parquet")) - {file.path for file in files}
    _swap(files)
    for path in stale:  # of a mart that is no more
        path.unlink()


@contextmanager
def served(places: Places, name: str = "warehouse.duckdb") -> Iterator[duckdb.DuckDBPyConnection]:
    """A served file, read only, attached under the name `served` and in use.

    Raises FileNotFoundError saying what to do when nothing was served yet.
    """
    path = places.serving / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist yet. Run the build first.")
    with in_memory() as connection:
        connection.execute(f"attach {text(str(path))} as served (read_only)")
        connection.execute("use served")
        yield connection


def served_build(places: Places) -> str | None:
    """The build all served files are of; None when one is missing or of another build."""
    builds = set()
    for name in FILES:
        try:
            with served(places, name) as connection:
                builds.add(build_id(connection))
        except FileNotFoundError:
            return None
    return builds.pop() if len(builds) == 1 else None


def _sweep(*folders: Path) -> None:
    """Removes what a killed build left behind."""
    for folder in folders:
        for left in folder.glob(".*.tmp*"):
            left.unlink()


def _parquet(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, build: str
) -> Written:
    """Row groups in the order they are done: a table has none, and keeping it takes waiting."""
    path = folder / f"{table.partition('.')[2]}.parquet"
    aside = _aside(path)
    connection.execute(
        f"""copy warehouse.{table} to {text(str(aside))}
            (format parquet, dictionary_size_limit {WORDS}, preserve_order false,
                kv_metadata {{build_id: {text(build)}}})"""
    )
    return Written(aside, path)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _swap(files: Iterable[Written]) -> None:
    """In the order given: when the last one is in its place, all are."""
    files = list(files)
    for file in files:
        flush(file.aside)
    for file in files:
        file.aside.replace(file.path)
    for folder in {file.path.parent for file in files}:
        flush(folder)


def _comments() -> dict[str, str]:
    """schema.table and schema.table.column -> what its contract says of it."""
    comments = {}
    for contract in EXPLAINED_BY:
        for table in load(HERE / f"{contract}.odcs.yaml").tables.values():
            name = f"{table.settings['schema']}.{table.name}"
            comments[name] = table.description
            comments |= {f"{name}.{column.name}": column.description for column in table.columns}
    return comments
