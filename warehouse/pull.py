"""Pull: a source's tables through dlt into the landing, as a loop of bounded loads.

dlt's state (watermark and position of each table) lives in the landing; its working directory
(data/pulling) is thrown away, so any machine goes on where another was killed.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import dlt
import pyarrow as pa
from dlt.destinations import filesystem

from contracts import Contract
from sources import Asked, ClientError, Reading
from systems import System
from warehouse import Places
from warehouse.disk import hold_room
from warehouse.files import Folder
from warehouse.forgotten import Forgotten, forgotten
from warehouse.held import Held
from warehouse.landing import Landing, LandingError, Manifest
from warehouse.locks import alone
from warehouse.pages import Loader
from warehouse.stores import for_dlt

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # a company's pulls are its own
# In a task dlt asks Airflow's variables for every setting: hundreds of calls, half a minute.
os.environ.setdefault("PROVIDERS__ENABLE_AIRFLOW_SECRETS", "false")
log = logging.getLogger(__name__)
COPIES = 3  # of a load on its way: extracted, normalized, landed


@dataclass
class Pulled:
    """What a pull did for one table, over all its loads. `claimed`, `seen`: of the whole window,
    loads of a pull that was killed included; `listed`: keys of a sweep, where there was one.
    `held_back`: rows of people who were forgotten, which were not landed."""

    system: str
    table: str
    claimed: int | None = None
    seen: int = 0
    rows: int = 0
    loads: int = 0
    repaired: int = 0
    gone: int = 0
    listed: int | None = None
    held_back: int = 0
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


def pull(
    places: Places,
    system: System,
    contract: Contract,
    **asked: Unpack[Asked],
) -> list[Pulled]:
    """Lands every table asked for (default: all the contract has); one `Pulled` each.

    A table that fails does not stop the others: its error is in its `Pulled`. Raises KeyMissing
    where people were forgotten and nobody can tell who.
    """
    tables = asked.get("tables") or list(contract.tables)
    unknown = set(tables) - contract.tables.keys()
    if unknown:
        raise ValueError(
            f"{system.name} has no table {', '.join(sorted(unknown))}. "
            f"Its contract {contract.path.name} has: {', '.join(contract.tables)}."
        )
    landing, known = Landing(places.landing), forgotten(places)
    # Arrow's own pool keeps tens of megabytes between batches.
    pa.set_memory_pool(pa.system_memory_pool())
    with alone(places.here, system.name):
        working = places.data / "pulling" / system.name
        return [
            _pull_table(landing, system, contract, table, asked, working, known) for table in tables
        ]


def _pull_table(
    landing: Landing,
    system: System,
    contract: Contract,
    table: str,
    asked: Asked,
    working: Path,
    known: Forgotten | None,
) -> Pulled:
    landing.seal(system.name, table)
    module = importlib.import_module(f"sources.{system.kind}")
    done = Pulled(system.name, table)
    started = time.monotonic()
    with (
        _empty(working),
        closing(Held(working, landing.newest_first(system.name, table))) as held,
    ):
        pipeline = _pipeline(landing.root, system.name, table, working)
        needed = COPIES * landing.usual_size(system.name, table)
        while True:
            for folder in (working, landing.root):
                hold_room(folder, needed, f"pull {system.name}.{table}")
            try:
                source = module.source(
                    system, contract, lambda _: held, **{**asked, "tables": [table]}
                )
            except ClientError as error:  # nothing was asked yet: no secret, no settings
                done.error = error
                return done
            with Loader(system.name, contract.tables[table], held, known) as loader:
                manifest = _load(landing, pipeline, _resource(source, table), loader)
            _count(done, manifest, loader.reading)
            if manifest.finished or done.error:
                log.info("%s", _summary(done, time.monotonic() - started))
                return done
            log.info("%s", _progress(done, held.met(), time.monotonic() - started))


@contextmanager
def _empty(folder: Path) -> Iterator[None]:
    """Without what a killed pull may have left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _resource(source: Any, table: str) -> Any:
    resources = source if isinstance(source, list) else list(source.resources.values())
    return next(resource for resource in resources if resource.name == table)


def _load(landing: Landing, pipeline: dlt.Pipeline, resource: Any, loader: Loader) -> Manifest:
    """One bounded load: extract, announce the manifest, load, seal."""
    pipeline.extract(resource.add_yield_map(loader.arrow), loader_file_format="parquet")
    manifest = loader.manifest(loader.load)
    _in_order(landing, manifest)
    landing.announce(manifest)
    pipeline.normalize()
    pipeline.load()
    landing.seal(manifest.system, manifest.table)
    return manifest


def _in_order(landing: Landing, manifest: Manifest) -> None:
    """The newest load holds the newest rows: a clock that went back must not turn that round."""
    last = max(landing.load_ids(manifest.system, manifest.table), default="")
    if manifest.load <= last:
        raise LandingError(
            f"{manifest.system}.{manifest.table}: this load would be {manifest.load}, older than "
            f"the landed {last}. Nothing was landed. Set this machine's clock and run again."
        )


def _count(done: Pulled, manifest: Manifest, reading: Reading | None) -> None:
    done.claimed, done.seen = manifest.claimed, manifest.seen
    done.rows += manifest.rows
    done.loads += 1
    done.repaired += manifest.repaired
    done.gone += manifest.gone
    done.listed = manifest.listed
    done.held_back += manifest.held_back
    done.error = reading.error if reading else None
    done.short = manifest.finished and not manifest.complete


def _progress(done: Pulled, met: int, seconds: float) -> str:
    """`met`: rows seen in these seconds; a pull that goes on has seen more before."""
    rate = met / max(seconds, 0.001)
    said = (
        f"{done.system}.{done.table}: seen {done.seen:,}, landed {done.rows:,}, {rate:,.0f} rows/s"
    )
    if done.claimed is None:
        return f"{said}, how many remain is not known"
    left = max(done.claimed - done.seen, 0)
    return f"{said}, {left:,} remain, about {left / max(rate, 0.001) / 60:,.0f} min"


def _summary(done: Pulled, seconds: float) -> str:
    figures = {
        "claimed": done.claimed,
        "seen": done.seen,
        "landed": done.rows,
        "repaired": done.repaired,
        "gone": done.gone,
        "listed": done.listed,
        "held back, of people who were forgotten": done.held_back or None,
    }
    said = [f"{name} {number:,}" for name, number in figures.items() if number is not None]
    ended = "stopped" if done.error else "done"
    loads = f"{done.loads} load{'s' if done.loads > 1 else ''}"
    return f"{done.system}.{done.table}: {ended} in {loads}, {seconds:,.0f} s: {', '.join(said)}"


def _pipeline(root: Folder, system: str, table: str, working: Path) -> dlt.Pipeline:
    pipeline = dlt.pipeline(
        pipeline_name=f"{system}_{table}",
        destination=filesystem(
            bucket_url=root.as_uri(),
            layout="{table_name}/{load_id}.{file_id}.{ext}",
            credentials=None if isinstance(root, Path) else for_dlt(root),
        ),
        dataset_name=system,
        pipelines_dir=str(working),
    )
    pipeline.sync_destination()
    return pipeline
