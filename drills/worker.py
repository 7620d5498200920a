"""One task on one machine, which knows only its environment: python -m drills.worker STEP [SYSTEM].

The system's connection comes on standard input; what was done is said as a line of JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable

import systems
from contracts import contract_of
from systems import Connection, System
from warehouse import Places
from warehouse.build import build
from warehouse.check import check
from warehouse.load import load
from warehouse.pull import pull

Counts = dict[str, int]


def _pull(places: Places, system: System) -> Counts:
    """Rows seen, by table; checked too."""
    contract = contract_of(system)
    done = pull(places, system, contract)
    verdicts = check(places, system, contract)
    if problems := [one.problem for one in (*done, *verdicts) if one.problem]:
        raise RuntimeError("; ".join(problems))
    return {one.table: one.seen for one in done}


def _load(places: Places, system: System) -> Counts:
    """Rows new or changed, by table."""
    return {one.table: one.changed for one in load(places, system, contract_of(system))}


STEPS: dict[str, Callable[[Places, System], Counts]] = {"pull": _pull, "load": _load}


def main(step: str, name: str) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    connection = Connection(**json.load(sys.stdin))
    places = Places.from_environment()
    company = systems.load()
    if step == "build":
        done = {"models": len(build(places, company.values()).built)}
    else:
        done = STEPS[step](places, company[name].connected(connection))
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
