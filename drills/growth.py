"""Several machines: workers with folders of their own, landing on S3, DuckLake in Postgres.

Every system is pulled and checked in a process of its own, all at once; one of them is killed and
goes on elsewhere. Loads and the build go one after the other, as through the one-slot pool, each on
another worker. What comes out must be what one machine makes of the same systems in a folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sandbox.postgres
import sandbox.s3
import systems
from drills.killing import say
from drills.worker import STEPS
from sandbox import box as company_box
from sandbox.stage import SYSTEMS
from systems import Connection, System
from warehouse import Places, opened, stores
from warehouse.build import build
from warehouse.lake import LIBPQ
from warehouse.landing import Landing
from warehouse.serve import served

SIZE = 1_000  # people of the company in a box
CHOSEN = ("shop", "webshop", "till")
BUCKET = "growth"
LANDING = f"s3://{BUCKET}/acme/landing"
# Without ids: they are issued by chance, once for each company.
COMPARED = {
    "marts.customer_360": "* exclude (customer_id)",
    "marts.orders": "* exclude (customer_id)",
    "marts.order_lines": "*",
}


class Workers:
    """Processes that know nothing of each other but the environment. `count`: started so far."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.count = 0

    def start(self, step: str, system: str = "", connection: Any = None) -> subprocess.Popen[str]:
        self.count += 1
        data = self.folder / f"worker{self.count}"
        process = subprocess.Popen(
            [sys.executable, "-m", "drills.worker", step, system],
            env={**os.environ, **self.environment, "KOPRU_DATA": str(data)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps(connection or {}))
        process.stdin.close()
        return process

    def run(self, step: str, system: str = "") -> dict[str, Any]:
        return ended(self.start(step, system))


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    said = process.stdout.read()
    if process.wait():
        raise RuntimeError(f"{process.args} ended with {process.returncode}, see above")
    found: dict[str, Any] = json.loads(said)
    return found


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    with (
        sandbox.s3.serving() as store,
        tempfile.TemporaryDirectory(prefix="kopru-pg-") as place,  # a socket's path is short
        sandbox.postgres.serving(Path(place)) as postgres,
        company_box.opened(size, seed) as box,
    ):
        sandbox.s3.make_bucket(store, BUCKET)
        workers = Workers(folder, _environment(store, postgres.connection("growth")))
        say(f"S3, Postgres and a company of {size:,} people are up")
        seconds: dict[str, float] = {}
        landing = Landing(stores.folder(LANDING, sandbox.s3.connection(store)))
        killed = timed(seconds, "pull", lambda: _pulled(workers, box, landing, bool(kills)))
        loaded = timed(seconds, "load", lambda: {one: workers.run("load", one) for one in CHOSEN})
        say(f"loaded through the one slot: {loaded}")
        last = timed(seconds, "build", lambda: workers.run("build"))
        say(f"built on worker {workers.count}: {last}")
        again = {one: workers.run("load", one) for one in CHOSEN}
        one = Places.below(folder / "one")
        alone = timed(seconds, "one machine", lambda: _alone(one, box))
        far = Places.below(folder / f"worker{workers.count - len(CHOSEN)}")
        differ = _differences(one, far)
        with opened(one) as connection:
            rows = connection.execute("select count(*) from marts.orders").fetchall()[0][0]
    nothing = all(not any(tables.values()) for tables in again.values())
    return {
        "people": size,
        "orders": rows,
        "workers": workers.count,
        "killed": killed,
        "loaded": sum(sum(tables.values()) for tables in loaded.values()),
        "loaded_alone": alone,
        "loaded_again": 0 if nothing else again,
        "differences": differ,
        "seconds": {name: round(spent, 1) for name, spent in seconds.items()},
        "proven": rows > 0 and nothing and not any(differ.values()),
    }


def timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    started = time.monotonic()
    try:
        return work()
    finally:
        seconds[name] = time.monotonic() - started


def _environment(store: str, catalog: Connection) -> dict[str, str]:
    postgres = {LIBPQ[name]: str(getattr(catalog, name)) for name in LIBPQ if name != "port"}
    return {
        **postgres,
        "KOPRU_SYSTEMS": str(SYSTEMS),
        "KOPRU_LANDING": LANDING,
        "KOPRU_LAKE": f"s3://{BUCKET}/acme/lake",
        "KOPRU_WAREHOUSE": "ducklake:postgres:",
        "AWS_ACCESS_KEY_ID": sandbox.s3.KEY,
        "AWS_SECRET_ACCESS_KEY": sandbox.s3.SECRET,
        "AWS_DEFAULT_REGION": sandbox.s3.REGION,
        "AWS_ENDPOINT_URL": store,
    }


def _pulled(workers: Workers, box: Any, landing: Landing, kill: bool) -> bool:
    """All at once; whether the first was killed, its first load just landed, and done again
    elsewhere."""
    first = CHOSEN[0]
    running = {name: workers.start("pull", name, box.connections[name]) for name in CHOSEN}
    say(f"{len(running)} workers pull and check at once")
    while kill and not landing.tables(first):
        if running[first].poll() is not None:
            kill = False  # it was quicker
        time.sleep(0.05)
    if kill:
        running[first].kill()
        running[first].wait()
        say(f"killed the worker of {first}, which had landed; another one goes on")
        running[first] = workers.start("pull", first, box.connections[first])
    for name, process in running.items():
        say(f"{name}: {ended(process)}")
    return kill


def _alone(places: Places, box: Any) -> int:
    """One machine, a folder, a DuckDB file: rows loaded."""
    company = [_connected(name, box.connections[name]) for name in CHOSEN]
    loaded = 0
    for system in company:
        STEPS["pull"](places, system)
        loaded += sum(STEPS["load"](places, system).values())
        say(f"one machine: {system.name} loaded")
    build(places, systems.load(SYSTEMS).values())
    return loaded


def _connected(name: str, connection: dict[str, Any]) -> System:
    return systems.load(SYSTEMS)[name].connected(Connection(**connection))


def _differences(one: Places, other: Places) -> dict[str, int]:
    """Rows of each mart that are in one of the served files only."""
    return {
        mart: len(_rows(one, mart, columns) ^ _rows(other, mart, columns))
        for mart, columns in COMPARED.items()
    }


def _rows(places: Places, mart: str, columns: str) -> set[tuple[str, int]]:
    with served(places) as connection:
        found: Iterable[Any] = connection.execute(f"select {columns} from {mart}").fetchall()
    counted: dict[str, int] = {}
    for row in map(repr, found):
        counted[row] = counted.get(row, 0) + 1
    return set(counted.items())
