"""Read systems as dlt resources: what every source shares.

A source describes its tables as data (`Table`) and reads them in pages; this module turns
each into a dlt resource that remembers its watermark and, inside a window, its position.
`sources.<kind>.source(system, contract, memory)` is the one entry name.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
from dlt.sources import DltResource

from clients import ClientError as ClientError

Row = dict[str, Any]
# Table name -> {key: cursor} of the rows the landing holds now (none that are gone).
Memory = Callable[[str], Mapping[str, str | None]]
PAGES_PER_LOAD = 200
OF_WINDOW = ("since", "full", "started", "highest", "seen", "claimed")  # forgotten when it ends


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
    scan. `lists_all`: a full read shows every row there is, so a key that no longer appears is
    gone; false where old rows leave by themselves (last year's files). `overlap`: how far before
    the watermark a read starts again, because clocks and indexes lag.
    """

    name: str
    key: Callable[[Row], str]
    read: Callable[[Window], Iterator[Page]]
    cursor: Callable[[Row], str | None] = lambda row: None
    changed_since: bool = False
    overlap: timedelta = timedelta(minutes=5)
    lists_all: bool = True


@dataclass(frozen=True)
class Reading:
    """What one load of a table read, yielded after its last page.

    `seen`: distinct keys of the whole window so far, earlier loads of it included.
    `finished`: the window ended here. `whole`: it also began here, so its keys are all known.
    `full_scan`: everything was asked for; `lists_all`: and everything there is was listed.
    `error`: what stopped it; the pages before it still count, and the next run goes on there.
    """

    since: str | None
    claimed: int | None
    seen: int
    finished: bool
    whole: bool
    full_scan: bool
    lists_all: bool = True
    error: ClientError | None = None

    @property
    def complete(self) -> bool:
        return self.error is None and (self.claimed is None or self.seen >= self.claimed)


def resource(
    system: str,
    table: Table,
    *,
    since: str | None = None,
    full: bool = False,
    address: str = "",
    pages_per_load: int = PAGES_PER_LOAD,
) -> DltResource:
    """A dlt resource of `Page`s, at most `pages_per_load`, then one `Reading`; resumable.

    `since`: any ISO 8601 moment, without an offset UTC; anything else is a ValueError.
    `address`: where the system is; at another one everything is read, and no memory trusted.
    Its state: `watermark` (highest cursor of finished, complete windows), `place`, and within a
    window `position`, `since`, `full`, `started`, `highest`, `seen`, `claimed`.
    """
    since = _utc(since) if since else None

    def pages() -> Iterator[Page | Reading]:
        state = dlt.current.resource_state()
        moved = _moved(state, address)
        window = _window(table, state, since, full or moved)
        state["since"] = window.since
        keys: set[str] = set()
        error = None
        try:
            yield from _bounded(table, window, state, keys, pages_per_load)
            if state.get("position") is None and _short(state):
                # Live systems move while they are read: look once more before believing a loss.
                again = dataclasses.replace(window, position=None)
                yield from _bounded(table, again, state, keys, None)
        except ClientError as caught:
            error = caught
        reading = Reading(
            since=window.since,
            claimed=state.get("claimed"),
            seen=state.get("seen", 0),
            finished=error is None and state.get("position") is None,
            whole=window.position is None,
            full_scan=window.since is None,
            lists_all=table.lists_all,
            error=error,
        )
        _close(table, state, reading)
        yield reading

    return dlt.resource(pages, name=table.name, write_disposition="append")


def _bounded(
    table: Table, window: Window, state: Row, keys: set[str], pages_per_load: int | None
) -> Iterator[Page]:
    earlier = state.get("seen", 0) - len(keys)
    for count, page in enumerate(table.read(window), start=1):
        keyed = _keyed(table, page)
        yield keyed
        if page.change is None:
            keys.update(keyed.keys, page.unchanged)
        moments = [moment for moment in (*keyed.cursors, state.get("highest")) if moment]
        state["highest"] = max(moments, default=None)
        state["seen"] = earlier + len(keys)
        if page.claimed is not None:
            state["claimed"] = page.claimed
        state["position"] = page.position
        if page.position is not None and pages_per_load and count >= pages_per_load:
            return


def _short(state: Row) -> bool:
    claimed = state.get("claimed")
    return claimed is not None and state.get("seen", 0) < claimed


def _close(table: Table, state: Row, reading: Reading) -> None:
    """The watermark moves only over a window that ended and lost nothing."""
    if not reading.finished:
        return
    if reading.complete and table.changed_since and state.get("highest"):
        _advance(state, reading.since)
    for name in ("position", *OF_WINDOW):
        state.pop(name, None)


def _advance(state: Row, since: str | None) -> None:
    """Never past the start of the reading: a row may have changed after its page was read,
    and a later row's change must not hide that. Never over a gap somebody's `since` left."""
    watermark = state.get("watermark") or ""
    if since and watermark and since > watermark:
        return
    state["watermark"] = max(min(state["highest"], state["started"]), watermark)


def _moved(state: Row, address: str) -> bool:
    """Whether this is another server than the last time; what was known of that is forgotten.
    A hash is kept, because people write passwords into addresses."""
    place = hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
    moved = bool(state.get("place", place) != place)
    if moved:
        state.clear()
    state["place"] = place
    return moved


def _window(table: Table, state: Row, since: str | None, full: bool) -> Window:
    if state.get("position") is not None:
        return Window(state.get("since"), state["position"], full or state.get("full", False))
    for name in OF_WINDOW:
        state.pop(name, None)
    state["started"], state["full"] = _now(), full
    if full or not table.changed_since:
        return Window(None, None, full)
    return Window(since or _overlapped(state.get("watermark"), table.overlap))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _overlapped(watermark: str | None, overlap: timedelta) -> str | None:
    if not watermark:
        return None
    moment = datetime.fromisoformat(watermark.replace("Z", "+00:00")) - overlap
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(moment: str) -> str:
    try:
        given = datetime.fromisoformat(moment)
    except ValueError:
        example = "2026-11-22T08:00:00Z"
        raise ValueError(f"since is {moment!r}; write a moment such as {example}.") from None
    aware = given if given.tzinfo else given.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _keyed(table: Table, page: Page) -> Page:
    return dataclasses.replace(
        page,
        keys=[table.key(row) for row in page.rows],
        cursors=[table.cursor(row) for row in page.rows],
    )
