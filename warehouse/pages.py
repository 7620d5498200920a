"""A source's pages as Arrow, without the rows that the landing already holds."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.typing import TDataItem

from contracts import Table as Promise
from sources import Page, Reading
from warehouse.documents import row_hash, to_json
from warehouse.landing import SCHEMA, Manifest

GONE = "deleted"
FULL = 8_000_000  # bytes of documents


@dataclass
class Batch:
    """Rows on their way into Arrow, column by column in the order of SCHEMA; without load ids."""

    columns: tuple[list[Any], ...] = field(default_factory=lambda: ([], [], [], [], []))
    size: int = 0

    def add(
        self, key: str, cursor: str | None, digest: str, document: bytes, change: str | None
    ) -> None:
        for column, value in zip(
            self.columns, (key, cursor, digest, document or None, change), strict=True
        ):
            column.append(value)
        self.size += len(document)

    @property
    def is_full(self) -> bool:
        return self.size >= FULL

    def __len__(self) -> int:
        return len(self.columns[0])

    def table(self, load: str) -> pa.Table:
        columns = (*self.columns, [load] * len(self))
        return pa.table([pa.array(column, pa.string()) for column in columns], schema=SCHEMA)


@dataclass
class Scan:
    """What one process saw of a scan, over all its loads.

    `known`: hash of the newest landed row per key; `there`: the keys that were not gone.
    `whole` is False when the scan began in an earlier process: nobody knows its keys any more.
    """

    known: dict[str, str]
    there: Set[str]
    keys: set[str] = field(default_factory=set)
    whole: bool | None = None

    def gone(self, reading: Reading) -> list[str]:
        """Keys the landing holds that a whole, complete scan no longer showed."""
        if self.whole is None:
            self.whole = reading.whole
        ended = reading.finished and reading.complete
        if not (self.whole and ended and reading.full_scan and reading.lists_all):
            return []
        return sorted(self.there - self.keys)


@dataclass
class Loader:
    """Turns one load's pages into Arrow, leaving out rows the landing already holds."""

    system: str
    promise: Promise
    scan: Scan
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
            self._gone(item)
        else:
            self._page(item)
        if len(self.batch) and (self.batch.is_full or isinstance(item, Reading)):
            # Emptied before it is yielded: dlt may bring the next page before it comes back.
            full, self.batch = self.batch, Batch()
            self.rows += len(full)
            yield full.table(self.load)

    def _page(self, page: Page) -> None:
        self.scan.keys.update(page.keys, page.unchanged)
        for key, cursor, row in zip(page.keys, page.cursors, page.rows, strict=True):
            digest = row_hash(row, self.promise.volatile, page.change)
            if self.scan.known.get(key) == digest:
                continue
            self.scan.known[key] = digest
            self.fields.update(row)
            self.batch.add(key, cursor, digest, to_json(row), page.change)

    def _gone(self, reading: Reading) -> None:
        self.reading = reading
        gone = self.scan.gone(reading)
        self.gone = len(gone)
        for key in gone:
            self.batch.add(key, None, GONE, b"", GONE)

    def manifest(self, load: str) -> Manifest:
        reading = self.reading
        if reading is None:
            raise RuntimeError(f"{self.system}.{self.promise.name}: the source gave no Reading")
        return Manifest(
            system=self.system,
            table=self.promise.name,
            load=load,
            mode="full" if reading.full_scan else "changed",
            since=reading.since,
            claimed=reading.claimed,
            seen=reading.seen,
            rows=self.rows,
            gone=self.gone,
            finished=reading.finished,
            complete=reading.complete or not reading.finished and reading.error is None,
            fields=tuple(sorted(self.fields)),
            error=str(reading.error) if reading.error else None,
        )
