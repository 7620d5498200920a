"""A source's pages as Arrow, without the rows that the landing already holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import dlt
import duckdb
import pyarrow as pa
from dlt.common.typing import TDataItem

from contracts import Table as Promise
from sources import Page, Reading, Records
from sources.cells import Cells
from warehouse import memory
from warehouse.documents import names, told, written
from warehouse.forgotten import Forgotten
from warehouse.held import Held, give_back
from warehouse.landing import SCHEMA, Manifest

FULL = 4_000_000  # bytes of rows in one batch
KEY = 100  # bytes of a key that is gone
SHOWN = 2  # records of a page whose names are noted; of all, while a promised one is missing
AHEAD = 1  # batches that may wait to be landed


@dataclass
class Batch:
    """Pages with their rows as texts, until they are many."""

    pages: list[Page] = field(default_factory=list)
    size: int = 0

    def put(self, page: Page) -> None:
        rows = written(page.rows)
        self.pages.append(replace(page, rows=rows))
        self.size += rows.nbytes + len(page.gone) * KEY

    @property
    def is_full(self) -> bool:
        return self.size >= FULL


def _alone() -> duckdb.DuckDBPyConnection:
    """In one thread: the other core reads the source on."""
    connection = memory()
    connection.execute("set threads = 1")
    give_back(connection)
    return connection


@dataclass
class Loader:
    """Turns one load's pages into Arrow, leaving out rows the landing already holds, and those of
    people who were forgotten: nothing of them is ever written.

    Batch by batch, in a thread of its own that DuckDB works in: meanwhile the source is read on.
    """

    system: str
    promise: Promise
    held: Held
    forgotten: Forgotten | None = None
    reading: Reading | None = None
    load: str = ""
    rows: int = 0
    gone: int = 0
    held_back: int = 0
    fields: set[str] = field(default_factory=set)
    sampled: bool = False
    batch: Batch = field(default_factory=Batch)
    connection: duckdb.DuckDBPyConnection = field(default_factory=_alone)
    worker: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1))
    waiting: deque[Future[pa.Table]] = field(default_factory=deque)

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.shutdown(cancel_futures=True)
        # Not left to the garbage collector: it may run in a forked process, and that would crash.
        self.connection.close()

    def arrow(self, item: TDataItem) -> Iterator[pa.Table]:
        """Tables of many pages: dlt spends milliseconds on each. The Reading comes last."""
        self.load = self.load or dlt.current.load_package_state()["load_id"]
        ahead = AHEAD
        if isinstance(item, Reading):
            self.reading, ahead = item, 0
        else:
            self._take(item)
        if self.batch.is_full or (self.batch.pages and not ahead):
            self.waiting.append(self.worker.submit(self._told, self.batch.pages))
            self.batch = Batch()
        while len(self.waiting) > ahead or (self.waiting and self.waiting[0].done()):
            if len(fresh := self.held.fresh(self.waiting.popleft().result())):
                self.rows += len(fresh)
                self.gone += fresh["_row"].null_count
                yield fresh

    def _take(self, page: Page) -> None:
        if isinstance(page.rows, Cells):
            self.fields.update(page.rows.batch.schema.names)
        elif isinstance(page.rows, Records):
            self.sampled = True
            self.fields.update(*page.rows[:SHOWN])
        else:
            self.fields.update(*page.rows)
        self.batch.put(page)

    def _told(self, pages: list[Page]) -> pa.Table:
        rows = told(self.connection, pages, self.promise.volatile)
        if self.forgotten:
            left = self.forgotten.held_back(self.system, self.promise.name, rows)
            self.held_back += len(rows) - len(left)
            rows = left
        if self.sampled and not self.promise.fields <= self.fields:
            self.fields |= names(self.connection, rows)
        loads = pa.repeat(pa.scalar(self.load, pa.string()), len(rows))
        pa.default_memory_pool().release_unused()  # of C's heap: Python's texts were there, too
        return rows.append_column(SCHEMA.field("_load_id"), loads)

    def manifest(self, load: str) -> Manifest:
        reading = self.reading
        if reading is None:
            raise RuntimeError(f"{self.system}.{self.promise.name}: the source gave no Reading")
        return Manifest(
            system=self.system,
            table=self.promise.name,
            load=load,
            mode="changed" if reading.since else "full",
            since=reading.since,
            claimed=reading.claimed,
            seen=reading.seen,
            rows=self.rows,
            gone=self.gone,
            repaired=reading.repaired,
            listed=reading.listed,
            finished=reading.finished,
            complete=reading.complete or not reading.finished and reading.error is None,
            fields=tuple(sorted(self.fields)),
            error=str(reading.error) if reading.error else None,
            held_back=self.held_back,
        )
