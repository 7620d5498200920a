"""Where a table's files are: which are there and finished, and what is believed of one."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from clients import Implausible
from clients.files import Entry, Folder, opened
from sources.contract import Column
from sources.files.formats import FORMATS, Contents, Spec, Unreadable
from sources.files.numbers import hold_numbers
from sources.files.unpacked import unpacked
from sources.settings import Where
from sources.shapes import Row
from systems import System

HEAD = 1 << 18  # bytes that show a header
PAGE = 50_000  # rows
REMEDY = "Nothing of this file was taken; it is tried again in the next run."
log = logging.getLogger(__name__)


class Moving(Exception):
    """The file changed while it was read: somebody is still writing it."""


@dataclass(frozen=True)
class Whole:
    """A file that was believed. `digest`: of its bytes."""

    digest: str
    contents: Sequence[Contents]

    @property
    def count(self) -> int:
        return sum(each.count for each in self.contents)

    def pages(self, start: int, size: int) -> Iterator[Sequence[Row]]:
        for each in self.contents:
            if start < each.count:
                yield from each.pages(start, size)
            start = max(start - each.count, 0)


@dataclass(frozen=True)
class Shelf:
    """`wanted`: the contract's columns; none when only somebody looks whether it can be read."""

    system: System
    where: Where
    spec: Spec
    wanted: Sequence[Column]

    def listed(self, folder: Folder, *, needed: bool) -> list[Entry]:
        """The table's files, oldest name first; raises Implausible for none that are `needed`."""
        entries = folder.entries(self.where.directory)
        found = self.where.matching(entries)
        if needed and not found:
            names = ", ".join(entry.name for entry in entries[:5]) or "nothing"
            raise Implausible(
                self.system.name,
                f"no file in {self.where.directory} is called {self.where.pattern}; there is "
                f"{names}",
                "Check directory and files in its settings, and that the export ran.",
            )
        return found

    def settled(self, folder: Folder, new: Sequence[Entry]) -> list[Entry]:
        """Those that lie still: young ones are looked at again after a moment."""
        young = [entry for entry in new if time.time() - entry.modified < self.where.settle]
        if not young or self.where.done:
            return list(new)
        time.sleep(self.where.settle)
        now = {entry.name: entry.stamp for entry in folder.entries(self.where.directory)}
        for entry in young:
            if now.get(entry.name) != entry.stamp:
                log.info("%s is still being written: it waits for the next run", entry.name)
        return [entry for entry in new if now.get(entry.name) == entry.stamp]

    @contextmanager
    def believed(self, folder: Folder, entry: Entry) -> Iterator[Whole]:
        """Raises Implausible for a file that is not what was agreed, Moving for an unfinished."""
        path = self.where.path(entry)
        with ExitStack() as held:
            file = held.enter_context(folder.fetched(path))
            with self._refusing(entry):
                digest = _digest(file)
                if folder.stamp(path) != entry.stamp:
                    raise Moving(entry.name)
                contents = self._contents(file, held)
            yield Whole(digest, contents)

    def _contents(self, file: IO[bytes], held: ExitStack) -> list[Contents]:
        form, found = FORMATS[self.spec.format], []
        for member in held.enter_context(unpacked(file, self.spec)):
            try:
                found.append(form.read(member.file, self.spec, self.wanted))
                if self.spec.format in ("csv", "fixed"):
                    hold_numbers(found[-1].pages(0, PAGE), self.wanted)
            except Unreadable as error:
                if member.name:
                    raise Unreadable(f"{member.name} in it: {error}") from None
                raise
        return found

    @contextmanager
    def _refusing(self, entry: Entry) -> Iterator[None]:
        try:
            yield
        except Unreadable as error:
            raise Implausible(self.system.name, f"{entry.name}: {error}", REMEDY) from None

    def pages(self, entry: Entry, whole: Whole, start: int, size: int) -> Iterator[Sequence[Row]]:
        with self._refusing(entry):
            yield from whole.pages(start, size)

    def shape(self) -> Mapping[str, str]:
        """Column -> type, of the newest file whose header can be read."""
        with opened(self.system) as folder:
            problem: Implausible | None = None
            for entry in reversed(self.listed(folder, needed=True)):
                try:
                    return self._shape(folder, entry)
                except Implausible as error:
                    problem = problem or error
        raise problem or Implausible(self.system.name, "there is no file to look at")

    def _shape(self, folder: Folder, entry: Entry) -> Mapping[str, str]:
        form, path = FORMATS[self.spec.format], self.where.path(entry)
        head = folder.head(path, HEAD)
        if self.spec.format in ("csv", "fixed") and head[:2] not in (b"PK", b"\x1f\x8b"):
            lines = head.rpartition(b"\n")[0] if len(head) == HEAD else head
            try:
                return form.shape(BytesIO(lines), self.spec, self.wanted)
            except Unreadable:
                pass  # too little of it may show: the whole file has the last word
        with folder.fetched(path) as file, self._refusing(entry):  # noqa: SIM117 - nested scopes
            with unpacked(file, self.spec) as members:
                return form.shape(members[0].file, self.spec, self.wanted)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    file.seek(0)
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
