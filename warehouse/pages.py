"""A source's pages as Arrow, without the rows that the landing already holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property, partial

import dlt
import duckdb
import pyarrow as pa
from dlt.common.typing import TDataItem

from contracts import Table as Promise
from sources import Page, Reading
from sources.cells import Cells
from warehouse import memory
from warehouse.documents import LANDED, told, told_cells
from warehouse.held import Held
from warehouse.landing import SCHEMA, Manifest

FULL = 4_000_000  # bytes of documents in one batch
AHEAD = 2  # pages that may wait to be written down


@dataclass
class Batch:
    """Pages in Arrow, until they are many."""

    tables: list[pa.Table] = field(default_factory=list)
    size: int = 0

    def put(self, table: pa.Table) -> None:
        self.tables.append(table.cast(LANDED))
        self.size += table["_row"].nbytes

    @property
    def is_full(self) -> bool:
        return self.size >= FULL

    def table(self, load: str) -> pa.Table:
        rows = pa.concat_tables(self.tables)
        return rows.append_column(SCHEMA.field("_load_id"), pa.array([load] * len(rows)))


@dataclass
class Loader:
    """Turns one load's pages into Arrow, leaving out rows the landing already holds.

    Columns of cells in a thread of its own: a file is read on while they are written down.
    """

    system: str
    promise: Promise
    held: Held
    reading: Reading | None = None
    load: str = ""
    rows: int = 0
    gone: int = 0
    fields: set[str] = field(default_factory=set)
    batch: Batch = field(default_factory=Batch)
    worker: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1))
    waiting: deque[Future[pa.Table | None]] = field(default_factory=deque)

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.shutdown(cancel_futures=True)

    def arrow(self, item: TDataItem) -> Iterator[pa.Table]:
        """Tables of many pages: dlt spends milliseconds on each. The Reading comes last."""
        self.load = self.load or dlt.current.load_package_state()["load_id"]
        if isinstance(item, Reading):
            self.reading, ahead = item, 0
            self.waiting.append(self.worker.submit(self._close))
        else:
            ahead = AHEAD
            self.waiting.append(self._take(item))
        while len(self.waiting) > ahead:
            fresh = self.waiting.popleft().result()
            if fresh is not None and len(fresh):
                self.rows += len(fresh)
                self.gone += fresh["_row"].null_count
                yield fresh

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Makes documents of columns."""
        return memory()

    def _take(self, page: Page) -> Future[pa.Table | None]:
        """Cells in a thread. Rows in Python at once: two threads of Python wait for each other."""
        if isinstance(page.rows, Cells):
            self.fields.update(page.rows.batch.schema.names)
            return self.worker.submit(self._take_cells, page, page.rows)
        wait(self.waiting)
        self.fields.update(*page.rows)
        done: Future[pa.Table | None] = Future()
        done.set_result(self._put(told(page, self.promise.volatile)))
        return done

    def _take_cells(self, page: Page, cells: Cells) -> pa.Table | None:
        return self._put(told_cells(self.connection, page, cells, self.promise.volatile))

    def _put(self, table: pa.Table) -> pa.Table | None:
        """What is ready to be landed, once it is much."""
        if len(table):
            self.batch.put(table)
        return self._close() if self.batch.is_full else None

    def _close(self) -> pa.Table | None:
        full, self.batch = self.batch, Batch()
        return self.held.fresh(full.table(self.load)) if full.tables else None

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
        )
