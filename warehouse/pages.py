"""A source's pages as Arrow, without the rows that the landing already holds."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

import dlt
import pyarrow as pa
from dlt.common.typing import TDataItem

from contracts import Table as Promise
from sources import Page, Reading, Row
from warehouse.documents import row_hash, to_json
from warehouse.landing import SCHEMA, Manifest

GONE = "deleted"


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

    def arrow(self, item: TDataItem) -> Iterator[pa.Table]:
        self.load = dlt.current.load_package_state()["load_id"]
        batch = self._gone(item) if isinstance(item, Reading) else self._page(item)
        if batch:
            self.rows += len(batch)
            yield pa.Table.from_pylist(batch, schema=SCHEMA)

    def _page(self, page: Page) -> list[Row]:
        self.scan.keys.update(page.keys, page.unchanged)
        landed = []
        for key, cursor, row in zip(page.keys, page.cursors, page.rows, strict=True):
            digest = row_hash(row, self.promise.volatile, page.change)
            if self.scan.known.get(key) == digest:
                continue
            self.scan.known[key] = digest
            self.fields.update(row)
            landed.append(self._row(key, cursor, digest, row, page.change))
        return landed

    def _gone(self, reading: Reading) -> list[Row]:
        self.reading = reading
        gone = self.scan.gone(reading)
        self.gone = len(gone)
        return [self._row(key, None, GONE, None, GONE) for key in gone]

    def _row(
        self, key: str, cursor: str | None, digest: str, row: Row | None, change: str | None
    ) -> Row:
        document = None if row is None else to_json(row).decode()
        values = (key, cursor, digest, document, change, self.load)
        return dict(zip(SCHEMA.names, values, strict=True))

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
