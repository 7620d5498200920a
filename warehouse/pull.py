"""Pull: a source's tables through dlt into the landing, as a loop of bounded loads.

dlt's state (watermark and position of each table) lives in the landing; its working directory
is thrown away, so any machine goes on where another was killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
import orjson
import pyarrow as pa
from dlt.common.typing import TDataItem
from dlt.destinations import filesystem

from clients import ClientError
from contracts import Contract
from contracts import Table as Promise
from sources import Page, Reading, Row
from systems import System
from warehouse import Places
from warehouse.landing import SCHEMA, Landing, Manifest

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # a company's pulls are its own
# In a task dlt asks Airflow's variables for every setting: hundreds of calls, half a minute.
os.environ.setdefault("PROVIDERS__ENABLE_AIRFLOW_SECRETS", "false")
log = logging.getLogger(__name__)
GONE = "deleted"


@dataclass
class Pulled:
    """What a pull did for one table, over all its loads."""

    system: str
    table: str
    claimed: int | None = None
    seen: int = 0
    rows: int = 0
    loads: int = 0
    error: ClientError | None = None
    short: bool = False

    @property
    def problem(self) -> str | None:
        """One sentence for the log, or None when nothing was lost."""
        where = f"{self.system}.{self.table}"
        if self.error:
            return f"{where}: {self.error.cause.rstrip('.')}. {self.error.remedy}".rstrip()
        if self.short:
            return (
                f"{where}: the system claims {self.claimed} rows, {self.seen} were seen, in two "
                "readings. The rows seen have landed and the next run reads this window again; "
                "if it stays, look for rows the user of the connection may not see."
            )
        return None


@dataclass
class _Scan:
    """What one process saw of a scan, over all its loads.

    `whole` is False when the scan began in an earlier process: nobody knows its keys any more.
    """

    known: dict[str, str]
    keys: set[str] = field(default_factory=set)
    whole: bool | None = None

    def gone(self, reading: Reading) -> list[str]:
        """Keys the landing holds that a whole, complete scan no longer showed."""
        if self.whole is None:
            self.whole = reading.whole
        ended = reading.finished and reading.complete
        if not (self.whole and ended and reading.full_scan and reading.lists_all):
            return []
        return sorted(self.known.keys() - self.keys)


@dataclass
class _Loader:
    """Turns one load's pages into Arrow, leaving out rows the landing already holds."""

    system: str
    promise: Promise
    scan: _Scan
    reading: Reading | None = None
    load: str = ""
    rows: int = 0
    gone: int = 0
    fields: set[str] = field(default_factory=set)

    def arrow(self, item: TDataItem) -> Iterator[pa.Table]:
        self.load = dlt.current.load_package_state()["load_id"]
        batch = self._gone(item) if isinstance(item, Reading) else self._page(item)
        if batch:
            self.rows += len(batch)
            yield pa.Table.from_pylist(batch, schema=SCHEMA)

    def _page(self, page: Page) -> list[Row]:
        self.scan.keys.update(page.keys, page.unchanged)
        landed = []
        for key, cursor, row in zip(page.keys, page.cursors, page.rows, strict=True):
            digest = row_hash(row, self.promise.volatile, page.change)
            if self.scan.known.get(key) == digest:
                continue
            self.scan.known[key] = digest
            self.fields.update(row)
            landed.append(self._row(key, cursor, digest, row, page.change))
        return landed

    def _gone(self, reading: Reading) -> list[Row]:
        self.reading = reading
        gone = self.scan.gone(reading)
        self.gone = len(gone)
        return [self._row(key, None, GONE, None, GONE) for key in gone]

    def _row(
        self, key: str, cursor: str | None, digest: str, row: Row | None, change: str | None
    ) -> Row:
        document = None if row is None else orjson.dumps(row).decode()
        values = (key, cursor, digest, document, change, self.load)
        return dict(zip(SCHEMA.names, values, strict=True))

    def manifest(self, load: str) -> Manifest:
        reading = self.reading
        if reading is None:
            raise RuntimeError(f"{self.system}.{self.promise.name}: the source gave no Reading")
        return Manifest(
            system=self.system,
            table=self.promise.name,
            load=load,
            mode="full" if reading.full_scan else "changed",
            since=reading.since,
            claimed=reading.claimed,
            seen=reading.seen,
            rows=self.rows,
            gone=self.gone,
            finished=reading.finished,
            complete=reading.complete or not reading.finished and reading.error is None,
            fields=tuple(sorted(self.fields)),
            error=str(reading.error) if reading.error else None,
        )


