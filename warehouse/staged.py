"""A load's rows, typed by its contract: by check, once, and kept in a file until they are loaded.

The file (data/typed) is a cache: without it, or under another contract, load types them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import duckdb

from contracts import Table
from contracts.typed import text, typed_query
from warehouse import Places
from warehouse.landing import Load


def stage(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    table: Table,
    load: Load,
    newer: Sequence[Load] = (),
) -> None:
    """Makes the views `landed`, the newest row per key of the load, and `typed` from it.

    Views, so that who reads few columns reads few. `newer`: loads whose keys are left out.
    """
    connection.execute(f"create or replace temp view landed as {landed_query(load, newer)}")
    file = _file(places, table, load, newer)
    query = _read(file) if file.exists() else typed_query(table, "landed")
    connection.execute(f"create or replace temp view typed as {query}")


def landed_query(load: Load, newer: Sequence[Load] = (), keys: str | None = None) -> str:
    """SELECT of the newest row per key of the load. `keys`: a table of those asked for."""
    asked = f"semi join {keys} using (_key)" if keys else ""
    without = "".join(f"anti join ({other.rows_query}) using (_key) " for other in newer)
    return f"""
        with landed as (from ({load.rows_query}) {asked}),
        newest as (select max(_position) as _position from landed group by _key)
        select landed.* exclude (_position)
        from landed semi join newest using (_position) {without}"""


def keep(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    table: Table,
    load: Load,
    newer: Sequence[Load] = (),
) -> Path:
    """The file of the staged rows."""
    file = _file(places, table, load, newer)
    if not file.exists():
        forget(places, load)
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_suffix(".tmp")
        connection.execute(f"copy (from typed) to {text(str(aside))} (format parquet)")
        aside.replace(file)
        connection.execute(f"create or replace temp view typed as {_read(file)}")
    return file


def forget(places: Places, load: Load) -> None:
    """Once the load is in the warehouse."""
    for file in _folder(places, load).glob(f"{load.id}.*"):
        file.unlink()


def _folder(places: Places, load: Load) -> Path:
    return places.data / "typed" / load.manifest.system / load.manifest.table


def _file(places: Places, table: Table, load: Load, newer: Sequence[Load]) -> Path:
    made_of = "\n".join([typed_query(table, "landed"), *(other.id for other in newer)])
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    return _folder(places, load) / f"{load.id}.{digest}.parquet"


def _read(file: Path) -> str:
    return f"select * from read_parquet({text(str(file))})"
