"""WooCommerce's lists: walked so that no row is skipped, listed by key, fetched by key."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Protocol

from clients import Implausible, Refused
from clients.ahead import ahead
from clients.records import Records
from clients.woocommerce import PER_PAGE, WooCommerce
from sources import Listed, Page, Row, Window

MOST_STEPS_BACK = 100
STEP = PER_PAGE - 1
STEP_BACK = 9  # rows: few leave between two pages
LISTED = "id,date_modified_gmt,date_created_gmt"
Params = Mapping[str, Any]
Walked = tuple[Records, int, Any]  # new rows, how many there are in all, where to go on


class List(Protocol):
    def read(self, window: Window) -> Iterator[Page]: ...

    def listing(self, window: Window) -> Iterator[Listed]: ...

    def fetch(self, keys: Sequence[str]) -> Sequence[Row]: ...


@dataclass(frozen=True)
class Walk:
    """One way through a collection. `change`: what its rows are, if not simply there.
    `optional`: some stores do not know it."""

    params: Params = field(default_factory=dict)
    change: str | None = None
    optional: bool = False


def key(row: Mapping[str, Any]) -> str:
    return str(row["id"])


def cursor(row: Mapping[str, Any]) -> str | None:
    """UTC at one-second precision; the API leaves the Z out. New customers have none."""
    moment = row.get("date_modified_gmt") or row.get("date_created_gmt")
    return f"{moment}Z" if moment else None


def page(rows: Records, claimed: int, position: Any, change: str | None = None) -> Page:
    keys, cursors = [key(head) for head in rows.heads], [cursor(head) for head in rows.heads]
    return Page(rows, claimed, position, change=change, keys=keys, cursors=cursors)


@dataclass
class Collection:
    """Rows under one path. `instead`: how to find them in a store that lacks the path."""

    store: WooCommerce
    path: str
    walks: Sequence[Walk] = (Walk(),)
    instead: List | None = None

    def read(self, window: Window) -> Iterator[Page]:
        """One walk after the other. Position: which walk, what those before it claimed, and the
        position inside it. Rows that are not simply there are not claimed."""
        if other := self._instead:
            yield from other.read(window)
            return
        at = window.position or {"walk": 0, "before": 0, "at": None}
        claimed, inside = at["before"], at["at"]
        for number in range(at["walk"], len(self.walks)):
            each, total = self.walks[number], 0
            for rows, matching, position in self._walk(each, _since(window), inside):
                total = 0 if each.change else matching
                here = {"walk": number, "before": claimed, "at": position}
                following = {"walk": number + 1, "before": claimed + total, "at": None}
                last = number == len(self.walks) - 1
                goes_on = here if position else None if last else following
                yield page(rows, claimed + total, goes_on, each.change)
            claimed, inside = claimed + total, None

    def listing(self, window: Window) -> Iterator[Listed]:
        if other := self._instead:
            yield from other.listing(window)
            return
        before = 0
        for each in self._there():
            total = 0
            for rows, total, _ in self._walk(each, {**_since(window), "_fields": LISTED}, None):
                yield Listed({key(row): cursor(row) for row in rows.heads}, before + total)
            before += total

    def fetch(self, keys: Sequence[str]) -> Sequence[Row]:
        if other := self._instead:
            return other.fetch(keys)
        include = {"include": ",".join(keys)}
        found = (rows for each in self._there() for rows, _, _ in self._walk(each, include, None))
        return sum(found, start=Records([]))

    def _there(self) -> list[Walk]:
        return [each for each in self.walks if each.change is None]

    def _walk(self, each: Walk, params: Params, position: Any) -> Iterator[Walked]:
        try:
            asked = {**each.params, **params}
            yield from walk(self.store, self.path, asked, position, self.store.at_once)
        except Refused:
            if not each.optional:
                raise
            yield Records([]), 0, None

    @cached_property
    def _instead(self) -> List | None:
        return None if self.instead is None or self.store.has(self.path) else self.instead


@dataclass
class Parts:
    """What belongs to rows of another collection: /products/<id>/variations, one walk each.

    `params` narrow the parents; those whose row shows an empty list of parts are left out. A
    part's change that does not move its parent is found by the daily sweep.
    """

    store: WooCommerce
    parents: str
    name: str
    params: Params
    parent_of: dict[str, str] = field(default_factory=dict)

    def read(self, window: Window) -> Iterator[Page]:
        """Position: that of the walk over the parents, how many it saw, what was claimed so far."""
        at = window.position or {"at": None, "parents": 0, "claimed": 0}
        claimed, seen, asked = at["claimed"], at["parents"], self._asked(window)
        for parents, total, position in walk(self.store, self.parents, asked, at["at"]):
            rows = []
            for found, count in self._of({parent: {} for parent in self._with_parts(parents)}):
                claimed += count
                rows += found
            seen += len(parents)
            goes_on = {"at": position, "parents": seen, "claimed": claimed} if position else None
            # A parent that was not seen has at least one part that was not read.
            yield Page(rows, claimed if goes_on else claimed + total - seen, goes_on)

    def listing(self, window: Window) -> Iterator[Listed]:
        claimed = seen = 0
        for parents, total, position in walk(self.store, self.parents, self._asked(window), None):
            seen += len(parents)
            fields = {"_fields": LISTED}
            for rows, count in self._of(dict.fromkeys(self._with_parts(parents), fields)):
                claimed += count
                yield Listed({key(row): cursor(row) for row in rows}, claimed)
            if position is None:
                yield Listed({}, claimed + total - seen)

    def fetch(self, keys: Sequence[str]) -> list[Row]:
        """Of keys that this object listed or read."""
        wanted: dict[str, list[str]] = {}
        for each in keys:
            wanted.setdefault(self.parent_of[each], []).append(each)
        found = self._of({parent: {"include": ",".join(ids)} for parent, ids in wanted.items()})
        return [row for rows, _ in found for row in rows]

    def _asked(self, window: Window) -> Params:
        return {**self.params, **_since(window), "_fields": f"id,{self.name}"}

    def _with_parts(self, parents: Records) -> list[str]:
        return [key(row) for row in parents if row.get(self.name) != []]

    def _of(self, asked: Mapping[str, Params]) -> Iterator[tuple[list[Row], int]]:
        """The parts of each parent, and how many it claims; a few parents at a time."""
        calls = (partial(self._walked, parent, params) for parent, params in asked.items())
        for rows, claimed in ahead(calls, self.store.at_once):
            self.parent_of.update((key(row), str(row["parent_id"])) for row in rows)
            yield rows, claimed

    def _walked(self, parent: str, params: Params) -> tuple[list[Row], int]:
        pages = list(walk(self.store, f"{self.parents}/{parent}/{self.name}", params, None))
        return [{**r, "parent_id": int(parent)} for page, _, _ in pages for r in page], pages[-1][1]


def _since(window: Window) -> Params:
    """Naive UTC with the flag; Z together with the flag silently loses the site's offset."""
    if not window.since:
        return {}
    return {"modified_after": window.since.removesuffix("Z"), "dates_are_gmt": "true"}


