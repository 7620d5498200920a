"""Files from SFTP or a folder, by configuration.

Files: csv, fixed width, Excel, UBL-TR, also packed   Auth: SSH with a known host key
Deletes: by snapshot files, and by corrected files

Settings: those of `formats.Spec` and `directory`, for all tables or one; a table of the settings
names its `files` (a pattern) and may say
    snapshot  each file lists everything: only the newest counts, keys it lacks are gone
    done      a file of this name says that the other is whole: "{name}.done"
    settle    seconds a young file must lie still (2; 0 where a control line proves it whole)
A file is read when its content is new. A changed one replaces its rows: those it has no longer
are gone. One that cannot be believed is named and tried again; the others are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from dlt.sources import DltResource

from clients.files import opened
from sources import Asked, Memory, Table, resources
from sources.contract import Contract, ContractTable
from sources.files.reader import Files
from sources.files.shelf import Shelf
from sources.settings import table_settings
from systems import System

PAGE = 20_000  # rows


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
    system: System, name: str, own: Mapping[str, Any], promised: ContractTable, memory: Memory
) -> Table:
    where, spec = table_settings(system, name, own)
    shelf = Shelf(system, where, spec, promised.columns)
    files = Files(shelf, name, promised.key, memory, PAGE)
    read = files.snapshot if where.snapshot else files.increments
    return Table(name, files.key, read, lists_all=where.snapshot, shape=shelf.shape)


@dataclass(frozen=True)
class Export:
    """What a system exports; only for looking whether it is there and readable."""

    system: System

    def check(self) -> str:
        """Proves that the folder is reached and each table's newest file is what it should be."""
        found = []
        with opened(self.system) as folder:
            for name, own in self.system.settings.get("tables", {}).items():
                shelf = Shelf(self.system, *table_settings(self.system, name, own), ())
                newest = shelf.listed(folder, needed=True)[-1]
                with shelf.believed(folder, newest) as whole:
                    found.append(f"{whole.count} {name} in {newest.name}")
        return f"reads {' and '.join(found)}"


def connect(system: System) -> Export:
    return Export(system)
