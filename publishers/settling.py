"""What tools said since of what they were given: read first in every run.

A row that was placed (publishers.Outcome) waits for the word of a program that answers later.
Accepted or refused then stands in the journal under the run that placed it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from publishers import Heard, Outcome
from systems import System
from warehouse.journal import Journal

log = logging.getLogger(__name__)
NAMED = 10
DAY = timedelta(days=1)
Line = Mapping[str, Any]  # of the journal's topic sends
SETTLED = ("accepted", "refused", "retry")
UNTOLD = "the program never said what became of it"


class Place(NamedTuple):
    file: str
    record: str


@dataclass
class Settled:
    """Rows heard of: how many, and the tool's words about those refused. `problems`: answers that
    cannot be read, rows nobody answers for."""

    rows: int = 0
    refusals: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def settle(
    journal: Journal, module: Any, system: System, *, again: bool, now: datetime | None = None
) -> Settled:
    """Takes answers into the journal. `again`: rows that waited too long wait no more, and are
    sent again. Raises ClientError when the tool cannot be reached.
    """
    done = Settled()
    patience = module.patience(system) if hasattr(module, "patience") else None
    waiting = _waiting(journal, system.name) if patience is not None else {}
    if patience is None or not waiting:
        return done
    heard: Heard = module.heard(system, {place.file for place in waiting})
    done.problems += [f"{system.name}: an answer cannot be read: {one}" for one in heard.problems]
    said = _said(waiting, heard)
    late = [
        place
        for place, line in waiting.items()
        if place not in said and _age(line, now or datetime.now(UTC)) > patience
    ]
    if again:
        said |= {place: (waiting[place], Outcome(place.record, "retry", UNTOLD)) for place in late}
    elif late:
        done.problems.append(_overdue(system.name, late, patience))
    journal.append("sends", [_line(place, *said[place]) for place in waiting if place in said])
    for _, outcome in said.values():
        if outcome.state == "refused":
            done.refusals.append(f"record {outcome.record}: {outcome.detail}")
            log.warning("%s: record %s: %s", system.name, outcome.record, outcome.detail)
    done.rows = sum(outcome.state != "retry" for _, outcome in said.values())
    log.info("%s: %d rows were answered, %d wait", system.name, done.rows, len(waiting) - len(said))
    return done


def _waiting(journal: Journal, system: str) -> dict[Place, Line]:
    """Rows that were placed and of which nothing was heard, oldest first: files are named by their
    moments. What was taken back since waits no more."""
    found: dict[str, dict[Place, Line]] = {}
    for line in journal.records("sends"):
        if line["system"] != system:
            continue
        place = Place(str(line["answer"]), line["record"])
        if line["state"] == "placed":
            found.setdefault(place.record, {})[place] = line
        elif line["state"] in SETTLED:
            found.get(place.record, {}).pop(place, None)
        elif line["state"] == "restored":
            found.pop(place.record, None)
    both = [one for rows in found.values() for one in rows.items()]
    return dict(sorted(both, key=lambda one: one[0]))


def _said(waiting: Mapping[Place, Line], heard: Heard) -> dict[Place, tuple[Line, Outcome]]:
    """A later file has whole rows, too: its answer holds for the earlier ones, and only it says
    what became of values that both have."""
    told: dict[str, dict[str, Outcome]] = {}
    for file, outcome in heard.outcomes:
        told.setdefault(outcome.record, {})[file] = outcome
    found: dict[Place, tuple[Line, Outcome]] = {}
    taken: dict[str, set[str]] = {}
    for place, line in reversed([*waiting.items()]):
        later = taken.setdefault(place.record, set())
        values = {name: value for name, value in line["values"].items() if name not in later}
        later.update(line["values"])
        answers = [file for file in told.get(place.record, ()) if file >= place.file]
        if answers:
            found[place] = ({**line, "values": values}, told[place.record][min(answers)])
    return found


def _age(line: Line, now: datetime) -> timedelta:
    return now - datetime.fromisoformat(line["recorded_at"])


def _line(place: Place, line: Line, outcome: Outcome) -> Line:
    """Of the run that placed it."""
    kept = ("run", "system", "record", "customer_id", "values")
    before = {name: line["before"].get(name) for name in line["values"]}
    new = {"state": outcome.state, "detail": outcome.detail, "answer": place.file}
    return {**{name: line[name] for name in kept}, "before": before, **new}


def _overdue(system: str, late: list[Place], patience: timedelta) -> str:
    named = ", ".join(f"record {place.record} in {place.file}" for place in late[:NAMED])
    return (
        f"{system}: {len(late)} rows were placed more than {patience / DAY:g} days ago and never "
        f"acknowledged ({named}). See that the program there runs and where it answers; "
        "`retry_refused` places them again."
    )
