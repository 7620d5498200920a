"""A round in which nothing changed, against the first: pull, check, load, build, publish.

CPU seconds of our own processes: the servers run in another one, Airflow does not run at all.
A round that loads a row or writes a value where nothing changed fails.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import PATIENCE, TIMES, Failed, Options, Row, figure, ratio
from benchmarks.apart import Cost, apart, cost
from benchmarks.company import Company, running
from systems import System
from warehouse import Places

SIZE = 20_000


@dataclass
class Round:
    """Sums over all systems. `written`: values."""

    cost: Cost = field(default_factory=Cost)
    seen: int = 0
    landed: int = 0
    loaded: int = 0
    written: int = 0


def measure(options: Options) -> list[Row]:
    """A first round happens once to a company: where one takes too long, one is enough."""
    firsts, seconds = [], []
    while len(firsts) < TIMES:
        first, *again = _company(options)
        firsts.append(first)
        seconds += again
        if first.cost.cpu > PATIENCE and not options.full:
            break
    ours = median(found.cost.cpu for found in seconds)
    theirs = median(found.cost.cpu for found in firsts)
    name, size = "second_round", options.size
    return [
        ratio(name, "first round", ours, theirs, "CPU s", size),
        figure(name, "rows read", median(found.seen for found in seconds), "rows", size),
        figure(name, "rows loaded", max(found.loaded for found in seconds), "rows", size),
        figure(name, "values written", max(found.written for found in seconds), "values", size),
        figure(name, "memory", max(found.cost.memory for found in firsts), "MB", size),
    ]


def _company(options: Options) -> list[Round]:
    """The first round of a new company and the rounds after it."""
    with (
        tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder,
        running(options.size, options.say) as company,
    ):
        data = Path(folder)
        places = Places.below(data)
        rounds = [_round(options, company, places, number) for number in range(TIMES + 1)]
    first, *again = rounds
    if not (first.loaded and first.written and all(found.seen for found in again)):
        raise Failed("a round that reads or writes nothing proves nothing")
    if any(found.landed or found.loaded or found.written for found in again):
        raise Failed(f"nothing changed, and yet rows were loaded or values written: {again}")
    return rounds


def _round(options: Options, company: Company, places: Places, number: int) -> Round:
    before = company.night_falls() if number else {}
    what = f"second_round: round {number + 1}, {options.size:,} people"
    found = apart(options.say, what, play, places, company.systems)
    options.say(
        f"{found.cost.cpu:.1f} CPU s, {found.seen:,} rows read, {found.landed:,} landed, "
        f"{found.loaded:,} loaded, {found.written:,} values written"
    )
    if number and company.night_falls() != before:
        raise Failed("nothing changed, and yet the systems' records did")
    return found


def play(places: Places, systems: list[System]) -> Round:
    """One round of everything the DAGs do, one after the other."""
    from contracts import contract_of
    from publishers.engine import publish
    from warehouse import build, check, load, pull

    found = Round()
    with cost() as found.cost:
        for system in systems:
            contract = contract_of(system)
            for pulled in pull.pull(places, system, contract):
                found.seen += pulled.seen
                found.landed += pulled.rows
                _well(pulled.problem)
            for verdict in check.check(places, system, contract):
                _well(verdict.problem)
            found.loaded += sum(done.changed for done in load.load(places, system, contract))
            build.is_due(places, systems)  # as the task does, to skip itself
        build.build(places, systems)
        for system in systems:
            published = publish(places, system, approved_by="bench")
            found.written += published.values
            _well(published.problem)
    return found


def _well(problem: str | None) -> None:
    if problem:
        raise Failed(problem)
