"""CSV files from SFTP or a folder, by configuration.

Files: csv   Auth: SSH with a known host key   Deletes: by snapshot files

Settings: `directory`, and `delimiter`, `encoding`, `trailer`, for all tables or one; a table
of the settings names its `files` (a pattern) and may say
    snapshot  each file lists everything: only the newest counts, keys it lacks are gone
    combine   further columns made of others: {Zaman = "{Tarih} {Saat}"}
A file is read when its name is new or it changed. One that cannot be believed is named and
tried again in the next run; the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, Any, Unpack

import dlt
from dlt.sources import DltResource

from clients import ClientError, Implausible
from clients.files import Entry, Folder, opened
from sources import Asked, Memory, Page, Row, Table, Window, resources
from sources.contract import Contract, ContractTable
from sources.csv_file import Format, Unreadable, check, rows
from systems import System

PAGE = 5_000
SHARED = ("delimiter", "encoding", "trailer", "mojibake")


def source(
    system: System, contract: Contract, memory: Memory, **asked: Unpack[Asked]
) -> list[DltResource]:
    return resources(system, contract, memory, tables_of(system, contract, memory), asked)


def tables_of(system: System, contract: Contract, memory: Memory) -> dict[str, Table]:
    specs: Mapping[str, Any] = system.settings.get("tables", {})
    return {
        name: _table(system, name, specs[name], promised, memory)
        for name, promised in contract.tables.items()
        if name in specs
    }


def _table(
    system: System, name: str, spec: Mapping[str, Any], promised: ContractTable, memory: Memory
) -> Table:
    files = Files(
        system=system,
        name=name,
        pattern=spec["files"],
        form=_format(system, spec),
        columns=[column.path for column in promised.columns],
        key_paths=promised.key,
        memory=memory,
    )
    snapshot = bool(spec.get("snapshot"))
    read = files.snapshot if snapshot else files.increments
    return Table(name, files.key, read, changed_since=not snapshot, lists_all=snapshot)


@dataclass(frozen=True)
class Export:
    """What a system exports; only for looking whether it is there and readable."""

    system: System

    def check(self) -> str:
        """Proves that the folder is reached and each table's newest file is what it should be."""
        found = []
        with opened(self.system) as folder:
            for name, spec in self.system.settings.get("tables", {}).items():
                newest = _matching(self.system, folder, spec["files"], needed=True)[-1]
                form = _format(self.system, spec)
                with _believed(self.system, folder, newest, form, ()) as (_, count):
                    found.append(f"{count} {name} in {newest.name}")
        return f"reads {' and '.join(found)}"


def connect(system: System) -> Export:
    return Export(system)


def _format(system: System, spec: Mapping[str, Any]) -> Format:
    given = {**system.settings, **spec}
    return Format(combine=spec.get("combine", {}), **{k: given[k] for k in SHARED if k in given})


def _matching(system: System, folder: Folder, pattern: str, *, needed: bool) -> list[Entry]:
    """The files of a table, oldest name first; raises Implausible for none that were `needed`."""
    directory = str(system.settings.get("directory", "."))
    entries = folder.entries(directory)
    found = [entry for entry in entries if fnmatchcase(entry.name, pattern)]
    if needed and not found:
        names = ", ".join(entry.name for entry in entries[:5]) or "nothing"
        raise Implausible(
            system.name,
            f"no file in {directory} is called {pattern}; there is {names}",
            "Check directory and files in its settings, and that the export ran.",
        )
    return found


@contextmanager
def _believed(
    system: System, folder: Folder, entry: Entry, form: Format, columns: Sequence[str]
) -> Iterator[tuple[IO[bytes], int]]:
    """A file and how many rows it holds; raises Implausible when it is not what was agreed."""
    path = PurePosixPath(str(system.settings.get("directory", ".")), entry.name)
    with folder.fetched(str(path)) as file:
        try:
            count = check(file, form, columns)
        except Unreadable as error:
            raise Implausible(
                system.name,
                f"{entry.name}: {error}",
                "Nothing of this file was taken; it is tried again in the next run.",
            ) from None
        yield file, count


