"""DuckLake: a warehouse of parquet files, with its catalog in a file or in Postgres.

    ducklake:/data/lake.ducklake               its files beside it, or in KOPRU_LAKE
    ducklake:postgres:dbname=... host=...      its files in KOPRU_LAKE, which all machines see

In Postgres the catalog is a schema of its own, `kopru`; beside it a rebuild makes another one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb

from contracts.typed import text
from systems import Connection
from warehouse.extensions import load_extension
from warehouse.files import Folder

if TYPE_CHECKING:
    from warehouse import Places

PREFIX = "ducklake:"
POSTGRES = f"{PREFIX}postgres:"
CATALOG = "kopru"
LIBPQ: Mapping[str, str] = {
    "host": "PGHOST",
    "port": "PGPORT",
    "schema": "PGDATABASE",
    "login": "PGUSER",
    "password": "PGPASSWORD",
}


def identify(connection: Connection) -> None:
    """Hands the Airflow connection `warehouse` to Postgres's own library by its environment: what
    stands in an address is repeated in every error."""
    for name, variable in LIBPQ.items():
        if value := getattr(connection, name):
            os.environ[variable] = str(value)


def hold(address: str) -> None:
    """Raises ValueError for an address with a password in it."""
    if re.search(r"\bpassword\s*=|://[^/@]*:[^/@]+@", address):
        raise ValueError(
            "KOPRU_WAREHOUSE holds a password, which errors and logs would repeat. Put it into the "
            "Airflow connection `warehouse` (type Postgres) or into PGPASSWORD or ~/.pgpass."
        )


def hold_apart(files: Folder, *others: Folder) -> None:
    """Raises ValueError where upkeep, which removes what no catalog knows, would meet theirs."""
    for other in others:
        if f"{other}/".startswith(f"{files}/"):
            raise ValueError(
                f"KOPRU_LAKE is {files}, and {other} lies in it: upkeep would take its files for "
                "the lake's own. Give the lake a folder for itself."
            )


def attachment(connection: duckdb.DuckDBPyConnection, places: Places) -> str:
    """The options to attach it with, its extensions loaded."""
    load_extension(connection, "ducklake")
    options = {"data_path": str(places.lake_files)} if places.lake_files else {}
    if places.warehouse.startswith(POSTGRES):
        load_extension(connection, "postgres_scanner")
        options["metadata_schema"] = places.catalog
    said = ", ".join(f"{name} {text(value)}" for name, value in options.items())
    return f"({said})" if said else ""


def closed(places: Places, error: duckdb.Error) -> str:
    """Why it cannot be opened, for a person."""
    words = " ".join(str(error).split())
    if "data_path is not set" in words:
        return (
            f"The warehouse {places.warehouse} is new, and nothing says where its files go. Set "
            "KOPRU_LAKE to a folder that all machines see, or to s3://bucket/folder."
        )
    if "does not match existing data path" in words:
        words = words.partition(" You can override")[0]
        return f"The warehouse {places.warehouse} has its files elsewhere: {words} Mend KOPRU_LAKE."
    _, known, why = words.partition("connection to server")
    return (
        f"The warehouse {places.warehouse} cannot be opened: {known}{why if known else words}. "
        "Its address is KOPRU_WAREHOUSE; user and password are those of the Airflow connection "
        "`warehouse` or, without one, of PGUSER and PGPASSWORD."
    )


def run(places: Places, statements: str) -> None:
    """In the catalog's Postgres, all of them or none."""
    connection = duckdb.connect()
    try:
        load_extension(connection, "postgres_scanner")
        address = places.warehouse.removeprefix(POSTGRES)
        connection.execute(f"attach {text(address)} as catalog (type postgres)")
        connection.execute(f"call postgres_execute('catalog', {text(statements)})")
    except duckdb.IOException as error:
        raise ConnectionError(closed(places, error)) from None
    finally:
        connection.close()
