"""A source's pages as Arrow, without the rows that the landing already holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.typing import TDataItem

from contracts import Table as Promise
from sources import Page, Reading
from warehouse.documents import row_hash, to_json
from warehouse.held import Held
from warehouse.landing import SCHEMA, Manifest

FULL = 8_000_000  # bytes of documents in one batch


@dataclass
class Batch:
    """Rows on their way into Arrow, column by column in the order of SCHEMA; without load ids."""

    columns: tuple[list[Any], ...] = field(default_factory=lambda: ([], [], [], [], []))
    size: int = 0

    def add(
        self, key: str, cursor: str | None, digest: str, row: bytes | None, change: str | None
    ) -> None:
        for column, value in zip(self.columns, (key, cursor, digest, row, change), strict=True):
            column.append(value)
        self.size += len(row or b"")

    @property
    def is_full(self) -> bool:
        return self.size >= FULL

    def __len__(self) -> int:
        return len(self.columns[0])

    def table(self, load: str) -> pa.Table:
        columns = (*self.columns, [load] * len(self))
        return pa.table([pa.array(column, pa.string()) for column in columns], schema=SCHEMA)


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

    def _page(self, page: Page) -> None:
        volatile = self.promise.volatile
        for key, cursor, row in zip(page.keys, page.cursors, page.rows, strict=True):
            self.fields.update(row)
            digest = row_hash(row, volatile, page.change)
            self.batch.add(key, cursor, digest, to_json(row), page.change)
        for key, change in page.gone.items():
            self.batch.add(key, None, change, None, change)

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
