"""Twenty readers of the served file while a company pulls, loads and builds thirty times.

DuckDB of today and a wheel of 1.2, SQLAlchemy through duckdb-engine, and the Node driver (where
there is a node) each connect, ask for sums that must agree across the marts, and close. First
while nothing happens, then during the rounds, while people decide about quarantine and somebody
else wants the warehouse's one writer, all of it with the priority that tasks have. No error, no
torn read; and the slowest twentieth of the reads takes at most half as long again as when it was
quiet.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from contracts import contract_of
from drills.killing import EVERY, say
from plugins.priority import give_way
from systems import System
from warehouse import Places, opened
from warehouse.build import build
from warehouse.check import check
from warehouse.load import load
from warehouse.pull import pull
from warehouse.quarantine import dismiss

SIZE = 3_000  # customers
ROUNDS = 30
QUIET = 60.0  # seconds of reading while nothing happens: of 20 the slowest twentieth is ten reads
SLOWER = 1.5  # p95 during the rounds to p95 before them
READERS = {"duckdb": 6, "duckdb 1.2": 5, "duckdb-engine": 5, "node": 4}
OLD, NODE = "duckdb==1.2.2", "@duckdb/node-api"
INSTALL_SECONDS = 300
BAD = "yok"  # an e-mail that is none
QUERY = """
    with sold as (
        select customer_id, sum(total) as total, count(*) as orders
        from marts.orders where is_sale and customer_id is not null group by customer_id
    )
    select (select build_id from meta.build) as build,
        (select count(*) from marts.customer_360 as customers left join sold using (customer_id)
            where order_count <> coalesce(orders, 0)
                or coalesce(list_sum(map_values(revenue)), 0) <> coalesce(total, 0))
        + (select count(*) from marts.order_lines anti join marts.orders using (order_id))
        + (select count(*) from marts.orders anti join marts.order_lines using (order_id))
        + ((select sum(total) from marts.orders) <> (select sum(total) from marts.order_lines))::int
        as torn
