"""The ledger of our own writes: what each tool's records were last given, from the journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from publishers import Due, Outcome
from warehouse.journal import Journal

Values = Mapping[str, str | None]


@dataclass
class Entry:
    """One record: the values it holds from us, and the last ones it refused.

    `unsure`: names of values that were sent and whose outcome nobody knows.
    """

    values: dict[str, str | None] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    refused: Values | None = None


class Ledger:
    """One system's entries by record; `record` writes what was sent and what became of it."""

    def __init__(self, journal: Journal, system: str) -> None:
        self.journal, self.system = journal, system
        self.entries: dict[str, Entry] = {}
        for line in journal.records("sends"):
            if line["system"] == system:
                self._apply(line["record"], line["state"], line["values"])

    def due(self, record: str, customer_id: str, wanted: Values) -> Due | None:
        """What changed since we last wrote, or may have been written; None when nothing did.

        Null is not a change where we never wrote: it erases nothing.
        """
        entry = self.entries.get(record, Entry())
        changed = {
            name: value
            for name, value in wanted.items()
            if value != entry.values.get(name) or name in entry.unsure
        }
        return Due(record, customer_id, changed, wanted) if changed else None

    def was_refused(self, due: Due) -> bool:
        entry = self.entries.get(due.record)
        return entry is not None and entry.refused == due.values

    def intend(self, run: str, rows: Iterable[Due]) -> None:
        """Before sending: so that a crash leaves a trace of what may have happened."""
        lines = [self._line(run, row, "intent") for row in rows]
        self.journal.append("sends", lines)
        for line in lines:
            self._apply(line["record"], "intent", line["values"])

    def record(self, run: str, rows: Mapping[str, Due], outcomes: Iterable[Outcome]) -> None:
        lines = []
        for outcome in outcomes:
            row = rows[outcome.record]
            line = self._line(run, row, outcome.state)
            lines.append({**line, "detail": outcome.detail, "answer": outcome.answer})
            self._apply(row.record, outcome.state, row.values)
        self.journal.append("sends", lines)

    def _line(self, run: str, row: Due, state: str) -> dict[str, Any]:
        held = self.entries[row.record].values if row.record in self.entries else {}
        return {
            "run": run,
            "system": self.system,
            "record": row.record,
            "customer_id": row.customer_id,
            "state": state,
            "values": dict(row.values),
            "before": {name: held.get(name) for name in row.values},
        }

    def _apply(self, record: str, state: str, values: Values | str) -> None:
        given = json.loads(values) if isinstance(values, str) else values
        entry = self.entries.setdefault(record, Entry())
        if state in ("intent", "retry"):
            entry.unsure.update(given)
        elif state == "accepted":
            entry.unsure.difference_update(given)
            entry.values.update(given)
            entry.refused = None
        elif state == "refused":
            entry.unsure.difference_update(given)
            entry.refused = dict(given)