@dataclass
class Files:
    """A table's files. Its state: `files`, the stamp of each file that was read to its end.

    Position: the file being read, its stamp, the rows of it already read, and what the files
    before it claimed.
    """

    system: System
    name: str
    pattern: str
    form: Format
    columns: Sequence[str]
    key_paths: Sequence[str]
    memory: Memory

    def key(self, row: Row) -> str:
        return str(row["_line"]) if "_line" in row else "/".join(row[p] for p in self.key_paths)

    def increments(self, window: Window) -> Iterator[Page]:
        state = dlt.current.resource_state()
        done = {} if window.full and not window.position else dict(state.get("files", {}))
        with opened(self.system) as folder:
            listed = _matching(self.system, folder, self.pattern, needed=not done)
            state["files"] = {e.name: done[e.name] for e in listed if e.name in done}
            new = [entry for entry in listed if done.get(entry.name) != entry.stamp]
            broken: list[ClientError] = []
            claimed = (window.position or {}).get("claimed", 0)
            for entry in new:
                try:
                    with self._read(folder, entry) as (file, count):
                        more = entry is not new[-1]
                        yield from self._pages(file, entry, count, claimed, window, state, more)
                    claimed += count
                except Implausible as error:
                    broken.append(error)
            self._complain(broken, len(new))

    def snapshot(self, window: Window) -> Iterator[Page]:
        state = dlt.current.resource_state()
        done: dict[str, str] = state.get("files", {})
        with opened(self.system) as folder:
            listed = _matching(self.system, folder, self.pattern, needed=not done)
            newest = max(done, default="")
            new = [e for e in listed if e.name >= newest and done.get(e.name) != e.stamp]
            if window.full and not window.position:
                new = listed[-1:]
            if not new:
                yield Page([], unchanged=list(self.memory(self.name)))
                return
            broken: list[ClientError] = []
            for entry in reversed(new):
                try:
                    with self._read(folder, entry) as (file, count):
                        state["files"] = {}
                        yield from self._pages(file, entry, count, 0, window, state, False)
                    break
                except Implausible as error:
                    broken.append(error)
            self._complain(broken, len(new))

    def _read(self, folder: Folder, entry: Entry) -> AbstractContextManager[tuple[IO[bytes], int]]:
        return _believed(self.system, folder, entry, self.form, self.columns)

    def _pages(
        self,
        file: IO[bytes],
        entry: Entry,
        count: int,
        before: int,
        window: Window,
        state: Row,
        more: bool,
    ) -> Iterator[Page]:
        at: Mapping[str, Any] = window.position or {}
        resumed = (at.get("file"), at.get("stamp")) == (entry.name, entry.stamp)
        taken = at["row"] if resumed else 0
        lines = islice(enumerate(rows(file, self.form), start=1), taken, None)
        while True:
            page = [self._told(row, entry, line) for line, row in islice(lines, PAGE)]
            taken += len(page)
            claimed, position = before + count, None
            if taken < count:
                position = {"file": entry.name, "stamp": entry.stamp, "row": taken}
                position["claimed"] = before
            else:
                state["files"] = {**state["files"], entry.name: entry.stamp}
                if more:
                    position = {"claimed": claimed}
            yield Page(page, claimed=claimed, position=position)
            if taken >= count:
                return

    def _told(self, row: Row, entry: Entry, line: int) -> Row:
        """A row without its key says where it is, so that people find it when it is refused."""
        if all(row.get(path) for path in self.key_paths):
            return row
        return {**row, "_line": f"{entry.name} row {line}"}

    def _complain(self, broken: list[ClientError], of: int) -> None:
        if not broken:
            return
        raise Implausible(
            self.system.name,
            f"{len(broken)} of {of} new files cannot be believed: "
            + "; ".join(error.cause for error in broken[:3]),
            broken[0].remedy,
        )
