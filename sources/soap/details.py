"""Thin SOAP lists: a call for each record that is new, changed, or due to be read again.

What changed shows by the hash of the thin row (or its moment, where the table has a `cursor`),
kept as the landed row's cursor. What a thin row does not show is found by reading a part of all
records again in each run: of `detail`, `share` says one of how many.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import dlt

from clients import Implausible, Refused
from clients.ahead import ahead
from clients.soap import Rejected, Soap
from clients.soap.arguments import filled
from clients.soap.envelope import walk
from sources import Listed, Memory, Page, Row, Window
from sources.soap.digests import digest
from sources.soap.pages import Pages, batched

WORKERS = 4  # calls at a time: these servers are small
SHARE = 20  # of all details, one of so many is read again in each run


class Details:
    """Position: the last key done; keys are walked in order, since the system has none. Records
    the system refuses are named at the end, after all others were read.
    """

    def __init__(
        self,
        client: Soap,
        name: str,
        spec: Mapping[str, Any],
        pages: Pages,
        memory: Memory,
        cleaned: Callable[[Row], Row],
        batch: int,
    ) -> None:
        self.client, self.name, self.spec, self.pages = client, name, spec, pages
        self.batch = batch
        self.key, self.memory, self.cleaned = pages.key, memory, cleaned
        self.share = int(spec["detail"].get("share", SHARE))
        self.workers = int(spec["detail"].get("workers", WORKERS))
        self.marks: dict[str, str | None] = {}
        self.refused: list[Rejected] = []

    def cursor(self, row: Row) -> str | None:
        return self.marks.get(self.key(row))

    def read(self, window: Window) -> Iterator[Page]:
        state = dlt.current.resource_state()
        turn = state.get("turn", 0)
        claimed = self._listed(Window(window.since))
        self.refused = []
        known = {} if window.full else self.memory(self.name)
        keys = sorted(key for key in self.marks if key > (window.position or ""))
        for batch in batched(keys, self.batch):
            due = [key for key in batch if self._due(key, known, turn)]
            rows = self._details(due)
            claimed -= len(due) - len(rows)
            yield Page(
                rows,
                claimed=claimed,
                position=None if batch[-1] == keys[-1] else batch[-1],
                unchanged=sorted(set(batch) - set(due)),
            )
        if not keys:
            yield Page([], claimed=claimed)
        self._report()
        state["turn"] = (turn + 1) % self.share

    def listing(self, window: Window) -> Iterator[Listed]:
        for piece in self.pages.pieces(Window(window.since)):
            yield Listed({self.key(row): self._mark(row) for row in piece.rows}, piece.claimed)

    def fetch(self, keys: Sequence[str]) -> list[Row]:
        self.refused = []
        if not self.marks:
            self._listed(Window())
        rows = self._details(keys)
        self._report()
        return rows

    def _details(self, keys: Sequence[str]) -> list[Row]:
        calls = (partial(self._detail, key) for key in keys)
        return [row for row in ahead(calls, self.workers) if row is not None]

    def _listed(self, window: Window) -> int:
        """Fills `marks`; how many records the list says there are."""
        self.marks, claimed = {}, None
        for piece in self.pages.pieces(window):
            self.marks |= {self.key(row): self._mark(row) for row in piece.rows}
            claimed = piece.claimed if piece.claimed is not None else claimed
        return len(self.marks) if claimed is None else claimed

    def _mark(self, row: Row) -> str | None:
        return self.pages.moments.cursor(row) if "cursor" in self.spec else digest(row)

    def _due(self, key: str, known: Mapping[str, str | None], turn: int) -> bool:
        return known.get(key) != self.marks[key] or zlib.crc32(key.encode()) % self.share == turn

    def _detail(self, key: str) -> Row | None:
        """None when it is gone since the list was read, or refused."""
        detail = self.spec["detail"]
        operation, wsdl = detail["operation"], detail.get("wsdl", self.spec.get("wsdl"))
        try:
            answer = self.client.read(operation, filled(detail["arguments"], {"key": key}), wsdl)
        except Rejected as error:
            if error.code not in self.client.settings["result"].get("missing", ()):
                self.refused.append(error)
            return None
        row = walk(answer, detail["row"])
        if not isinstance(row, dict) or self.key(row) != key:
            raise Implausible(
                self.client.name,
                f"{operation} was asked for {key} and answered another record or none",
                "Compare the detail's arguments and row in the settings with the WSDL.",
            )
        return self.cleaned(row)

    def _report(self) -> None:
        if self.refused:
            raise Refused(
                self.client.name,
                f"{len(self.refused)} of {len(self.marks)} records cannot be read: "
                f"{self.refused[0].cause}",
                "The others were. Look at this one in the system.",
            )
