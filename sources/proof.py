"""Is it all there? Short reads are repaired key by key, and what is gone is found and said."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from clients import Implausible
from sources.shapes import LISTED, Doubtful, Held, Listed, Page, Row, Table, Window

FETCH = 100  # keys at a time
COMPARED = 50_000  # keys at a time; each time everything that is held is walked
LEAST = 0.8  # of the rows of the last full scan; fewer must be confirmed
FEW = 20  # rows; of fewer a share says little


class Keys(NamedTuple):
    """The two ways to prove a table: all keys of a window, and the rows of some keys."""

    listing: Callable[[Window], Iterator[Listed]]
    fetch: Callable[[Sequence[str]], Sequence[Row]]


class Counted(NamedTuple):
    """`claimed`: keys the system says there are; `missing`: listed keys without a row."""

    claimed: int
    listed: int
    missing: int


def keys_of(table: Table) -> Keys | None:
    if table.listing is None or table.fetch is None:
        return None
    return Keys(table.listing, table.fetch)


def fetched(keys: Keys, held: Held, window: Window) -> Generator[Page, None, Counted]:
    """Rows that a reading of the window missed."""
    claimed = missing = 0
    for page in _larger(keys.listing(Window(window.since, None, window.full))):
        claimed = page.claimed or claimed
        missed = iter(held.missed(page.cursors))
        held.meet(page.cursors, LISTED)
        while batch := list(islice(missed, FETCH)):
            rows = keys.fetch(batch)
            missing += len(batch) - len(rows)
            yield Page(rows)
    listed = held.met(LISTED)
    return Counted(max(claimed, listed), listed, missing)


def _larger(listed: Iterator[Listed]) -> Iterator[Listed]:
    """Pages put together: each is compared with everything that is held."""
    cursors: dict[str, str | None] = {}
    claimed = None
    for page in listed:
        cursors |= page.cursors
        claimed = page.claimed or claimed
        if len(cursors) >= COMPARED:
            yield Listed(cursors, claimed)
            cursors = {}
    yield Listed(cursors, claimed)


def swept(
    system: str, table: Table, keys: Keys, held: Held, state: Row, confirm: bool
) -> Generator[Page, None, int]:
    """Compares all keys with the landing: yields what was missed and what is gone.

    Gives how many keys there are. Raises Implausible when the list does not hold what it claims,
    with nothing said to be gone.
    """
    counted = yield from fetched(keys, held, Window())
    if counted.listed < counted.claimed or counted.missing:
        raise Implausible(
            system,
            f"the list of all {table.name} claims {counted.claimed} keys, {counted.listed} were "
            f"listed, and {counted.missing} of those could not be read",
            "Nothing was taken as deleted; the next run compares again.",
        )
    yield from gone(system, table, held, counted.listed, state, confirm)
    return counted.listed


def gone(
    system: str, table: Table, held: Held, count: int, state: Row, confirm: bool
) -> Iterator[Page]:
    """Keys the landing holds and a whole reading of `count` rows did not show.

    Raises Doubtful, with nothing said to be gone, after a sudden shrink.
    """
    last = state.get("last_full", 0)
    if last >= FEW and count < LEAST * last and not confirm:
        raise Doubtful(
            system,
            f"{table.name} shrank from {last} rows to {count} since they were last counted",
            "Nothing was taken as deleted. See what the user of the connection may see; if it is "
            "right, start the pull once with `confirm`.",
        )
    for keys in held.unmet():
        yield Page([], gone=dict.fromkeys(keys, "deleted"))
    state["last_full"] = count
    if keys_of(table):
        state["swept"] = state["started"]


def is_due(table: Table, state: Mapping[str, str]) -> bool:
    """Whether all keys are to be compared with the landing in this run."""
    if "swept" not in state:
        return True
    return _moment(state["started"]) - _moment(state["swept"]) >= table.sweep_every


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
