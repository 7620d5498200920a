"""Twenty rounds of pull, build and publish over five systems in which nothing happens, three hours
apart and so across midnight: from the second round on nothing may be written.

What we write changes the tools' own "last modified", and the next pull reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.company import running
from contracts import contract_of
from drills.killing import say
from publishers.engine import publish
from systems import System
from warehouse import Places
from warehouse.build import build
from warehouse.check import check
from warehouse.load import load
from warehouse.pull import pull

SIZE, FULL_SIZE = 150, 3_000  # people
ROUNDS, APART = 20, timedelta(hours=3)
START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """`kills` and `seed` are of other drills."""
    places = Places.below(folder)
    written, changed = [], 0
    with running(size, say) as company:
        before: dict[str, int] = {}
        for number in range(ROUNDS):
            if number:
                before = company.night_falls()
            values = _round(places, company.systems, START + number * APART)
            written.append(values)
            if number:
                changed += company.night_falls() != before
            say(f"round {number + 1} of {ROUNDS}: {values:,} values written")
    again = sum(written[1:])
    return {
        "rounds": ROUNDS,
        "first": written[0],
        "again": again,
        "rounds_that_changed_a_tool": changed,
        "proven": bool(written[0]) and again == changed == 0,
    }


def _round(places: Places, systems: list[System], now: datetime) -> int:
    """Values written. A round that fails proves nothing."""
    for system in systems:
        contract = contract_of(system)
        problems = [one.problem for one in pull(places, system, contract)]
        problems += [one.problem for one in check(places, system, contract)]
        assert not any(problems), problems
        load(places, system, contract)
    build(places, systems, now=now)
    giving = [system for system in systems if system.publish]
    done = [publish(places, system, approved_by="the drill") for system in giving]
    assert not any(one.problem for one in done), done
    return sum(one.values for one in done)