"""


@dataclass
class Reader:
    """A process that reads. `reads`: when it ended, seconds, build, problem."""

    kind: str
    process: subprocess.Popen[str]
    reads: list[tuple[float, float, str | None, str | None]] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            read = (time.monotonic(), said["seconds"], said["build"], said["problem"])
            self.reads.append(read)


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    places, till = Places.below(folder / "data"), _till(folder)
    logging.getLogger("warehouse").setLevel(logging.ERROR)
    builds = {_round(places, till, folder, size, 0)}
    with _reading(folder, places.serving / "warehouse.duckdb") as readers:
        while not all(reader.reads for reader in readers):  # each has loaded its driver
            time.sleep(0.1)
        say(f"{len(readers)} readers, {size:,} customers; quiet for {QUIET:.0f} s")
        started = time.monotonic()
        time.sleep(QUIET)
        give_way()  # the readers run already, and keep theirs
        began = shown = time.monotonic()
        for number in range(1, ROUNDS + 1):
            builds.add(_round(places, till, folder, size, number))
            if time.monotonic() - shown > EVERY:
                shown = time.monotonic()
                say(f"round {number} of {ROUNDS}, {sum(len(r.reads) for r in readers):,} reads")
        ended = time.monotonic()
    reads = [(reader.kind, *read) for reader in readers for read in reader.reads]
    quiet = _p95([seconds for _, at, seconds, *_ in reads if started <= at < began])
    busy = _p95([seconds for _, at, seconds, *_ in reads if began <= at <= ended])
    problems = Counter(f"{kind}: {problem}" for kind, _, _, _, problem in reads if problem)
    seen = {build for _, _, _, build, _ in reads if build}
    slower = busy / quiet
    return {
        "readers": Counter(reader.kind for reader in readers),
        "reads": len(reads),
        "rounds": ROUNDS,
        "seconds": round(ended - began, 1),
        "builds_seen": len(seen),
        "problems": problems,
        "p95_quiet": round(quiet, 3),
        "p95_busy": round(busy, 3),
        "slower": round(slower, 2),
        "proven": not problems and seen <= builds and len(seen) > 2 and slower <= SLOWER,
    }


def _round(places: Places, till: System, folder: Path, size: int, number: int) -> str:
    """A day's files are pulled, checked, loaded and built; gives the build's id."""
    _export(folder / "files", size, number)
    contract = contract_of(till)
    for table in pull(places, till, contract):
        if table.problem:
            raise RuntimeError(table.problem)
    check(places, till, contract)
    load(places, till, contract)
    if number % 3 == 0:
        bad = str(1 + number % 2)
        dismiss(places, till, contract, "customers", [bad], by="drill", why="not theirs")
    waiting = threading.Thread(target=_looks_in, args=(places,))
    waiting.start()
    build(places, [till])
    waiting.join()
    with opened(places) as connection:
        return str(connection.execute("select build_id from meta.build").fetchall()[0][0])


def _looks_in(places: Places) -> None:
    """Somebody else who wants the one writer: waits for it, and gets it."""
    code = (
        "import sys, pathlib, warehouse\n"
        "with warehouse.opened(warehouse.Places.below(pathlib.Path(sys.argv[1]))) as connection:\n"
        "    connection.execute('select count(*) from ops.loads').fetchall()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(places.data)], check=True)


def _till(folder: Path) -> System:
    (folder / "files").mkdir(parents=True)
    settings = {
        "folder": str(folder / "files"),
        "delimiter": ";",
        "tables": {
            "customers": {"files": "customers_*.csv", "snapshot": True},
            "order_lines": {"files": "sales_*.csv"},
        },
    }
    return System("till", "files", contract="till", settings=settings)


def _export(folder: Path, size: int, number: int) -> None:
    """All customers, a tenth of them changed, one with an address that is none; new receipts."""
    people = ["MusteriNo;AdSoyad;Telefon;Eposta;DogumTarihi;Adres;Sehir;PostaKodu;Izin;KayitTarihi"]
    for n in range(1, size + 1):
        email = BAD if n == 1 + number % 2 else f"kisi{n}@posta.example"
        city = f"Mahalle {number if n % 10 == number % 10 else 0}"
        people.append(f"{n};Ad Soyad{n};;{email};;;{city};48000;E;05.01.2026")
    sales = ["FisNo;SatirNo;MusteriNo;TarihSaat;UrunKodu;UrunAdi;Adet;BirimFiyat;Tutar;ParaBirimi"]
    for n in range(size if number == 0 else size // 20):
        receipt, customer = f"F{number}-{n}", (n * 7919 + number) % size + 1
        for line in (1, 2):
            price = f"{n % 90 + line},50"
            goods = f"KP-{n % 9};Cezve;1;{price};{price}"
            sales.append(f"{receipt};{line};{customer};06.02.2026 14:30;{goods};TRY")
    _appear(folder / f"customers_{number:03}.csv", people)
    _appear(folder / f"sales_{number:03}.csv", sales)


def _appear(path: Path, lines: list[str]) -> None:
    """Whole, and not so young that it would be waited for."""
    aside = path.with_suffix(".part")
    aside.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    os.utime(aside, (time.time() - 3600,) * 2)
    aside.rename(path)


@contextmanager
def _reading(folder: Path, served: Path) -> Iterator[list[Reader]]:
    commands = _commands(folder)
    readers = []
    for kind, count in READERS.items():
        for _ in range(count if kind in commands else 0):
            command = [*commands[kind], str(served), QUERY]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
            )
            readers.append(Reader(kind, process))
            threading.Thread(target=readers[-1].listen, daemon=True).start()
    try:
        yield readers
    finally:
        for reader in readers:
            assert reader.process.stdin is not None
            reader.process.stdin.close()
        for reader in readers:
            reader.process.wait(timeout=60)


def _commands(folder: Path) -> dict[str, list[str]]:
    """How each kind of reader is started; those that cannot be had are said and left out."""
    here = Path(__file__).parent
    script = str(here / "reader.py")
    commands = {
        "duckdb": [sys.executable, script, "duckdb"],
        "duckdb-engine": [sys.executable, script, "engine"],
    }
    if "duckdb 1.2" in READERS:
        old = folder / "old"
        say(f"installing {OLD}")
        subprocess.run([sys.executable, "-m", "venv", str(old)], check=True)
        pip = [str(old / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, OLD], check=True, timeout=INSTALL_SECONDS)
        commands["duckdb 1.2"] = [str(old / "bin" / "python"), script, "duckdb"]
    if "node" not in READERS:
        return commands
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        say("there is no node on this machine: its driver is left out")
        return commands
    say(f"installing {NODE}")
    install = [npm, "install", "--no-audit", "--no-fund", "--silent", NODE]
    subprocess.run(install, check=True, timeout=INSTALL_SECONDS, cwd=folder)
    beside_packages = folder / "reader.mjs"
    shutil.copy(here / "reader.mjs", beside_packages)
    return commands | {"node": [node, str(beside_packages)]}


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]
