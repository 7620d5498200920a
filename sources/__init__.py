"""Read systems as dlt resources: what every source shares.

A source describes its tables as data (`Table`) and reads them in pages; this module turns
each into a dlt resource that remembers its watermark and, inside a window, its position.
`sources.<kind>.source(system, contract, memory)` is the one entry name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import dlt
from dlt.sources import DltResource

from clients import ClientError

Row = dict[str, Any]
# Table name -> {key: cursor} of the rows the landing holds now (none that are gone).
Memory = Callable[[str], Mapping[str, str | None]]
PAGES_PER_LOAD = 200


@dataclass(frozen=True)
class Window:
    """What one read asks for.

    `since`: UTC, ISO 8601 with Z, overlap already taken off; None reads everything.
    `position`: where a stopped read goes on, the source's own JSON value; None starts over.
    `full`: a person asked for everything again: trust no memory.
    """

    since: str | None = None
    position: Any = None
    full: bool = False


@dataclass(frozen=True)
class Page:
    """Rows as the system gave them, and what it said about them.

    `claimed`: how many rows the system says the whole window holds; the last one said counts.
    `position`: where the next page starts; None after the last one.
    `unchanged`: keys seen but not read again, because memory shows they did not change.
    `change`: what happened to all rows of this page (deleted, archived ...); None: they are.
    `keys` and `cursors`, one per row, are filled in by `resource`.
    """

    rows: list[Row]
    claimed: int | None = None
    position: Any = None
    unchanged: list[str] = field(default_factory=list)
    change: str | None = None
    keys: list[str] = field(default_factory=list)
    cursors: list[str | None] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """One table of a system.

    `key`: a row's identity as text. `cursor`: when it last changed, in a form that sorts as
    text. `changed_since`: the system can be asked for changes; otherwise every read is a full
    scan, and keys that no longer appear are gone. `overlap`: how far before the watermark a
    read starts again, because clocks and indexes lag.
    """

    name: str
    key: Callable[[Row], str]
    read: Callable[[Window], Iterator[Page]]
    cursor: Callable[[Row], str | None] = lambda row: None
    changed_since: bool = False
    overlap: timedelta = timedelta(minutes=5)


class TableError(Exception):
    """One table could not be read; names system, table, cause and remedy."""

    def __init__(self, system: str, table: str, error: ClientError) -> None:
        self.system, self.table, self.error = system, table, error
        super().__init__(f"{system}.{table}: {error.cause.rstrip('.')}. {error.remedy}".rstrip())


def resource(
    system: str,
    table: Table,
    *,
    since: str | None = None,
    full: bool = False,
    pages_per_load: int = PAGES_PER_LOAD,
) -> DltResource:
    """A dlt resource that yields `Page`s: at most `pages_per_load`, then it stops, resumable.

    Its state: `watermark` (highest cursor of finished windows), and within a window
    `position`, `highest`, `since`.
    """

    def pages() -> Iterator[Page]:
        state = dlt.current.resource_state()
        window = _window(table, state, since, full)
        state["since"] = window.since
        try:
            for count, page in enumerate(table.read(window), start=1):
                keyed = _keyed(table, page)
                yield keyed
                moments = [c for c in (*keyed.cursors, state.get("highest")) if c]
                state["highest"] = max(moments, default=None)
                state["position"] = page.position
                if page.position is not None and count >= pages_per_load:
                    return
        except ClientError as error:
            raise TableError(system, table.name, error) from error
        if table.changed_since and state.get("highest"):
            state["watermark"] = max(state["highest"], state.get("watermark") or "")
        state.update(position=None, highest=None, since=None)

    return dlt.resource(pages, name=table.name, write_disposition="append")


def _window(table: Table, state: Row, since: str | None, full: bool) -> Window:
    if state.get("position") is not None:
        return Window(state.get("since"), state["position"], full)
    if full or not table.changed_since:
        return Window(None, None, full)
    return Window(since or _overlapped(state.get("watermark"), table.overlap))


def _overlapped(watermark: str | None, overlap: timedelta) -> str | None:
    if not watermark:
        return None
    moment = datetime.fromisoformat(watermark.replace("Z", "+00:00")) - overlap
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _keyed(table: Table, page: Page) -> Page:
    return dataclasses.replace(
        page,
        keys=[table.key(row) for row in page.rows],
        cursors=[table.cursor(row) for row in page.rows],
    )
