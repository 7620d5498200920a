"""A source's pages as Arrow, without the rows that the landing already holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.typing import TDataItem

from contracts import Table as Promise
from sources import Page, Reading
from sources.cells import Cells
from warehouse import memory
from warehouse.documents import row_hash, to_json, told
from warehouse.held import Held
from warehouse.landing import SCHEMA, Manifest

FULL = 4_000_000  # bytes of documents in one batch
FIVE = pa.schema(list(SCHEMA)[:5])


@dataclass
class Batch:
    """Rows on their way into Arrow, column by column in the order of SCHEMA; without load ids.

    `tables`: those that came before, in Arrow already.
    """

    columns: tuple[list[Any], ...] = field(default_factory=lambda: ([], [], [], [], []))
    tables: list[pa.Table] = field(default_factory=list)
    size: int = 0

    def take(self, page: Page, volatile: tuple[str, ...] = ()) -> None:
        """A page of rows in Python."""
        digests = [row_hash(row, volatile, page.change) for row in page.rows]
        changes = [page.change] * len(page.rows)
        self._add(page.keys, page.cursors, digests, list(map(to_json, page.rows)), changes)
        none, gone = [None] * len(page.gone), list(page.gone.values())
        self._add(list(page.gone), none, gone, none, gone)

    def _add(self, *columns: Sequence[Any]) -> None:
        for column, values in zip(self.columns, columns, strict=True):
            column.extend(values)
        self.size += sum(map(len, filter(None, columns[3])))

    @property
    def is_full(self) -> bool:
        return self.size >= FULL

    def put(self, table: pa.Table) -> None:
        """Rows in Arrow: the first five columns of SCHEMA."""
        self._close()
        self.tables.append(table.cast(FIVE))
        self.size += table["_row"].nbytes

    def __len__(self) -> int:
        return len(self.columns[0]) + sum(map(len, self.tables))

    def table(self, load: str) -> pa.Table:
        self._close()
        rows = pa.concat_tables(self.tables)
        return rows.append_column(SCHEMA.field("_load_id"), pa.array([load] * len(rows)))

    def _close(self) -> None:
        if self.columns[0]:
            arrays = [pa.array(column, pa.string()) for column in self.columns]
            self.tables.append(pa.table(arrays, schema=FIVE))
            self.columns = ([], [], [], [], [])


@dataclass
class Loader:
    """Turns one load's pages into Arrow, leaving out rows the landing already holds."""

    system: str
    promise: Promise
    held: Held
    reading: Reading | None = None
    load: str = ""
    rows: int = 0
    gone: int = 0
    fields: set[str] = field(default_factory=set)
    batch: Batch = field(default_factory=Batch)

    def arrow(self, item: TDataItem) -> Iterator[pa.Table]:
        """Tables of many pages: dlt spends milliseconds on each. The Reading comes last."""
        self.load = self.load or dlt.current.load_package_state()["load_id"]
        if isinstance(item, Reading):
            self.reading = item
        else:
            self._page(item)
        if len(self.batch) and (self.batch.is_full or isinstance(item, Reading)):
            # Emptied before it is yielded: dlt may bring the next page before it comes back.
            full, self.batch = self.batch, Batch()
            fresh = self.held.fresh(full.table(self.load))
            self.rows += len(fresh)
            self.gone += fresh["_row"].null_count
            if len(fresh):
                yield fresh

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Makes documents of columns."""
        return memory()

    def _page(self, page: Page) -> None:
        volatile = self.promise.volatile
        if isinstance(page.rows, Cells):
            self.fields.update(page.rows.batch.schema.names)
            if len(page.rows):
                self.batch.put(told(self.connection, page, page.rows, volatile))
            return
        self.fields.update(*page.rows)
        self.batch.take(page, volatile)

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
