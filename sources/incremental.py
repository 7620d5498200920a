"""A table as a dlt resource: it remembers its watermark and, inside a window, its position."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import dlt
from dlt.sources import DltResource

from clients import ClientError, Refused
from sources.contract import Contract
from sources.reading import Load
from sources.shapes import Doubtful, Held, Memory, Page, Reading, Row, Table, Window
from systems import System

PAGES_PER_LOAD = 1000
# Forgotten when the window ends.
OF_WINDOW = (
    "since",
    "full",
    "started",
    "reader",
    "highest",
    "seen",
    "claimed",
)


class Asked(TypedDict, total=False):
    """What a pull asks of a source: `tables` (default: all that the contract has), and as in
    `resource`, `since`, `full`, `confirm` and `pages_per_load`."""

    tables: list[str] | None
    since: str | None
    full: bool
    confirm: bool
    pages_per_load: int


def resources(
    system: System,
    contract: Contract,
    memory: Memory,
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
            memory(name),
            since=asked.get("since"),
            full=asked.get("full", False),
            confirm=asked.get("confirm", False),
            pages_per_load=asked.get("pages_per_load", PAGES_PER_LOAD),
            address=address,
            volatile=contract.tables[name].volatile,
        )
        for name in wanted
    ]


def resource(
    system: str,
    table: Table,
    held: Held,
    *,
    since: str | None = None,
    full: bool = False,
    confirm: bool = False,
    address: str = "",
    volatile: Sequence[str] = (),
    pages_per_load: int = PAGES_PER_LOAD,
) -> DltResource:
    """A dlt resource of `Page`s, at most `pages_per_load` or a minute of them, then one
    `Reading`; resumable.

    `since`: any ISO 8601 moment, without an offset UTC; anything else is a ValueError.
    `confirm`: a person looked: a shrunken table or a changed shape is right.
    `volatile`: paths of its rows that come and go.
    `address`: where the system is; at another one everything is read, and no memory trusted.
    Its state: `watermark` (highest cursor of finished, complete windows), `place`, `last_full` and
    `swept` (rows at, and moment of, the last full count), `shape` and `sampled` (most rows
    it was learned from at once), and within a window what `OF_WINDOW` names.
    """
    since = _utc(since) if since else None

    def pages() -> Iterator[Page | Reading]:
        state = dlt.current.resource_state()
        moved = _moved(state, address)
        before = copy.deepcopy(dict(state))
        window = _window(table, state, since, full or moved)
        if window.position is None:
            state["since"], state["reader"] = window.since, held.id
        load = Load(system, table, held, state, window, confirm, volatile)
        error: ClientError | None = None
        try:
            yield from load.pages(pages_per_load)
        except Doubtful as caught:
            # Believed by nobody, so forgotten: the next run asks the same again.
            state.clear()
            state.update({k: v for k, v in before.items() if k not in ("position", *OF_WINDOW)})
            error = caught
        except ClientError as caught:
            error = caught
        reading = Reading(
            since=window.since,
            claimed=state.get("claimed"),
            seen=state.get("seen", 0),
            finished=error is None and state.get("position") is None,
            repaired=load.repaired,
            listed=load.listed,
            error=error,
        )
        _close(table, state, reading)
        yield reading

    return dlt.resource(pages, name=table.name, write_disposition="append")


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
