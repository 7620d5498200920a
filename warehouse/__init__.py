"""Keep: land -> check -> load -> build -> serve. The only place that opens DuckDB.

Landing and journal are the truth; everything else here is derived and disposable.

KOPRU_MEMORY (default 4GB) is what a DuckDB of ours may take, in each process; what does not fit is
written to data/spill for the time being.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from systems import Connection
from warehouse import lake, stores
from warehouse.files import Folder, sweep

log = logging.getLogger(__name__)
Database = duckdb.DuckDBPyConnection
MEMORY = "4GB"
SIZE = re.compile(r"(?=.*[1-9])\d+(\.\d+)? ?[MGT]i?B", re.IGNORECASE)
WAIT_SECONDS = 600
# Written ahead before DuckDB checkpoints. A build commits a hundred times, and its own 16MB make it
# tidy the file after most of them: a tenth of a nightly build.
AHEAD = "1GB"


class Busy(RuntimeError):
    """Another process held the warehouse longer than we were willing to wait."""


@dataclass(frozen=True)
class Places:
    """Where a company's data lives. `warehouse` is a DuckDB file or a ducklake:... address.

    `lake_files`: of DuckLake, where that is not its default. `catalog`: its schema in Postgres.
    """

    data: Path
    landing: Folder
    journal: Folder
    warehouse: str
    serving: Path
    lake_files: Folder | None = None
    catalog: str = lake.CATALOG

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
    def here(self) -> Path:
        """Where this machine's processes meet. Over machines, a DAG has one run at a time."""
        return self.landing if isinstance(self.landing, Path) else self.data

    @property
    def warehouse_file(self) -> Path | None:
        """None of a ducklake: address."""
        return None if self.warehouse.startswith(lake.PREFIX) else Path(self.warehouse)

    @classmethod
    def from_environment(cls, connections: Mapping[str, Connection] | None = None) -> Places:
        """`connections`: `landing` (KOPRU_LAKE has the same keys) and `warehouse`, where keys and
        password are not in the environment.

        Raises ValueError for what cannot be used, ConnectionError for a store out of reach.
        """
        known = connections or {}
        data = Path(os.environ.get("KOPRU_DATA", "data")).resolve()
        wanted = os.environ.get("KOPRU_LANDING", str(data / "landing"))
        landing = stores.folder(wanted, known.get("landing"))
        files = os.environ.get("KOPRU_LAKE")
        warehouse = os.environ.get("KOPRU_WAREHOUSE", str(data / "warehouse.duckdb"))
        lake.hold(warehouse)
        if "warehouse" in known:
            lake.identify(known["warehouse"])
        places = cls(
            data=data,
            landing=landing,
            journal=landing.parent / "journal",
            warehouse=warehouse,
            serving=Path(os.environ.get("KOPRU_SERVING", data / "serving")).resolve(),
            lake_files=stores.folder(files, known.get("landing")) if files else None,
        )
        if places.lake_files:
            lake.hold_apart(places.lake_files, landing, places.journal, data, places.serving)
        return places


def memory(*folders: Folder | None, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, in memory, in UTC: takes no lock and leaves nothing behind.

    `folders`: those it is to read in, where they may be in a store. `spill`: the data folder, of
    work that may not fit into memory. Raises ValueError when KOPRU_MEMORY is no size.
    """
    limit = _limit()
    connection = duckdb.connect()
    if spill:
        connection.execute("set temp_directory = $1", [str(_spill(spill))])
    connection.execute(f"set timezone = 'UTC'; set memory_limit = '{limit}'")
    connection.execute("set enable_progress_bar = false")
    stores.admit(connection, *folders)
    return connection


@contextmanager
def in_memory(
    *folders: Folder | None, spill: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """`memory`, closed in the end. Where it was too little, the error says what to set."""
    connection = memory(*folders, spill=spill)
    try:
        yield connection
    except duckdb.OutOfMemoryException as error:
        error.add_note(
            "Nothing is lost: the next run does what was under way. Set KOPRU_MEMORY, which is "
            f"{_limit()}, to more and run it again; as many processes as Airflow may run at once "
            "take that much each."
        )
        raise
    finally:
        connection.close()


def _spill(data: Path) -> Path:
    """Of this connection alone: DuckDB names its files the same in every process."""
    folder = data / "spill"
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    return folder / f".{os.getpid()}-{secrets.token_hex(4)}.tmp"


def _limit() -> str:
    wanted = os.environ.get("KOPRU_MEMORY", MEMORY).strip()
    if not SIZE.fullmatch(wanted):
        raise ValueError(
            f"KOPRU_MEMORY is {wanted!r}, which is no size. Write a number and one of MB, GB, TB, "
            "MiB, GiB, TiB, such as 4GB; without it DuckDB takes up to 4GB."
        )
    return wanted


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
    with in_memory(places.landing, places.lake_files, spill=places.data) as connection:
        _attach(connection, places, wait, sleep)
        connection.execute("use warehouse")
        connection.execute(f"set checkpoint_threshold = '{AHEAD}'")
        yield connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:  # whatever stopped it, half a load must not stay
        connection.execute("rollback")
        raise
    try:
        connection.execute("commit")
    except duckdb.TransactionException as error:
        raise Busy(
            "Another process wrote the same table of the warehouse meanwhile, and this step lost: "
            "nothing of it was kept. Run it again; to keep them apart, load and build belong in "
            f"the pool `warehouse`, which has one slot. ({error})"
        ) from error


def _attach(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    wait: float,
    sleep: Callable[[float], None],
) -> None:
    address, options = places.warehouse, "(storage_version 'latest')"
    if address.startswith(lake.PREFIX):
        options = lake.attachment(connection, places)
    elif address.startswith("md:"):
        options = ""
    else:
        Path(address).parent.mkdir(parents=True, exist_ok=True)
    quoted = address.replace("'", "''")
    waited = 0.0
    while True:
        try:
            connection.execute(f"attach '{quoted}' as warehouse {options}")
            return
        except duckdb.Error as error:
            if "Could not set lock" not in str(error):
                if address.startswith(lake.PREFIX):
                    raise ConnectionError(lake.closed(places, error)) from None
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
