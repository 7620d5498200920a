"""The landing: what the systems said, as append-only files.

    landing/<system>/<table>/<load>.<n>.parquet   rows, always the same six columns
    landing/<system>/<table>/<load>.json          manifest; a load without one does not count
    landing/<system>/<table>/<load>.checked.json  the verdict (check.py)
    landing/<system>/<table>/<load>.bad.parquet   the rows that broke a rule; .bad.<n>.parquet
                                                  those still bad after n replays; .bad.was.parquet
                                                  what the loads that a compaction merged had there

A manifest is first written under landing/.pending/, before dlt loads the files, and moved
once dlt has recorded the load: a killed pull leaves either a whole load or none. All of it is in a
folder of this machine or in an object store (stores.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields

import pyarrow as pa
from pyarrow import parquet

from contracts.typed import text
from warehouse.disk import size
from warehouse.files import Folder, flush, move, named, opened, read_json, read_texts, write_json
from warehouse.formats import MANIFEST

LOAD = re.compile(r"(\d+\.\d+)\.")  # of a file's name, its load
PART = 50_000  # rows read at once
USUAL = 5  # loads
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("_key", "_cursor", "_hash", "_row", "_change", "_load_id")]
)
SMALL = ["_key", "_cursor", "_hash", "_change"]


class LandingError(RuntimeError):
    """A file of the landing cannot be used; the message names it and the reason."""


@dataclass(frozen=True)
class Manifest:
    """What one load asked for, what the system claimed, and what was seen.

    `mode`: changed or full. `claimed`, `seen`: of the whole window up to this load.
    `rows`: landed in this load (seen rows whose hash was known are not landed again).
    `repaired`: rows fetched by key after a short read; `listed`: keys of a sweep over all of them.
    `compacted`: of the loads that a compaction left, the newest, which ended it (compact.py).
    `held_back`: rows seen and not landed, of people who were forgotten (forgotten.py).
    """

    system: str
    table: str
    load: str
    mode: str
    since: str | None
    claimed: int | None
    seen: int
    rows: int
    gone: int
    finished: bool
    complete: bool
    fields: tuple[str, ...] = ()
    repaired: int = 0
    listed: int | None = None
    error: str | None = None
    compacted: str | None = None
    held_back: int = 0
    format: int = MANIFEST.format


@dataclass(frozen=True)
class Load:
    """A finished load and its files."""

    manifest: Manifest
    folder: Folder

    @property
    def id(self) -> str:
        return self.manifest.load

    @property
    def rows_query(self) -> str:
        """SELECT of the six columns plus `_position`, the order in which rows were landed."""
        files = self.files
        if not files:
            columns = ", ".join(f"null::varchar as {name}" for name in SCHEMA.names)
            return f"select {columns}, 0::bigint as _position where false"
        return " union all ".join(
            f"select {', '.join(SCHEMA.names)}, file_row_number + {at << 40} as _position "
            f"from read_parquet({text(str(file))}, file_row_number = true)"
            for at, file in enumerate(files)
        )

    @property
    def files(self) -> list[Folder]:
        """Of its rows, in the order in which they were landed."""
        files = named(self.folder, f"{self.id}.")
        bad = f"{self.id}.bad."
        return [f for f in files if f.suffix == ".parquet" and not f.name.startswith(bad)]

    @property
    def verdict_path(self) -> Folder:
        return self.folder / f"{self.id}.checked.json"

    def bad_path(self, revision: int = 0) -> Folder:
        """Of the rows that broke a rule, in that revision of the verdict."""
        return self.folder / f"{self.id}.bad.{f'{revision}.' if revision else ''}parquet"

    def counts(self, compacted: str) -> bool:
        """Once a compaction is whole, `compacted`, it stands for all that is older."""
        own = self.manifest.compacted
        return own == compacted if own else self.id > compacted

    @property
    def was_path(self) -> Folder:
        """Of a compaction: the quarantine of the loads it merged."""
        return self.folder / f"{self.id}.bad.was.parquet"


class Landing:
    def __init__(self, root: Folder) -> None:
        self.root = root

    def folder(self, system: str, table: str) -> Folder:
        return self.root / system / table

    def loads(self, system: str, table: str) -> list[Load]:
        """Finished loads, oldest first; of those that a compaction merged, what it left."""
        folder = self.folder(system, table)
        while True:
            try:
                found = self._read(folder, self.load_ids(system, table))
            except FileNotFoundError:  # a compaction just removed what it had merged
                continue
            last = max((one.id for one in found if one.manifest.compacted == one.id), default="")
            return [one for one in found if one.counts(last)]

    def _read(self, folder: Folder, ids: Sequence[str]) -> list[Load]:
        paths = [folder / f"{load}.json" for load in ids]
        contents = zip(paths, read_texts(paths), strict=True)
        return [Load(_manifest(path, content), folder) for path, content in contents]

    def load_ids(self, system: str, table: str) -> list[str]:
        """Of finished loads, oldest first."""
        return sorted(
            path.name.removesuffix(".json")
            for path in named(self.folder(system, table))
            if path.suffix == ".json" and not path.name.endswith(".checked.json")
        )

    def add(self, loads: Iterable[Load]) -> None:
        """Of whole files; they count once the manifest of the last one is there."""
        for load in loads:
            for file in (*load.files, load.bad_path(), load.was_path):
                if file.exists():
                    flush(file)
            write_json(load.folder / f"{load.id}.json", asdict(load.manifest))

    def sweep(self, system: str, table: str) -> int:
        """Removes files of loads that a compaction merged; gives their bytes."""
        loads = self.loads(system, table)
        counted = {load.id for load in loads}
        compacted = max((load.manifest.compacted or "" for load in loads), default="")
        removed = 0
        for file in named(self.folder(system, table)):
            load = LOAD.match(file.name)
            if load and load[1] < compacted and load[1] not in counted:
                removed += file.stat().st_size
                file.unlink()
        return removed

    def usual_size(self, system: str, table: str) -> int:
        """Bytes of the largest of the newest loads; what a compaction left is no measure."""
        folder = self.folder(system, table)
        loads = self._read(folder, self.load_ids(system, table)[-USUAL:])
        return max((size(one.files) for one in loads if not one.manifest.compacted), default=0)

    def tables(self, system: str) -> list[str]:
        """Tables that have landed anything."""
        folder = self.root / system
        if not folder.exists():
            return []
        return sorted(
            path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "_"
        )

    def newest_first(self, system: str, table: str) -> Iterator[pa.Table]:
        """All landed rows but for their documents, in parts: the newest part first, and in each
        the newest row last."""
        parts: list[pa.Table] = []
        count = 0
        for load in reversed(self.loads(system, table)):
            for file in reversed(load.files if load.manifest.rows else []):
                with opened(file) as content, parquet.ParquetFile(content) as rows:
                    for group in reversed(range(rows.num_row_groups)):
                        parts.append(rows.read_row_group(group, columns=SMALL))
                        count += len(parts[-1])
                        if count >= PART:
                            yield pa.concat_tables(reversed(parts))
                            parts, count = [], 0
        if parts:
            yield pa.concat_tables(reversed(parts))

    def announce(self, manifest: Manifest) -> None:
        """Says what a load is about to bring; it counts once it is sealed."""
        pending = self._pending(manifest.system, manifest.table)
        write_json(pending / f"{manifest.load}.json", asdict(manifest))

    def seal(self, system: str, table: str) -> None:
        """Ends announced loads: whole ones get their manifest, others vanish."""
        for pending in named(self._pending(system, table)):
            if not read_json(pending)["rows"] or self._recorded(system, pending.stem):
                move(pending, self.folder(system, table) / pending.name)
            else:
                pending.unlink()

    def _pending(self, system: str, table: str) -> Folder:
        # Not beside the files: dlt refuses a dataset folder that exists before its first load.
        return self.root / ".pending" / system / table

    def _recorded(self, system: str, load: str) -> bool:
        """Whether dlt finished the load: it writes the state first, then the load's record."""
        root = self.root / system
        return any(
            f"__{load}" in path.name
            for name in ("_dlt_loads", "_dlt_pipeline_state")
            for path in named(root / name)
        )


def _manifest(path: Folder, written: str) -> Manifest:
    content = MANIFEST.read(json.loads(written), path)
    known = {field.name for field in fields(Manifest)}
    values = {name: value for name, value in content.items() if name in known}
    return Manifest(**{**values, "fields": tuple(values.get("fields", ()))})
