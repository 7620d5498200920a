"""What became of a run over one tool: each row due counts once; what must be red says why."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from publishers import Outcome
from publishers.settling import Settled

log = logging.getLogger(__name__)
REFUSED_SHARE = 0.05
NAMED = 10
COUNTS = ("accepted", "placed", "found", "kept", "refused", "waiting")


@dataclass
class Published:
    """Once sent, due = accepted + placed + found + kept + refused + waiting. `placed`: the tool
    will say (settling.py). `found`: the tool had it already. `kept`: its own value stays, by
    policy. `skipped`: refused before, unchanged. `settled`: what was heard of earlier runs' rows.
    `withdrawn`: rows that let go of what their customers do not agree to any more, sent before
    anything else. `created`: new records; `there`: customers not created, for the tool has their
    e-mail address. `held_back`: why nothing of marketing was added.
    `asks`: nothing else was sent, because a person has to look at this first."""

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
    withdrawn: int = 0
    not_withdrawn: int = 0
    created: int = 0
    there: int = 0
    not_created: str = ""
    open_creations: int = 0
    held_back: str = ""
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
        if self.not_withdrawn:
            return (
                f"{self.system}: {self.not_withdrawn} records may still say what their customers "
                f"do not agree to any more ({named}). The next run tries again; until then take "
                f"them out of your campaigns in {self.system} by hand."
            )
        if self.not_created:
            return f"Of records to be created: {self.not_created}"
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

    @property
    def is_open(self) -> bool:
        """Whether the next run may settle what is not known."""
        return bool(self.waiting or self.not_withdrawn or self.open_creations)

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
