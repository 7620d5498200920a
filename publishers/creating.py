"""Creates in a tool the customers it does not have, once each.

The tool is asked first who has the e-mail address: a record that is there is left as it is, and the
next pull finds whose it is. An intent stands in the journal before, so that what a broken run left
behind is known for ours when it is found; and what was created is linked for certain to the record
it was made of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from clients import Implausible, Unavailable
from publishers import Due, Outcome, Values
from publishers.batches import one_each, parts
from publishers.consent import Gate
from systems import System
from warehouse import Places
from warehouse.journal import Journal
from warehouse.serve import served

log = logging.getLogger(__name__)
BATCH = 100
CONTACT = ("email", "first_name", "last_name", "company", "phone")
NEWCOMERS = f"""
    select customer_id, of_record, {", ".join(CONTACT)}
    from activation.newcomers where system = ? order by customer_id
"""
BY = "Köprü"  # as identity.links knows it


@dataclass
class Creations:
    """One system's creations by customer: the newest line of each."""

    journal: Journal
    system: str
    latest: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.journal.records("creations"):
            if line["system"] == self.system:
                self.latest[line["customer_id"]] = line

    def is_due(self, row: Due) -> bool:
        """Not of whom we created or found there: the next pull will show the record."""
        last = self.latest.get(row.record)
        return last is None or self.may_be_ours(row) or self._is_other(row, last)

    def was_refused(self, row: Due) -> bool:
        last = self.latest.get(row.record)
        return last is not None and last["state"] == "refused" and not self._is_other(row, last)

    def may_be_ours(self, row: Due) -> bool:
        """Whether we tried, and nobody knows what came of it."""
        last = self.latest.get(row.record)
        return last is not None and last["state"] in ("intent", "retry")

    def say(self, run: str, said: Iterable[tuple[Due, Outcome]]) -> None:
        lines = [
            {
                "run": run,
                "system": self.system,
                "customer_id": row.record,
                "of_record": row.current["of_record"],
                "state": outcome.state,
                "values": dict(row.values),
                "record": outcome.answer or None,
                "detail": outcome.detail,
            }
            for row, outcome in said
        ]
        self.journal.append("creations", lines)
        for line in lines:
            self.latest[str(line["customer_id"])] = line

    def _is_other(self, row: Due, last: Mapping[str, Any]) -> bool:
        return last["state"] != "created" and dict(last["values"]) != dict(row.values)


def newcomers(places: Places, system: System) -> list[Due]:
    """Who could be created, with contact values. A row's `record` is the customer id; there is no
    other yet."""
    if not system.create:
        return []
    with served(places, "desk.duckdb") as connection:
        found = connection.execute(NEWCOMERS, [system.name]).fetchall()
    rows = []
    for customer, of_record, *said in found:
        values = {name: value for name, value in zip(CONTACT, said, strict=True) if value}
        rows.append(Due(customer, customer, values, {"of_record": of_record}))
    return rows


def allowed(
    rows: Iterable[Due], gate: Gate, creations: Creations, *, retry_refused: bool = False
) -> tuple[list[Due], int]:
    """Those to create now, and how many are not: refused before."""
    consenting = [row for row in rows if not gate.stale and gate.channels.get(row.record)]
    refused = {row.record for row in consenting if creations.was_refused(row)}
    if retry_refused:
        return [row for row in consenting if creations.is_due(row) or row.record in refused], 0
    return [row for row in consenting if creations.is_due(row)], len(refused)


@dataclass
class Creating:
    """`count`: takes what became of rows; found: the tool had the e-mail address."""

    module: ModuleType
    system: System
    creations: Creations
    run: str
    count: Callable[[Iterable[Outcome]], None]

    def send(self, rows: Sequence[Due]) -> None:
        client = self.module.connect(self.system)
        looked = 0
        for batch in parts(rows, BATCH):
            self._batch(client, batch)
            looked += len(batch)
            log.info("%s: %d of %d newcomers done", self.system.name, looked, len(rows))

    def _batch(self, client: Any, rows: Sequence[Due]) -> None:
        try:
            there = self._there(client, rows)
        except (Unavailable, Implausible) as error:
            self.count([Outcome(row.record, "retry", str(error)) for row in rows])
            return
        self._say(
            [(row, self._known(row, there[row.record])) for row in rows if row.record in there]
        )
        new = {row.record: row for row in rows if row.record not in there}
        if not new:
            return
        self.creations.say(self.run, [(row, Outcome(row.record, "intent")) for row in new.values()])
        made = one_each(new, self.module.create(client, [*new.values()]))
        self._say((new[one.record], one) for one in self._read_back(client, made))

    def _there(self, client: Any, rows: Sequence[Due]) -> dict[str, str]:
        """Customer -> the record that has the e-mail address."""
        emails = {row.record: str(row.values["email"]).lower() for row in rows}
        found = self.module.find(client, [*emails.values()])
        return {customer: found[email] for customer, email in emails.items() if email in found}

    def _known(self, row: Due, record: str) -> Outcome:
        if self.creations.may_be_ours(row):
            return Outcome(row.record, "accepted", "of a run that broke off", record)
        words = f"record {record} has this e-mail address: nothing was created"
        log.info("%s: %s: %s", self.system.name, row.record, words)
        return Outcome(row.record, "found", words, record)

    def _read_back(self, client: Any, made: Iterable[Outcome]) -> list[Outcome]:
        answers = [one.answer for one in made if one.state == "accepted"]
        try:
            held: Mapping[str, Values] = self.module.read(client, answers, ["customer_id"])
        except (Unavailable, Implausible) as error:
            held, words = {}, str(error)
        else:
            words = "the tool said that it was created, and does not have it"
        return [
            one
            if one.state != "accepted" or one.answer in held
            else Outcome(one.record, "retry", words)
            for one in made
        ]

    def _say(self, said: Iterable[tuple[Due, Outcome]]) -> None:
        """Links first: what is not told as created is looked for again."""
        told = [*said]
        created = [(row, one) for row, one in told if one.state == "accepted"]
        self.creations.journal.append("identity_overrides", map(self._link, created))
        self.creations.say(self.run, [(row, _called(one)) for row, one in told])
        self.count(one for _, one in told)

    def _link(self, created: tuple[Due, Outcome]) -> dict[str, str]:
        row, outcome = created
        record = f"{self.system.name}/customers/{outcome.answer}"
        left, right = sorted([record, str(row.current["of_record"])])
        why = f"created in {self.system.name} of {row.current['of_record']}"
        return {
            "left_record": left,
            "right_record": right,
            "decision": "same",
            "decided_by": BY,
            "why": why,
        }


def _called(outcome: Outcome) -> Outcome:
    """As the journal calls it."""
    if outcome.state != "accepted":
        return outcome
    return Outcome(outcome.record, "created", outcome.detail, outcome.answer)
