"""Giving back to a tool of each kind over its own protocol, killed at random moments, several times
in a row: nothing is lost, nothing is written twice, nothing else is touched, and every row is
accounted for. A folder cannot be asked what it took, so its lines may come again.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from drills.killing import say
from publishers.published import COUNTS
from tests.core.test_failpoints import ended
from tests.kinds import KINDS, Kind
from tests.publishers.giving import Giving, running, values
from warehouse import Places

SIZE, FULL_SIZE = 60, 400  # records of each tool
ROUNDS = 8
BATCHES = (1, 3, 10)  # rows
SHARES = (0.05, 0.3, 1.0)  # of the records that change in a round
IN_A_ROW = 3  # deaths


@dataclass
class Told:
    """`due`: rows. `lost`, `twice`: values. `again`: lines a folder got once more."""

    kills: int = 0
    due: int = 0
    values: int = 0
    lost: int = 0
    twice: int = 0
    again: int = 0
    touched: int = 0
    unaccounted: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return bool(self.kills and self.due) and not (
            self.lost or self.twice or self.touched or self.unaccounted
        )


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """`kills`: rounds of each tool are that many times more."""
    told = {kind.name: _of(kind, folder / kind.name, size, kills, seed) for kind in KINDS}
    return {
        "records": size,
        **{name: vars(one) for name, one in told.items()},
        "kills": sum(one.kills for one in told.values()),
        "due": sum(one.due for one in told.values()),
        "lost": sum(one.lost for one in told.values()),
        "twice": sum(one.twice for one in told.values()),
        "proven": all(one.good for one in told.values()),
    }


def _of(kind: Kind, folder: Path, size: int, kills: int, seed: int) -> Told:
    chance, told, started = random.Random(f"{seed} {kind.name}"), Told(), time.monotonic()
    usual = kind.publisher.BATCH
    with running(kind, size) as found:
        tool = Giving(found, Places.below(folder), count(1))
        tool.want(1, size).publish()
        own, seconds = tool.theirs(), 0.3
        for number in range(2, ROUNDS + kills):
            kind.publisher.BATCH = min(chance.choice(BATCHES), usual)
            seconds = _round(tool, number, chance, seconds, told)
            told.touched += sum(tool.own(record) != was for record, was in own.items())
        told.unaccounted = sum(_open(tool))
    kind.publisher.BATCH = usual
    told.seconds = round(time.monotonic() - started, 1)
    say(f"{kind.name}: {vars(told)}")
    return told


def _round(tool: Giving, number: int, chance: random.Random, seconds: float, told: Told) -> float:
    """What changes is given back, after some deaths; how long a run takes that nobody kills."""
    tool.store.arrived.clear()
    changed = {r for r in tool.wanted if chance.random() < chance.choice(SHARES)} or {"1"}
    before = dict(tool.wanted)
    tool.serve({r: values(r, number) if r in changed else row for r, row in before.items()})
    told.due += len(changed)
    told.values += sum(
        row[name] != before[record][name] for record, row in tool.wanted.items() for name in row
    )
    for _ in range(chance.randint(1, IN_A_ROW)):
        told.kills += _dies(tool, chance.uniform(0.0, seconds))
    last = time.monotonic()
    problem = tool.publish().problem
    took = time.monotonic() - last
    told.lost += len(tool.lacks()) + bool(problem) + tool.publish().due
    again = sum(times - 1 for times in tool.store.arrived.values())
    if tool.reads:
        told.twice += again
    else:
        told.again += again
    return max(seconds, took)


def _dies(tool: Giving, moment: float) -> bool:
    """Whether the run was still going then."""

    def live() -> None:
        signal.setitimer(signal.ITIMER_REAL, max(moment, 0.001))  # nobody handles it: it ends us
        tool.publish()

    return ended(live) == -signal.SIGALRM


def _open(tool: Giving) -> Iterator[int]:
    """Of each run, rows of which it does not say what became of them."""
    runs, rows = tool.accounts()
    for run in runs:
        yield abs(run["due"] - sum(run[name] or 0 for name in COUNTS))
    yield len(rows.keys() - {run["run"] for run in runs})
