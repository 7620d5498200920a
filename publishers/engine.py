"""Publish: what changed, to one tool. Never holds the warehouse's lock.

Reads the served files, asks the ledger what is due, looks at what the tool holds, writes intents to
the journal, sends in the vendor's batches, writes outcomes to the journal. Every row due is
accounted for.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from clients import Implausible, Unavailable
from publishers import Due, Field, Outcome, State, Values
from publishers.ledger import Ledger
from publishers.plan import Plan, plan
from publishers.policy import decide
from publishers.settling import Settled, settle
from systems import System
from warehouse import Places
from warehouse.journal import Journal
from warehouse.locks import writing_to

log = logging.getLogger(__name__)
REFUSED_SHARE = 0.05
NAMED = 10
COUNTS = ("accepted", "placed", "found", "kept", "refused", "waiting")


@dataclass
class Published:
    """Once sent, due = accepted + placed + found + kept + refused + waiting. `placed`: the tool
    will say (settling.py). `found`: the tool had it already. `kept`: its own value stays, by
    policy. `skipped`: refused before, unchanged. `asks`: nothing was sent, because a person has to
    look at this first. `settled`: what was heard of earlier runs' rows."""

    system: str
    due: int = 0
    values: int = 0
    skipped: int = 0
    accepted: int = 0
    placed: int = 0
    found: int = 0
    kept: int = 0
    refused: int = 0
    waiting: int = 0
    dry_run: bool = False
    asks: str = ""
    preview: str = ""
    refusals: list[str] = field(default_factory=list)
    settled: Settled = field(default_factory=Settled)

    @property
    def problem(self) -> str | None:
        """Why the run must be red, or None."""
        own = self._problem()
        return " ".join([*([own] if own else []), *self.settled.problems]) or None

    def _problem(self) -> str | None:
        refusals = [*self.settled.refusals, *self.refusals]
        named = "; ".join(refusals[:NAMED])
        told = self.due + self.settled.rows
        if self.waiting:
            return (
                f"{self.system}: of {self.waiting} of {self.due} rows nobody knows whether they "
                f"arrived ({named}). The next run looks first, and sends what is not there."
            )
        refused = self.refused + len(self.settled.refusals)
        if told and refused / told > REFUSED_SHARE:
            return (
                f"{self.system}: {refused} of {told} rows were refused, more than "
                f"{REFUSED_SHARE:.0%}: {named}. Mend these records in {self.system}; the rest "
                "was written."
            )
        return None

    def leave_waiting(self) -> None:
        """Rows of which nothing was heard, because the run broke off before."""
        self.waiting += self.due - sum(getattr(self, name) for name in COUNTS)

    def count(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            name = "waiting" if outcome.state == "retry" else outcome.state
            setattr(self, name, getattr(self, name) + 1)
            if outcome.state in ("refused", "retry"):
                self.refusals.append(f"record {outcome.record}: {outcome.detail}")
                log.warning("%s: record %s: %s", self.system, outcome.record, outcome.detail)


def publish(
    places: Places,
    system: System,
    *,
    dry_run: bool = False,
    retry_refused: bool = False,
    approved_by: str = "",
) -> Published:
    """Sends what is due; `dry_run` sends and remembers nothing. A surprising run (plan.py) sends
    nothing and asks, until it is `approved_by` somebody.

    Raises FileNotFoundError when nothing was served yet, ClientError when the tool cannot be
    reached at all, Taken while another writes to it for longer than we wait.
    """
    with nullcontext() if dry_run else writing_to(places, system.name):
        return _published(places, system, dry_run, retry_refused, approved_by)


def _published(
    places: Places, system: System, dry_run: bool, retry_refused: bool, approved_by: str
) -> Published:
    module = importlib.import_module(f"publishers.{system.kind}")
    journal = Journal(places.journal)
    settled = Settled() if dry_run else settle(journal, module, system, again=retry_refused)
    ledger = Ledger(journal, system.name)
    planned = plan(places, module, system, ledger, retry_refused=retry_refused)
    why = "; ".join(planned.surprises)
    done = Published(
        system.name,
        due=len(planned.rows),
        values=planned.values,
        skipped=planned.skipped,
        dry_run=dry_run,
        preview=planned.told(),
        settled=settled,
    )
    log.info("%s: %d records due, %d values", system.name, done.due, done.values)
    if dry_run or not planned.rows:
        return done
    if why and not approved_by:
        done.asks = why
        return done
    run = Run(module, system, ledger, planned.fields, done)
    try:
        run.send(planned.rows)
    finally:  # also what was sent before it broke off
        by = approved_by if why else ""
        journal.append("publish_runs", [line(run.name, "publish", planned, done, by, why)])
    return done


def line(
    run: str, what: str, planned: Plan, done: Published, approved_by: str, why: str
) -> dict[str, Any]:
    """Of a run, for the journal."""
    return {
        "run": run,
        "system": done.system,
        "what": what,
        "records": planned.of,
        "due": done.due,
        "skipped": done.skipped,
        **{name: getattr(done, name) for name in COUNTS},
        "approved_by": approved_by,
        "why": why,
    }


@dataclass
class Run:
    """One run over one tool: sends rows batch by batch, and counts what becomes of them in `done`.

    `restoring`: what stands there in the end is called `restored` in the ledger.
    """

    module: Any
    system: System
    ledger: Ledger
    fields: Mapping[str, Field]
    done: Published
    restoring: bool = False
    name: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")

    def send(self, rows: list[Due]) -> None:
        try:
            client = self.module.connect(self.system)
            self.module.prepare(client, self.fields)
            sent = 0
            for batch in _batches(rows, self.module.BATCH):
                self._batch(client, batch)
                sent += len(batch)
                log.info("%s: %d of %d rows done", self.system.name, sent, len(rows))
        finally:
            self.done.leave_waiting()

    def _batch(self, client: Any, rows: list[Due]) -> None:
        try:
            holds = self._held(client, rows)
        except (Unavailable, Implausible) as error:
            self.done.count([Outcome(row.record, "retry", str(error)) for row in rows])
            return
        parts = {row.record: self._parted(row, holds.get(row.record)) for row in rows}
        settled = [
            (part, self._called(Outcome(part.record, state)))
            for by_state in parts.values()
            for state, part in by_state.items()
            if state in ("found", "kept")
        ]
        self.ledger.record(self.name, settled, holds)
        going = {record: part["accepted"] for record, part in parts.items() if "accepted" in part}
        stay = (Outcome(r, "kept" if "kept" in parts[r] else "found") for r in parts.keys() - going)
        self.done.count(stay)
        if going:
            self.ledger.intend(self.name, going.values(), holds)
            outcomes = _one_each(going, self.module.send(client, [*going.values()]))
            said = [(going[one.record], self._called(one)) for one in outcomes]
            self.ledger.record(self.name, said, holds)
            self.done.count(outcomes)

    def _held(self, client: Any, rows: list[Due]) -> Mapping[str, Values]:
        if self.module.read is None:
            return {}
        names = sorted({name for row in rows for name in row.values})
        found: Mapping[str, Values] = self.module.read(client, [row.record for row in rows], names)
        return found

    def _parted(self, row: Due, holds: Values | None) -> dict[State, Due]:
        """The row by what becomes of its values: found there already, kept as the tool has them,
        accepted if all goes well."""
        wrote = self.ledger.held(row.record)
        parts: dict[State, dict[str, str | None]] = {}
        for name, value in row.values.items():
            state: State = "accepted"
            if holds is not None:
                state = decide(self.fields[name], value, wrote.get(name), holds.get(name))
            parts.setdefault(state, {})[name] = value
        return {state: replace(row, values=values) for state, values in parts.items()}

    def _called(self, outcome: Outcome) -> Outcome:
        """Also what a run that broke off had put back already."""
        stands = outcome.state in ("accepted", "placed", "found")
        return replace(outcome, state="restored") if self.restoring and stands else outcome


def _one_each(rows: Mapping[str, Due], outcomes: list[Outcome]) -> list[Outcome]:
    """Every row gets exactly one outcome; one the publisher forgot counts as unknown."""
    told = {outcome.record: outcome for outcome in outcomes if outcome.record in rows}
    forgotten = [record for record in rows if record not in told]
    unknown = [
        Outcome(record, "retry", "the tool's answer does not name it") for record in forgotten
    ]
    return [*told.values(), *unknown]


def _batches(rows: list[Due], size: int) -> Iterator[list[Due]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
