"""One bounded load of a table: its pages, and the proof that this was all."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sources.drift import Shape
from sources.proof import fetched, gone, is_due, keys_of, swept
from sources.shapes import Held, Page, Row, Table, Window

Result = TypeVar("Result")
A_LOAD = 60.0  # seconds: what a kill costs, however slow the system is


@dataclass
class Load:
    """`state`: dlt's, of this table. `volatile`: paths that come and go.
    `repaired`: rows fetched by key; `listed`: keys of a sweep.
    """

    system: str
    table: Table
    held: Held
    state: Row
    window: Window
    confirm: bool
    volatile: Sequence[str] = ()
    repaired: int = 0
    listed: int | None = None

    def pages(self, at_most: int) -> Iterator[Page]:
        self.shape = Shape(self.system, self.table, self.state, self.confirm, self.volatile)
        yield from self._read(self.window, at_most)
        if self.state.get("position") is not None:
            return
        if self._short():
            # Live systems move while they are read: look once more before believing a loss.
            yield from self._again()
        if not self._short():
            yield from self._whole()

    def _read(self, window: Window, at_most: int | None) -> Iterator[Page]:
        state, earlier = self.state, self.state.get("seen", 0) - self.held.met()
        until = time.monotonic() + (A_LOAD if at_most else math.inf)
        try:
            for count, page in enumerate(self.table.read(window), start=1):
                yield self._told(page)
                if page.claimed is not None:
                    state["claimed"] = page.claimed
                state["position"] = page.position
                enough = count >= (at_most or math.inf) or time.monotonic() > until
                if page.position is not None and enough:
                    return
        finally:
            state["seen"] = earlier + self.held.met()
        self.shape.keep()

    def _told(self, page: Page) -> Page:
        keys = page.keys or [self.table.key(row) for row in page.rows]
        cursors = page.cursors or [self.table.cursor(row) for row in page.rows]
        if page.change is None:
            self.shape.see(page.rows)
            self.held.meet((*keys, *page.unchanged))
        moments = [moment for moment in (*cursors, self.state.get("highest")) if moment]
        self.state["highest"] = max(moments, default=None)
        return dataclasses.replace(page, keys=keys, cursors=cursors)

    def _again(self) -> Iterator[Page]:
        keys = keys_of(self.table)
        if keys is None:
            yield from self._read(dataclasses.replace(self.window, position=None), None)
            return
        counted = yield from self._repairs(fetched(keys, self.held, self.window))
        self.state["claimed"] = counted.claimed
        self.state["seen"] = counted.listed - counted.missing

    def _whole(self) -> Iterator[Page]:
        """What is gone, where everything was read or it is time to compare all keys."""
        keys = keys_of(self.table)
        if self._is_full_scan() and self.state.get("reader") == self.held.id:
            count = self.held.met()
            yield from gone(self.system, self.table, self.held, count, self.state, self.confirm)
        elif keys and is_due(self.table, self.state):
            self.listed = yield from self._repairs(
                swept(self.system, self.table, keys, self.held, self.state, self.confirm)
            )

    def _repairs(self, found: Generator[Page, None, Result]) -> Generator[Page, None, Result]:
        while True:
            try:
                page = next(found)
            except StopIteration as end:
                result: Result = end.value
                return result
            self.repaired += len(page.rows)
            yield self._told(page)

    def _is_full_scan(self) -> bool:
        return self.window.since is None and self.table.lists_all

    def _short(self) -> bool:
        claimed = self.state.get("claimed")
        return claimed is not None and self.state.get("seen", 0) < claimed
