"""The ledger of our own writes: what each tool's records were last given, from the journal."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from publishers import Due, Field, Outcome, Values
from publishers.policy import may_be_sent
from warehouse.journal import Journal


@dataclass
class Entry:
    """One record: the values it holds from us, and the last ones it refused.

    `unsure`: names of values that were sent and whose outcome nobody knows. `declined`: values
    that we want and that do not go: the tool's own stays, or a person put the earlier one back.
    """

    values: dict[str, str | None] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    declined: dict[str, str | None] = field(default_factory=dict)
    refused: Values | None = None


class Ledger:
    """One system's entries by record; `record` writes what was sent and what became of it.

    Reads the whole journal, unless `start` gives it what is asked of it.
    """

    def __init__(self, journal: Journal, system: str) -> None:
        self.journal, self.system = journal, system
        self._entries: dict[str, Entry] | None = None
        self._is_new = True

    @property
    def entries(self) -> dict[str, Entry]:
        if self._entries is None:
            lines = self.journal.records("sends")
            return self.start({}, (line for line in lines if line["system"] == self.system))
        return self._entries

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written to the system."""
        return not self.entries and self._is_new

    def start(
        self,
        entries: dict[str, Entry],
        lines: Iterable[Mapping[str, Any]],
        *,
        is_new: bool = True,
    ) -> dict[str, Entry]:
        """With these entries, and the system's lines of the journal since; `is_new`: there are no
        others."""
        self._entries, self._is_new = entries, is_new
        for line in lines:
            self._apply(line["record"], line["state"], line["values"])
        return entries

    def due(
        self, record: str, customer_id: str, wanted: Values, fields: Mapping[str, Field]
    ) -> Due | None:
        """What changed since we last wrote, or may have been written; None when nothing did.

        Null is not a change where we never wrote: it erases nothing.
        """
        entry = self.entries.get(record) or Entry()
        changed = {
            name: value
            for name, value in wanted.items()
            if may_be_sent(fields[name], value)
            and (value != entry.values.get(name) or name in entry.unsure)
            and not (name in entry.declined and value == entry.declined[name])
        }
        return Due(record, customer_id, changed, wanted) if changed else None

    def was_refused(self, due: Due) -> bool:
        entry = self.entries.get(due.record)
        return entry is not None and entry.refused == due.values

    def held(self, record: str) -> Values:
        """What the record holds from us, as far as we know."""
        return self.entries[record].values if record in self.entries else {}

    def holds_any(self, names: Collection[str]) -> bool:
        """Whether some record holds, or may hold, one of these from us."""
        return any(
            entry.values.get(name) or name in entry.unsure
            for entry in self.entries.values()
            for name in names
        )

    def intend(self, run: str, rows: Iterable[Due], before: Mapping[str, Values]) -> None:
        """Before sending: so that a crash leaves a trace of what may have happened. `before`: what
        the tool was seen to hold, by record; of others, what we last wrote."""
        self._say(run, [(row, Outcome(row.record, "intent")) for row in rows], before)

    def record(
        self, run: str, said: Iterable[tuple[Due, Outcome]], before: Mapping[str, Values]
    ) -> None:
        """What became of these values of these rows."""
        self._say(run, said, before)

    def _say(
        self, run: str, said: Iterable[tuple[Due, Outcome]], before: Mapping[str, Values]
    ) -> None:
        lines = [self._line(run, row, outcome, before.get(row.record)) for row, outcome in said]
        self.journal.append("sends", lines)
        for line in lines:
            self._apply(line["record"], line["state"], line["values"])

    def _line(self, run: str, row: Due, outcome: Outcome, seen: Values | None) -> dict[str, Any]:
        held = self.held(row.record) if seen is None else seen
        return {
            "run": run,
            "system": self.system,
            "record": row.record,
            "customer_id": row.customer_id,
            "state": outcome.state,
            "values": dict(row.values),
            "before": {name: held.get(name) or None for name in row.values},
            "detail": outcome.detail,
            "answer": outcome.answer,
        }

    def _apply(self, record: str, state: str, values: Values | str) -> None:
        given = dict(json.loads(values) if isinstance(values, str) else values)
        entry = self.entries.setdefault(record, Entry())
        if state in ("intent", "retry", "refused"):  # some of a refused row may have been taken
            entry.unsure.update(given)
            entry.refused = given if state == "refused" else entry.refused
            return
        entry.unsure.difference_update(given)
        if state == "kept":
            entry.declined.update(given)
        else:  # accepted, placed, found, restored
            ours = {name: entry.values.get(name) for name in given}
            entry.values.update(given)
            entry.refused = None
            for name in given:
                entry.declined.pop(name, None)
            if state == "restored":
                entry.declined.update(ours)
