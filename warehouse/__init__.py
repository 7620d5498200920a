"""Keep: land -> check -> load -> build -> serve. The only place that opens DuckDB.

Landing and journal are the truth; everything else here is derived and disposable.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

log = logging.getLogger(__name__)
MEMORY_LIMIT = "4GB"
WAIT_SECONDS = 600


class Busy(RuntimeError):
    """Another process held the warehouse longer than we were willing to wait."""


@dataclass(frozen=True)
class Places:
    """Where a company's data lives. `warehouse` is a DuckDB file or a ducklake:... address."""

    data: Path
    landing: Path
    journal: Path
    warehouse: str
    serving: Path

    @classmethod
    def below(cls, data: Path) -> Places:
        """All of it in one folder."""
        return cls(
            data=data,
            landing=data / "landing",
            journal=data / "journal",
            warehouse=str(data / "warehouse.duckdb"),
            serving=data / "serving",
        )

    @property
    def warehouse_file(self) -> Path | None:
        """None of a ducklake: address."""
        return None if self.warehouse.startswith("ducklake:") else Path(self.warehouse)

    @classmethod
    def from_environment(cls) -> Places:
        data = Path(os.environ.get("KOPRU_DATA", "data")).resolve()
        wanted = os.environ.get("KOPRU_LANDING", str(data / "landing"))
        if "://" in wanted:
            raise ValueError(f"KOPRU_LANDING is {wanted}; only a folder of this machine works yet.")
        landing = Path(wanted).resolve()
        return cls(
            data=data,
            landing=landing,
            journal=landing.parent / "journal",
            warehouse=os.environ.get("KOPRU_WAREHOUSE", str(data / "warehouse.duckdb")),
            serving=data / "serving",
        )


def memory() -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, in memory, in UTC: takes no lock and leaves nothing behind."""
    connection = duckdb.connect()
    connection.execute(f"set timezone = 'UTC'; set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("set enable_progress_bar = false")
    return connection


@contextmanager
def opened(
    places: Places,
    *,
    wait: float = WAIT_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, for writing, attached to an in-memory connection and in use.

    One process at a time may hold it: waits up to `wait` seconds, saying for whom, then
    raises Busy.
    """
    connection = memory()
    try:
        _attach(connection, places, wait, sleep)
        connection.execute("use warehouse")
        yield connection
    finally:
        connection.close()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:  # whatever stopped it, half a load must not stay
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _load_ducklake(connection: duckdb.DuckDBPyConnection) -> None:
    """From the packages of the Python registry where they are installed: no download."""
    try:
        if importlib.util.find_spec("duckdb_extension_ducklake"):
            packages = importlib.import_module("duckdb_extensions")
            packages.import_extension("ducklake", con=connection)
        connection.execute("load ducklake")
    except (ImportError, duckdb.Error) as error:
        raise RuntimeError(
            f"DuckDB's extension ducklake cannot be loaded: {error}. Install the packages "
            f"duckdb-extensions and duckdb-extension-ducklake, version {duckdb.__version__}."
        ) from error


def _attach(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    wait: float,
    sleep: Callable[[float], None],
) -> None:
    address = places.warehouse
    if address.startswith("ducklake:"):
        _load_ducklake(connection)
    else:
        Path(address).parent.mkdir(parents=True, exist_ok=True)
    quoted = address.replace("'", "''")
    waited = 0.0
    while True:
        try:
            connection.execute(f"attach '{quoted}' as warehouse")
            return
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            holder = str(error).partition("Conflicting lock is held in ")[2].partition(". ")[0]
            if waited >= wait:
                raise Busy(
                    f"The warehouse {address} is held by {holder or 'another process'} for over "
                    f"{wait:.0f} s. Close it (readers use {places.serving}) and run again."
                ) from error
            if waited == 0:
                log.info("waiting for the warehouse, held by %s", holder or "another process")
            sleep(0.5)
            waited += 0.5