def pull(
    places: Places,
    system: System,
    contract: Contract,
    *,
    tables: list[str] | None = None,
    since: str | None = None,
    full: bool = False,
) -> list[Pulled]:
    """Lands every table asked for (default: all the contract has); one `Pulled` each.

    A table that fails does not stop the others: its error is in its `Pulled`.
    """
    unknown = set(tables or ()) - contract.tables.keys()
    if unknown:
        raise ValueError(
            f"{system.name} has no table {', '.join(sorted(unknown))}. "
            f"Its contract {contract.path.name} has: {', '.join(contract.tables)}."
        )
    landing = Landing(places.landing)
    with _alone(places.landing, system.name):
        return [
            _pull_table(landing, system, contract, table, since, full)
            for table in tables or contract.tables
        ]


def _pull_table(
    landing: Landing,
    system: System,
    contract: Contract,
    table: str,
    since: str | None,
    full: bool,
) -> Pulled:
    landing.seal(system.name, table)
    newest = list(landing.newest(system.name, table))
    known = {key: digest for key, digest, _ in newest}
    cursors = {key: cursor for key, _, cursor in newest}
    del newest
    module = importlib.import_module(f"sources.{system.kind}")
    done = Pulled(system.name, table)
    scan = _Scan(known)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kopru-dlt-") as working:
        pipeline = _pipeline(landing.root, system.name, table, Path(working))
        while True:
            try:
                source = module.source(
                    system, contract, lambda _: cursors, tables=[table], since=since, full=full
                )
            except ClientError as error:  # nothing was asked yet: no secret, no settings
                done.error = error
                return done
            loader = _Loader(system.name, contract.tables[table], scan)
            manifest = _load(landing, pipeline, _resource(source, table), loader)
            _count(done, manifest, loader.reading)
            _progress(done, started)
            if manifest.finished or done.error:
                return done


def _resource(source: Any, table: str) -> Any:
    resources = source if isinstance(source, list) else list(source.resources.values())
    return next(resource for resource in resources if resource.name == table)


def _load(landing: Landing, pipeline: dlt.Pipeline, resource: Any, loader: _Loader) -> Manifest:
    """One bounded load: extract, announce the manifest, load, seal."""
    pipeline.extract(resource.add_yield_map(loader.arrow), loader_file_format="parquet")
    manifest = loader.manifest(loader.load)
    landing.announce(manifest)
    pipeline.normalize()
    pipeline.load()
    landing.seal(manifest.system, manifest.table)
    return manifest


def _count(done: Pulled, manifest: Manifest, reading: Reading | None) -> None:
    done.claimed, done.seen = manifest.claimed, manifest.seen
    done.rows += manifest.rows
    done.loads += 1
    done.error = reading.error if reading else None
    done.short = manifest.finished and not manifest.complete


def _progress(done: Pulled, started: float) -> None:
    rate = done.seen / max(time.monotonic() - started, 0.001)
    log.info(
        "%s.%s: seen %s of %s, landed %s, %.0f rows/s",
        done.system,
        done.table,
        f"{done.seen:,}",
        "unknown" if done.claimed is None else f"{done.claimed:,}",
        f"{done.rows:,}",
        rate,
    )


def _pipeline(root: Path, system: str, table: str, working: Path) -> dlt.Pipeline:
    pipeline = dlt.pipeline(
        pipeline_name=f"{system}_{table}",
        destination=filesystem(
            bucket_url=root.as_uri(), layout="{table_name}/{load_id}.{file_id}.{ext}"
        ),
        dataset_name=system,
        pipelines_dir=str(working),
    )
    pipeline.sync_destination()
    return pipeline


def row_hash(row: Row, volatile: tuple[str, ...] = (), change: str | None = None) -> str:
    """32 hex digits over the row's canonical JSON without its volatile paths."""
    for path in volatile:
        row = _without(row, path.split("."))
    content = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content + (change or "").encode(), digest_size=16).hexdigest()


def _without(row: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    """A copy without the path; shares everything else with the original."""
    first, *rest = path
    inner = row.get(first)
    if not rest:
        return {name: value for name, value in row.items() if name != first}
    return {**row, first: _without(inner, rest)} if isinstance(inner, Mapping) else dict(row)


@contextmanager
def _alone(root: Path, system: str) -> Iterator[None]:
    """One puller per system at a time, across processes; the lock ends with the process."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".{system}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(
                f"{system} is being pulled by another process. Wait for it to end."
            ) from None
        yield
