"""Publish: what changed, to one tool. Never holds the warehouse's lock.

Reads the served files, asks the ledger what is due, looks at what the tool holds, writes intents to
the journal, sends in the vendor's batches, writes outcomes to the journal. Every row due is
accounted for.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from clients import Implausible, Unavailable
from publishers import Due, Field, Outcome, State, Values
from publishers.batches import one_each, parts
from publishers.consent import Gate, told_no
from publishers.creating import Creating, Creations
from publishers.ledger import Ledger
from publishers.plan import Plan, plan
from publishers.policy import decide
from publishers.published import COUNTS, Published
from publishers.settling import Settled, settle
from systems import System
from warehouse import Places
from warehouse.journal import Journal
from warehouse.locks import writing_to

log = logging.getLogger(__name__)


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
    creations = Creations(journal, system.name)
    look = partial(plan, places, module, system, ledger, creations, retry_refused=retry_refused)
    planned = look()
    taken = Published(system.name)
    if planned.withdrawn and not dry_run:
        taken.due = len(planned.withdrawn)
        run = Run(module, system, ledger, planned.fields, taken, planned.gate)
        run.journaled(journal, planned.withdrawn, "withdraw", planned)
        planned = look()
    why = "; ".join(planned.surprises)
    done = Published(
        system.name,
        due=len(planned.rows),
        values=planned.values,
        skipped=planned.skipped,
        withdrawn=taken.accepted + taken.found,
        not_withdrawn=taken.refused + taken.waiting,
        refusals=taken.refusals,
        held_back=planned.gate.stale,
        dry_run=dry_run,
        preview=planned.told(),
        settled=settled,
    )
    log.info("%s: %d records due, %d values", system.name, done.due, done.values)
    if done.held_back:
        log.warning("%s: %s", system.name, done.held_back)
    if dry_run or not (planned.rows or planned.new):
        return done
    if why and not approved_by:
        done.asks = why
        return done
    said = (planned, approved_by if why else "", why)
    if planned.rows:
        run = Run(module, system, ledger, planned.fields, done, planned.gate)
        run.journaled(journal, planned.rows, "publish", *said)
    if planned.new:
        made = Published(system.name, due=len(planned.new))
        run = Run(module, system, ledger, planned.fields, made, planned.gate)
        creating = Creating(module, system, creations, run.name, made.count)
        run.journaled(journal, planned.new, "create", *said, send=creating.send)
        done.created, done.there, done.open_creations = made.accepted, made.found, made.waiting
        done.not_created = made.problem or ""
    return done


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
    gate: Gate
    restoring: bool = False
    name: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")

    def journaled(
        self,
        journal: Journal,
        rows: list[Due],
        what: str,
        planned: Plan,
        approved_by: str = "",
        why: str = "",
        send: Callable[[list[Due]], None] | None = None,
    ) -> None:
        """Sends, by `send` where it is given, and notes the run, also where it breaks off."""
        try:
            (send or self.send)(rows)
        finally:
            self.done.leave_waiting()
            said = {
                "run": self.name,
                "system": self.done.system,
                "what": what,
                "records": planned.of,
                "due": self.done.due,
                "skipped": self.done.skipped,
                **{name: getattr(self.done, name) for name in COUNTS},
                "approved_by": approved_by,
                "why": why,
            }
            journal.append("publish_runs", [said])

    def send(self, rows: list[Due]) -> None:
        client = self.module.connect(self.system)
        self.module.prepare(client, self.fields)
        sent = 0
        for batch in self._batches(rows):
            self._batch(client, batch)
            sent += len(batch)
            log.info("%s: %d of %d rows done", self.system.name, sent, len(rows))

    def _batches(self, rows: list[Due]) -> Iterator[Sequence[Due]]:
        if hasattr(self.module, "in_batches"):
            return iter(self.module.in_batches(rows))
        return parts(rows, self.module.BATCH)

    def _batch(self, client: Any, rows: Sequence[Due]) -> None:
        try:
            noes = told_no(self.module, client, rows)
            allowed = [self.gate.hold(row, noes.get(row.record, ())) for row in rows]
            left = [row for row in allowed if row.values]
            holds = self._held(client, left)
        except (Unavailable, Implausible) as error:
            self.done.count([Outcome(row.record, "retry", str(error)) for row in rows])
            return
        self.done.count(Outcome(row.record, "kept") for row in allowed if not row.values)
        parted = {row.record: self._parted(row, holds.get(row.record)) for row in left}
        settled = [
            (part, self._called(Outcome(part.record, state)))
            for by_state in parted.values()
            for state, part in by_state.items()
            if state in ("found", "kept")
        ]
        self.ledger.record(self.name, settled, holds)
        going = {record: part["accepted"] for record, part in parted.items() if "accepted" in part}
        stay = parted.keys() - going
        self.done.count(Outcome(r, "kept" if "kept" in parted[r] else "found") for r in stay)
        if going:
            self.ledger.intend(self.name, going.values(), holds)
            outcomes = one_each(going, self.module.send(client, [*going.values()]))
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