def walk(
    store: WooCommerce, path: str, params: Params, position: Any, at_once: int = 0
) -> Iterator[Walked]:
    """Pages by id, none skipped when rows leave meanwhile.

    Each page starts one row early, at the last row already seen. If that row is no longer
    there, the list moved up, and the walk steps back, further each time, until it finds seen
    ground; what was read ahead is thrown away. A walk that gets no further is given up. A page
    may have been read before the one that precedes it: standing on seen ground, it still shows
    all that follows.
    """
    at = position or {"offset": 0, "last": 0}
    offset, last, back, furthest = at["offset"], at["last"], 0, 0
    query = {**params, "orderby": "id", "order": "asc"}
    while True:
        with closing(_pages(store, path, query, offset, at_once)) as pages:
            for rows, total in pages:
                if offset and (not rows or rows.heads[0]["id"] > last):
                    offset, back = max(0, offset - min(STEP, STEP_BACK << back)), back + 1
                    break
                fresh = rows.where([head["id"] > last for head in rows.heads])
                end = offset + len(rows)
                if end >= total or (not fresh and len(rows) < PER_PAGE):
                    yield fresh, total, None
                    return
                offset, last = max(end - 1, 0), max([last, *(head["id"] for head in fresh.heads)])
                if offset > furthest:
                    furthest, back = offset, 0
                yield fresh, total, {"offset": offset, "last": last}
                if len(rows) < PER_PAGE:
                    break
        if back > MOST_STEPS_BACK:
            raise Implausible(store.http.system, f"{path} changes its order while it is read")


def _pages(
    store: WooCommerce, path: str, query: Params, offset: int, at_once: int
) -> Generator[tuple[Records, int], None, None]:
    """The page at the offset, and those after it as far as it says that there are any."""
    first = store.page(path, {**query, "offset": offset})
    yield first
    following = range(offset + STEP, first[1] - 1, STEP)
    calls = (partial(store.ask, path, {**query, "offset": each}) for each in following)
    for answer in ahead(calls, at_once) if at_once else (call() for call in calls):
        yield store.read(path, answer)
