"""Pulls in processes of their own, killed at random moments and started again until one ends."""

from __future__ import annotations

import json
import os
import queue
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb

from warehouse import memory
from warehouse.landing import Landing

EVERY = 5.0  # seconds between two signs of life
SOONEST, LATEST = 0.1, 0.9  # of what is left to pull: when it is killed
MOST = 250.0  # MB a pull may grow
RSS = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass
class Run:
    """One process. `grown`: MB of memory over what it had before it pulled."""

    grown: float = 0.0
    seconds: float = 0.0
    killed: bool = False
    said: dict[str, Any] = field(default_factory=dict)


class Quiet(NamedTuple):
    """How long so many rows take when nobody kills it."""

    seconds: float
    rows: int


@contextmanager
def served(module: str, *arguments: str) -> Iterator[str]:
    """The address of a lean server in a process of its own."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        yield run.stdout.readline().strip()
        run.kill()


def undisturbed(folder: Path, kind: str, module: str, table: str, size: int) -> Quiet:
    """A pull of all that a server of its own has."""
    with served(module, str(size)) as url, TemporaryDirectory(dir=folder) as alone:
        run = _run([alone, kind, url, table], None)
    say(f"undisturbed: {asdict(run)}")
    return Quiet(run.seconds, size)


def pulled(
    folder: Path, kind: str, url: str, table: str, quiet: Quiet, kills: int, seed: int
) -> list[Run]:
    """Until one is finished; the first `kills` die, unless they are finished before."""
    chance = random.Random(seed)
    runs: list[Run] = []
    before = landed_rows(folder, f"my_{kind}", table)
    landed = 0
    while not runs or runs[-1].killed:
        share = chance.uniform(SOONEST, LATEST) * max(1 - landed / quiet.rows, SOONEST)
        left = share * quiet.seconds if len(runs) < kills else None
        runs.append(_run([str(folder), kind, url, table], left))
        landed = landed_rows(folder, f"my_{kind}", table) - before
        say(f"run {len(runs)}: {asdict(runs[-1])}, landed so far {landed:,}")
    return runs


def _run(arguments: list[str], left: float | None) -> Run:
    """Killed `left` seconds after it began to pull; None: not at all."""
    run, lines = Run(), queue.Queue[str]()
    command = [sys.executable, "-m", "drills.puller", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        threading.Thread(target=_listen, args=(process.stdout, lines), daemon=True).start()
        resting = json.loads(lines.get(timeout=120))["resting"] / 1e6
        started = shown = time.monotonic()
        while process.poll() is None:
            run.grown = max(run.grown, _peak(process.pid) - resting)
            run.seconds = time.monotonic() - started
            if left is not None and run.seconds > left:
                process.kill()
                run.killed = True
                break
            if time.monotonic() - shown > EVERY:
                shown = time.monotonic()
                say(f"{run.seconds:.0f} s, grown {run.grown:.0f} MB")
            time.sleep(0.05)
        process.wait()
    if not run.killed:
        run.said = json.loads(lines.get(timeout=5))
    return run


def _listen(stream: Any, lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)


def _peak(process: int) -> float:
    """The most memory it ever had, in MB."""
    try:
        found = RSS.search(Path(f"/proc/{process}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        found = None
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def landed_rows(folder: Path, system: str, table: str) -> int:
    loads = Landing(folder / "landing").loads(system, table)
    return sum(load.manifest.rows for load in loads)


def landed(folder: Path, system: str, table: str) -> tuple[duckdb.DuckDBPyConnection, str]:
    """A connection, and a SELECT of all rows of finished loads."""
    loads = Landing(folder / "landing").loads(system, table)
    return memory(), " union all ".join(f"({load.rows_query})" for load in loads)


def died(runs: list[Run], kills: int) -> bool:
    """A drill whose pulls were all finished before they were killed proves nothing."""
    return not kills or any(run.killed for run in runs)


def summary(runs: list[Run]) -> dict[str, Any]:
    """`last`: what the run that ended said. `load`: the machine's, then."""
    return {
        "killed": sum(run.killed for run in runs),
        "seconds": round(sum(run.seconds for run in runs), 1),
        "grown_mb": [round(run.grown) for run in runs],
        "last": runs[-1].said,
        "load": round(os.getloadavg()[0], 1),
    }


def say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)
