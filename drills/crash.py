"""Check, load, build, serve and publish of two tills, killed at every failpoint; then the next run.

Every point of drills/failpoints.py is reached twice: at its first call of a company's first round,
and at its last call of the second one. After a kill no load is half there, and every served file
can be opened and is whole, of one build or the one before. After the next run marts, ids and
ledger are those of a company that nobody disturbed. Then random moments of the second round, three
in a row; FULL=1 takes a hundred of those.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from contracts import contract_of
from drills import failpoints, tills
from drills.killing import EVERY, say
from systems import System
from warehouse import Places, memory, opened
from warehouse.serve import FILES

SIZE = 100  # customers of each till
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STEPS = ("check", "load", "build", "publish")
BUILD = " is of build"
AGAIN = 3  # deaths in a row, at random moments
FULL = 100
# Differ from run to run: when it was, names that are drawn, and what a build that died had written
# of a version of identity that nobody goes by.
VARIES = {
    "meta.build": "'' as build_id",
    "ops.versions": "name",
    "ops.journal_files": "distinct topic",
    "ops.contract_results": "* exclude (checked_at)",
    "identity.id_changes": "* exclude (changed_at)",
}
# Whoever starts a process asks how all others ended, and of two who ask at once one is told wrong.
ASKING = Lock()
State = dict[str, str]  # what it is -> digest of its content


@dataclass
class Round:
    """What one run has to do. `bases`: the company before each step. `former`, `expected`: the
    state before and after all of them. `passed`: how often each step passes each point."""

    bases: dict[str, Path]
    former: State
    expected: State
    passed: dict[str, Counter[str]]
    seconds: float

    def calls(self, step: str, point: str) -> int:
        """Of a run that begins with that step."""
        return sum(self.passed[one][point] for one in STEPS[STEPS.index(step) :])


@dataclass
class Death:
    """Of a run that begins with `step`: at that call of a point, or after so many seconds."""

    named: str
    round: Round
    step: str = "check"
    point: str = ""
    hit: int = 0
    after: float | None = None


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    started = shown = time.monotonic()
    rounds = _undisturbed(folder, size)
    say(f"undisturbed: {[round(one.seconds, 1) for one in rounds]} s")
    chance = random.Random(seed)
    moments = FULL if os.environ.get("FULL") else kills
    deaths = [
        *_at_points(rounds),
        *(_at_random(rounds[1], number, chance.random()) for number in range(moments)),
    ]
    broken: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda death: _died(folder, death), deaths)
        for number, (death, problems) in enumerate(zip(deaths, done, strict=True), start=1):
            broken += [f"{death.named}: {problem}" for problem in problems]
            if problems or time.monotonic() - shown > EVERY:
                shown = time.monotonic()
                say(f"{number} of {len(deaths)}: {death.named}: {problems or 'whole'}")
    return {
        "customers": size,
        "points": sum(map(len, failpoints.STEPS.values())),
        "killed": len(deaths) - moments,
        "random": moments,
        "broken": broken,
        "seconds": round(time.monotonic() - started, 1),
        "proven": not broken,
    }


def _undisturbed(folder: Path, size: int) -> list[Round]:
    """A company's rounds; a copy is kept of it as it enters each room."""
    twin, former, rounds = folder / "twin", State(), []
    for name in tills.TABLES:
        (twin / "files" / name / "in").mkdir(parents=True)
    for number in range(len(tills.ROUNDS)):
        tills.land_round(Places.below(twin), number, size)
        bases: dict[str, Path] = {}
        passed: dict[str, Counter[str]] = {}
        started = time.monotonic()
        for step in STEPS:
            bases[step] = Path(shutil.copytree(twin, folder / f"{step}{number}"))
            ended, passed[step] = _run(twin, [step])
            if ended:
                raise RuntimeError(f"undisturbed, {step} ended with {ended}, see above")
        seconds = time.monotonic() - started
        expected = state(twin)
        rounds.append(Round(bases, former, expected, passed, seconds))
        former = expected
    return rounds


def _at_points(rounds: list[Round]) -> Iterator[Death]:
    for step, points in failpoints.STEPS.items():
        for name, (number, one) in product(points, enumerate(rounds)):
            hit = one.calls(step, name) if number else 1
            yield Death(f"{name}, call {hit} of round {number + 1}", one, step, name, hit)


def _at_random(one: Round, number: int, share: float) -> Death:
    return Death(f"random moment {number + 1}", one, after=share * one.seconds)


def _died(folder: Path, death: Death) -> list[str]:
    """What was not whole after it, or after the run that follows."""
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        place, one = Path(aside, "killed"), death.round
        shutil.copytree(one.bases[death.step], place)
        steps = STEPS[STEPS.index(death.step) :]
        problems: list[str] = []
        for _ in range(1 if death.point else AGAIN):
            ended, _ = _run(place, steps, death)
            if death.point and ended != -signal.SIGKILL:
                return [f"was not reached: the process ended with {ended}"]
            problems += _looked_at(place, one)
        for aside in place.rglob(".*.tmp"):  # a day goes by
            os.utime(aside, (0, 0))
        return [*problems, *_ends_well(place, one)]


