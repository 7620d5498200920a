"""A table's files, one after the other: what is new in them, as pages."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc

from clients import ClientError, Implausible
from clients.files import Entry, opened
from sources import Memory, Page, Row, Window
from sources.cells import Cells
from sources.files.shelf import Moving, Shelf, Whole

REMEMBERED = 5_000  # files
log = logging.getLogger(__name__)


@dataclass
class Files:
    """A table's files.

    State: `files`, name -> [stamp, digest] of the last that were read to their end, so that one
    is known again under another name. Position: the file being read, its stamp, the rows of it
    already read, how many were `repeated` within their files, and which pull read its first row.
    A row's cursor is the name of its file.
    """

    shelf: Shelf
    name: str
    key_paths: Sequence[str]
    memory: Memory
    page: int  # rows
    earlier: int = field(default=0, init=False)  # keys that other pulls saw of this window

    def key(self, row: Row) -> str:
        return str(row["_line"]) if "_line" in row else "/".join(row[p] for p in self.key_paths)

    def increments(self, window: Window) -> Iterator[Page]:
        state = self._begun()
        if window.full and not window.position:
            state["files"] = {name: ["", digest] for name, (_, digest) in state["files"].items()}
        done: dict[str, list[str]] = state["files"]
        with opened(self.shelf.system) as folder:
            listed = self.shelf.listed(folder, needed=not done)
            new = [entry for entry in listed if done.get(entry.name, [""])[0] != entry.stamp]
            broken: list[ClientError] = []
            at = window.position or {}
            for entry in self.shelf.settled(folder, new):
                try:
                    with self.shelf.believed(folder, entry) as whole:
                        for page in self._file(entry, whole, at, window.full, state):
                            at = page.position
                            yield page
                except Moving:
                    log.info("%s is still being written: it waits for the next run", entry.name)
                except Implausible as error:
                    broken.append(error)
            self._complain(broken, len(new))
            if at:
                yield Page([], claimed=self._claimed(at), position=None)

    def snapshot(self, window: Window) -> Iterator[Page]:
        state = self._begun()
        done: dict[str, list[str]] = state["files"]
        with opened(self.shelf.system) as folder:
            listed = self.shelf.listed(folder, needed=not done)
            newest = max(done, default="")
            new = [e for e in listed if e.name >= newest and done.get(e.name, [""])[0] != e.stamp]
            if window.full and not window.position:
                new = listed[-1:]
            broken: list[ClientError] = []
            for entry in reversed(self.shelf.settled(folder, new)):
                try:
                    with self.shelf.believed(folder, entry) as whole:
                        if self._is_known(whole, window, state):
                            break
                        at: Mapping[str, Any] = window.position or {}
                        for page in self._file(entry, whole, at, True, state):
                            at = page.position
                            yield page
                        state["files"] = {entry.name: [entry.stamp, whole.digest]}
                        yield Page([], claimed=self._claimed(at), position=None)
                        return
                except Moving:
                    log.info("%s is still being written: it waits for the next run", entry.name)
                except Implausible as error:
                    broken.append(error)
            self._complain(broken, len(new))
        yield from self._unchanged()

    def _begun(self) -> dict[str, Any]:
        state: dict[str, Any] = dlt.current.resource_state()
        state.setdefault("files", {})
        self.earlier = state.get("seen", 0) - self.memory(self.name).met()
        return state

    def _is_known(self, whole: Whole, window: Window, state: Mapping[str, Any]) -> bool:
        """The same list once more, only under another name or date."""
        digests = {digest for _, digest in state["files"].values()}
        return whole.digest in digests and not window.full and not window.position

    def _unchanged(self) -> Iterator[Page]:
        held = self.memory(self.name)
        if not len(held):
            raise Implausible(
                self.shelf.system.name,
                f"no file of {self.name} is finished: they are still being written",
                "The next run looks again.",
            )
        keys = iter(held)
        while batch := list(islice(keys, self.page)):
            yield Page([], unchanged=batch)

    def _file(
        self,
        entry: Entry,
        whole: Whole,
        at: Mapping[str, Any],
        full: bool,
        state: dict[str, Any],
    ) -> Iterator[Page]:
        """The pages of one file; positions are never None."""
        done, held = state["files"], self.memory(self.name)
        resumed = (at.get("file"), at.get("stamp")) == (entry.name, entry.stamp)
        before = done.get(entry.name, ["", ""])[1]
        known = whole.digest in {digest for _, digest in done.values()}
        if known and not full and not resumed:
            log.info("%s: what %s holds was loaded before", self.name, entry.name)
        else:
            corrected = bool(before) and before != whole.digest and not self.shelf.where.snapshot
            # What a corrected file no longer has shows only to who read it from its first row.
            resumed = resumed and (not corrected or at.get("reader") == held.id)
            begin = dict(at) if resumed else {"repeated": at.get("repeated", 0), "row": 0}
            begin |= {"file": entry.name, "stamp": entry.stamp, "reader": at.get("reader")}
            begin["reader"] = begin["reader"] if resumed else held.id
            at = yield from self._rows(entry, whole, begin)
            if corrected:
                for keys in held.unmet(cursor=entry.name):
                    yield Page([], position=at, gone=dict.fromkeys(keys, "deleted"))
        done.pop(entry.name, None)
        done[entry.name] = [entry.stamp, whole.digest]
        state["files"] = dict(islice(done.items(), max(len(done) - REMEMBERED, 0), None))
        yield Page([], claimed=self._claimed(at), position={"repeated": at.get("repeated", 0)})

    def _rows(
        self, entry: Entry, whole: Whole, at: dict[str, Any]
    ) -> Generator[Page, None, dict[str, Any]]:
        """Gives the position after the last row, with the rows that others repeat counted."""
        hashes = array("q")
        claimed = self._claimed(at) + whole.count - at["row"]
        for rows in self.shelf.pages(entry, whole, at["row"], self.page):
            page = self._page(rows, entry, at["row"])
            hashes.extend(map(hash, page.keys))
            at = {**at, "row": at["row"] + len(rows)}
            yield replace(page, claimed=claimed, position=at)
        repeated = len(hashes) - _distinct(hashes)
        if repeated:
            log.warning("%s: %d rows of %s have another's key", self.name, repeated, entry.name)
        return {**at, "repeated": at["repeated"] + repeated}

    def _page(self, rows: Sequence[Row], entry: Entry, before: int) -> Page:
        for name, template in self.shelf.spec.combine.items():
            rows = _combined(rows, name, template)
        if isinstance(rows, Cells) and rows.all_filled(self.key_paths):
            keys = rows.joined(self.key_paths)
        else:
            rows = [self._told(row, entry, at) for at, row in enumerate(rows, start=before + 1)]
            keys = [self.key(row) for row in rows]
        return Page(rows, keys=keys, cursors=[entry.name] * len(rows))

    def _told(self, row: Row, entry: Entry, line: int) -> Row:
        """A row without its key says where it is, so that people find it when it is refused."""
        if all(row.get(path) for path in self.key_paths):
            return row
        return {**row, "_line": f"{entry.name} row {line}"}

    def _claimed(self, at: Mapping[str, Any]) -> int:
        """Each file was counted twice; what is left to doubt are rows that share a key."""
        return self.earlier + self.memory(self.name).met() + int(at.get("repeated", 0))

    def _complain(self, broken: list[ClientError], of: int) -> None:
        if not broken:
            return
        raise Implausible(
            self.shelf.system.name,
            f"{len(broken)} of {of} new files cannot be believed: "
            + "; ".join(error.cause for error in broken[:3]),
            broken[0].remedy,
        )


def _combined(rows: Sequence[Row], name: str, template: str) -> Sequence[Row]:
    if isinstance(rows, Cells):
        return rows.with_combined(name, template)
    return [row if "_cells" in row else {**row, name: template.format_map(row)} for row in rows]


def _distinct(hashes: array[int]) -> int:
    values = pa.Array.from_buffers(pa.int64(), len(hashes), [None, pa.py_buffer(hashes)])
    return len(pc.unique(values))  # five times as fast as counting them
