"""A table as a dlt resource: it remembers its watermark and, inside a window, its position."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import dlt
from dlt.sources import DltResource

from clients import ClientError, Refused
from sources.contract import Contract
from sources.shapes import Page, Reading, Row, Table, Window
from systems import System

PAGES_PER_LOAD = 200
OF_WINDOW = ("since", "full", "started", "highest", "seen", "claimed")  # forgotten when it ends


class Asked(TypedDict, total=False):
    """What a pull asks of a source: `tables` (default: all that the contract has), and as in
    `resource`, `since`, `full` and `pages_per_load`."""

    tables: list[str] | None
    since: str | None
    full: bool
    pages_per_load: int


def resources(
    system: System,
    contract: Contract,
    tables: Mapping[str, Table],
    asked: Asked,
) -> list[DltResource]:
    """One resource for each table asked for; raises Refused for one that cannot be read."""
    wanted = asked.get("tables") or list(contract.tables)
    for name in wanted:
        if name not in tables:
            raise Refused(
                system.name,
                f"its contract promises {name}, and nothing says how to read it",
                f"Describe tables.{name} in its settings (kinds soap and files), or take {name} "
                f"out of the contract. There are: {', '.join(tables) or 'none'}.",
            )
    address = system.connection.url or str(system.settings.get("folder", ""))
    return [
        resource(
            system.name,
            tables[name],
            since=asked.get("since"),
            full=asked.get("full", False),
            pages_per_load=asked.get("pages_per_load", PAGES_PER_LOAD),
            address=address,
        )
        for name in wanted
    ]


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