def _run(
    place: Path,
    steps: Sequence[str] = STEPS,
    death: Death | None = None,
) -> tuple[int | None, Counter[str]]:
    """How a process of its own ended, and what it passed if it ended well."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["drills.warm"])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_live, args=(place, steps, death, sending))
    with ASKING:
        process.start()
    sending.close()
    wait([process.sentinel], death.after if death else None)
    if death and death.after is not None:
        process.kill()
        wait([process.sentinel])
    with ASKING:
        process.join()
    return process.exitcode, Counter() if process.exitcode else receiving.recv()


def _live(place: Path, steps: Sequence[str], death: Death | None, sending: Connection) -> None:
    """What the DAGs do after a pull."""
    passed = failpoints.count()
    if death and death.point:
        failpoints.arm(death.point, death.hit)
    for step in steps:
        problems = list(globals()[f"_{step}"](Places.below(place), tills.systems(place)))
        if any(problems):
            raise RuntimeError(f"{step}: {problems}")
    sending.send(passed)


def _check(places: Places, company: list[System]) -> Iterator[str | None]:
    from warehouse.check import check

    for system in company:
        yield from (verdict.problem for verdict in check(places, system, contract_of(system)))


def _load(places: Places, company: list[System]) -> Iterator[str | None]:
    from warehouse.load import load

    for system in company:
        load(places, system, contract_of(system))
        yield None


def _build(places: Places, company: list[System]) -> Iterator[str | None]:
    from warehouse.build import build

    build(places, company, now=NOON)
    yield None


def _publish(places: Places, company: list[System]) -> Iterator[str | None]:
    from publishers.engine import publish

    for system in company:
        yield publish(places, system, approved_by="drill").problem


def _looked_at(place: Path, one: Round) -> Iterator[str]:
    """What is not as it must be. In a copy: opening a database mends it."""
    copy = place.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place, copy)
    yield from _half_loaded(Places.below(copy))
    yield from _half_served(copy, one)


def _half_loaded(places: Places) -> Iterator[str]:
    if not Path(places.warehouse).exists():
        return
    with opened(places, wait=0) as connection:
        there = "from duckdb_tables() where schema_name = 'ops' and table_name = 'loads'"
        if not connection.execute(there).fetchall():
            return
        loads = connection.execute("select system, table_name, load_id from ops.loads").fetchall()
        found = tills.known(connection)
    expected = tills.follows(places, loads)
    if len(set(loads)) < len(loads):
        yield f"ops.loads names a load twice: {sorted(loads)}"
    for what, ours, theirs in zip(found._fields, found, expected, strict=True):
        if ours != theirs:
            differ = sorted(map(str, set(ours) ^ set(theirs)))
            yield f"{what} are not those of the loads in ops.loads: {differ[:4]}"


def _half_served(place: Path, one: Round) -> Iterator[str]:
    try:
        found = _served(place)
    except duckdb.Error as error:
        yield f"a served file cannot be opened: {error}"
        return
    yield from (f"{what} no more" for what in _builds(one.former).keys() - found.keys())
    new = set(_builds(found).values()) - set(_builds(one.former).values())
    if len(new) > AGAIN:
        yield f"files of {len(new)} builds"
    for file, build in _builds(found).items():
        of = one.expected if build in new else one.former
        mine = {what for what in found.keys() | of.keys() if what.startswith(_name(file))}
        for what in mine - {file}:
            if found.get(what) != of.get(what):
                yield f"{what} is neither of this build nor of the one before"


def _name(of_build: str) -> str:
    return of_build.removesuffix(BUILD) + " "


def _builds(found: State) -> State:
    return {what: build for what, build in found.items() if what.endswith(BUILD)}


def _ends_well(place: Path, one: Round) -> Iterator[str]:
    ended, _ = _run(place)
    if ended:
        yield f"the next run ended with {ended}, see above"
        return
    found = state(place)
    for what in sorted(found.keys() | one.expected.keys()):
        same = what.endswith(BUILD) or found.get(what) == one.expected.get(what)
        if not same:
            yield f"{what} differs from the undisturbed run's"
    left = [str(file.relative_to(place)) for file in place.rglob("*.tmp*")]
    if left:
        yield f"left behind: {left}"
    if len(set(_builds(found).values())) != 1:
        yield f"served files of several builds: {_builds(found)}"


def state(place: Path) -> State:
    """Digests of everything that must come out the same."""
    from publishers.ledger import Ledger
    from warehouse.journal import Journal

    places = Places.below(place)
    journal = Journal(places.journal)
    ids = sorted((line["record"], line["customer_id"]) for line in journal.records("customer_ids"))
    ledgers = {
        name: sorted(
            (record, asdict(entry)) for record, entry in Ledger(journal, name).entries.items()
        )
        for name in tills.TABLES
    }
    with opened(places, wait=0) as connection:
        known = tills.known(connection)
    return {**_served(place), "ids": str(ids), "ledger": str(ledgers), "warehouse": str(known)}


def _served(place: Path) -> State:
    """Of each served file its build, and the digest of each of its tables."""
    found: State = {}
    serving = Places.below(place).serving
    connection = memory()
    for name in FILES:
        if not (serving / name).exists():
            continue
        connection.execute(f"attach '{serving / name}' as one (read_only)")
        [(build,)] = connection.execute("select build_id from one.meta.build").fetchall()
        found[name + BUILD] = build
        for (table,) in connection.execute(
            "select concat(schema_name, '.', table_name) from duckdb_tables() "
            "where database_name = 'one'"
        ).fetchall():
            rows = f"select {VARIES.get(table, '*')} from one.{table}"
            found[f"{name} {table}"] = _digest(connection, rows)
        connection.execute("detach one")
    for file in sorted(serving.glob("parquet/*.parquet")):
        [(build,)] = connection.execute(
            f"""select value::varchar from parquet_kv_metadata('{file}')
                where key::varchar = 'build_id'"""
        ).fetchall()
        found[file.name + BUILD] = build
        found[f"{file.name} rows"] = _digest(connection, f"select * from read_parquet('{file}')")
    connection.close()
    return found


def _digest(connection: Any, rows: str) -> str:
    query = f"select md5(string_agg(r::varchar, chr(10) order by r::varchar)) from ({rows}) as r"
    [(digest,)] = connection.execute(query).fetchall()
    return str(digest)
