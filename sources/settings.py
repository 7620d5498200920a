"""The settings of a table of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from clients import Refused
from clients.files import Entry
from sources.files.formats import FORMATS, SETTINGS, Spec
from systems import System

SETTLE = 2.0  # seconds
OWN = frozenset({"files", "directory", "snapshot", "done", "settle"})
# What programs call a file while they write it.
UNFINISHED = (".*", "~$*", "*.part", "*.filepart", "*.tmp", "*.temp", "*.crdownload", "*.partial")


@dataclass(frozen=True)
class Where:
    """`pattern`: of the files' names. `snapshot`: each file lists everything. `done`: name of a
    file that says another is whole, such as "{name}.done" or "{stem}.ok". `settle`: seconds in
    which a young file must not move to be believed finished.
    """

    pattern: str
    directory: str
    snapshot: bool
    done: str | None
    settle: float

    def path(self, entry: Entry) -> str:
        return str(PurePosixPath(self.directory, entry.name))

    def matching(self, entries: list[Entry]) -> list[Entry]:
        """The table's files that are not still being written by their name, oldest name first."""
        names = {entry.name for entry in entries}
        return [
            entry
            for entry in entries
            if fnmatchcase(entry.name, self.pattern)
            and not any(fnmatchcase(entry.name, pattern) for pattern in UNFINISHED)
            and (self.done is None or self._mark(self.done, entry) in names - {entry.name})
        ]

    def _mark(self, done: str, entry: Entry) -> str:
        return done.format(name=entry.name, stem=PurePosixPath(entry.name).stem)


def table_settings(system: System, name: str, own: Mapping[str, Any]) -> tuple[Where, Spec]:
    """Raises Refused for settings nobody here would look at."""
    unknown = sorted(own.keys() - OWN - SETTINGS)
    if unknown or "files" not in own:
        what = f"has {', '.join(unknown)}, which is not known" if unknown else "has no files"
        raise Refused(
            system.name,
            f"tables.{name} of its settings {what}",
            f"Valid are {', '.join(sorted(OWN | SETTINGS))}; files is needed.",
        )
    given = {**system.settings, **own}
    spec = Spec(**{key: given[key] for key in SETTINGS if key in given})
    if spec.format not in FORMATS:
        raise Refused(
            system.name,
            f"format of tables.{name} is {spec.format!r}",
            f"Valid are {', '.join(FORMATS)}.",
        )
    where = Where(
        pattern=str(own["files"]),
        directory=str(given.get("directory", ".")),
        snapshot=bool(own.get("snapshot")),
        done=given.get("done"),
        settle=float(given.get("settle", 0 if spec.trailer else SETTLE)),
    )
    return where, spec
