"""What a run would send: who is due, what a person should see first, and whether one has to.

A run is surprising when it is the first one ever, when it would change more of the tool's records
than `changed`, or empty values in more of them than `cleared` (shares; settings `surprise`). So is
the first one that would create records, and one that would create a larger share than `created`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from contracts import load
from contracts.reader import HERE
from publishers import Due, Field
from publishers.consent import Gate, asked, gate_of
from publishers.creating import Creations, allowed, newcomers
from publishers.difference import difference
from publishers.ledger import Ledger
from systems import System
from warehouse import Places
from warehouse.serve import served

CHANGED, CLEARED, CREATED = 0.2, 0.01, 0.05
FEW = 20  # records: a share of so few says nothing
SAMPLE = 5  # records a person is shown
HIDDEN = "(personal)"
KEYS = ("system", "record")
TYPES = {"BIGINT": "integer", "INTEGER": "integer", "DATE": "date", "BOOLEAN": "boolean"}


@dataclass
class Plan:
    """`rows`: to be sent. `skipped`: refused before and unchanged. `of`: records the tool has.
    `new`: customers to be created, by contact values. `withdrawn`: what goes before all else, for
    customers who took a consent back.
    `surprises`: why a person should look before it goes, in words."""

    system: str
    fields: Mapping[str, Field]
    gate: Gate
    rows: list[Due] = field(default_factory=list)
    skipped: int = 0
    of: int = 0
    is_first: bool = False
    calls: int = 0
    bounds: Mapping[str, float] = field(default_factory=dict)
    sample: list[tuple[str, str, str, str]] = field(default_factory=list)
    withdrawn: list[Due] = field(default_factory=list)
    new: list[Due] = field(default_factory=list)
    is_first_new: bool = False

    @property
    def values(self) -> int:
        return sum(len(row.values) for row in self.rows)

    @property
    def cleared(self) -> int:
        """Records of which a value would be emptied."""
        return sum(None in row.values.values() for row in self.rows)

    @property
    def surprises(self) -> list[str]:
        if not self.rows and not self.new:
            return []
        found = ["nothing was ever written to it before"] if self.is_first else []
        if self.new and self.is_first_new:
            found.append("no record was ever created in it before")
        if self.of < FEW or self.is_first:
            return found
        new = 0 if self.is_first_new else len(self.new)
        counts = (("changed", len(self.rows)), ("cleared", self.cleared), ("created", new))
        for what, count in counts:
            if count > self.bounds[what] * self.of:
                share = f"{count / self.of:.1%} of its {self.of:,} records"
                found.append(f"{share} would be {what}, more than {self.bounds[what]:.0%}")
        return found

    def show(self, ledger: Ledger) -> None:
        """Takes the first records as a sample."""
        for row in self.rows[:SAMPLE]:
            self.sample += _shown(row, ledger, self.fields)
        for row in self.new[:SAMPLE]:
            self.sample += [("(new)", name, "", HIDDEN) for name in row.values]

    def told(self) -> str:
        """For people, as Markdown; values that are personal are not in it."""
        lines = [
            f"{self.system}: {len(self.rows):,} of {self.of:,} records would be updated, "
            f"{self.values:,} values; in {self.cleared:,} records a value would be emptied. "
            f"{len(self.new):,} records would be created. {self.skipped:,} were refused before and "
            "are skipped. "
            f"{self.calls:,} calls. {len(self.withdrawn):,} records give up at once what their "
            "customers do not agree to any more.",
            "",
            *(f"- Why you are asked: {surprise}" for surprise in self.surprises),
            *([f"- Held back: {self.gate.stale}"] if self.gate.stale else []),
            "",
            "| record | field | now | then |",
            "|---|---|---|---|",
            *(f"| {' | '.join(_cell(text) for text in row)} |" for row in self.sample),
        ]
        return "\n".join(lines)


def plan(
    places: Places,
    module: ModuleType,
    system: System,
    ledger: Ledger,
    creations: Creations,
    *,
    retry_refused: bool = False,
) -> Plan:
    """Raises FileNotFoundError when nothing was served yet, ValueError where the contract wants of
    a tool what cannot be done there."""
    promised = promised_fields(places, module.MODEL)
    with served(places, "desk.duckdb") as connection:
        differing = difference(connection, module.MODEL, promised, ledger)
    # The ledger has the entries of what differs: of audiences, wherever one is still held.
    fields = asked(promised, system, ledger)
    _hold(module, system, fields)
    unknown = newcomers(places, system)
    customers = {row[1] for row in differing.rows} | {row.record for row in unknown}
    gate = gate_of(places, system, fields, customers, ledger)
    found = Plan(
        system.name, fields, gate, of=differing.of, is_first=ledger.is_new, bounds=_bounds(system)
    )
    for record, customer_id, values in differing.rows:
        due = ledger.due(record, customer_id, {name: values[name] for name in fields}, fields)
        due = due and gate.hold(due)
        if due and ledger.was_refused(due) and not retry_refused:
            found.skipped += 1
        elif due and due.values:
            found.rows.append(due)
    found.calls = module.calls(found.rows)
    found.withdrawn = gate.withdrawn(found.rows)
    found.new, refused = allowed(unknown, gate, creations, retry_refused=retry_refused)
    found.skipped += refused
    found.is_first_new = not creations.latest
    found.show(ledger)
    return found


def _bounds(system: System) -> dict[str, float]:
    usual = {"changed": CHANGED, "cleared": CLEARED, "created": CREATED}
    given = system.settings.get("surprise", {})
    for name, share in given.items() if isinstance(given, dict) else [("surprise", given)]:
        if name not in usual or type(share) not in (int, float) or not 0 <= share <= 1:
            raise ValueError(
                f"systems.toml, [{system.name}], surprise: {name} = {share!r}. Valid are "
                f"{', '.join(usual)}, each a share from 0 to 1, such as {{changed = 0.2}}."
            )
    return {**usual, **given}


def _hold(module: ModuleType, system: System, fields: Mapping[str, Field]) -> None:
    asking = [name for name, one in fields.items() if one.ownership in ("if_empty", "newest")]
    if asking and module.read is None:
        raise ValueError(
            f"{system.name}: {', '.join(asking)} of {module.MODEL} would depend on what the tool "
            f"holds, and a system of kind {system.kind} cannot be asked. Valid there: ours, theirs."
        )


def _shown(
    row: Due, ledger: Ledger, fields: Mapping[str, Field]
) -> Iterator[tuple[str, str, str, str]]:
    held = ledger.held(row.record)
    for name, value in row.values.items():
        both = [
            HIDDEN if text and fields[name].personal else text for text in (held.get(name), value)
        ]
        yield (row.record, name, both[0] or "", both[1] or "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def promised_fields(places: Places, model: str) -> dict[str, Field]:
    """The model's columns, with what the activation contract says of each."""
    with served(places, "desk.duckdb") as connection:
        columns = connection.execute(f"describe {model}").fetchall()
    promised = _promised(model.partition(".")[2])
    return {
        name: Field(name, name.replace("_", " "), _type(kind), **promised.get(name, {}))
        for name, kind, *_ in columns
        if name not in KEYS
    }


def _promised(table: str) -> dict[str, dict[str, Any]]:
    found = load(Path(HERE) / "activation.odcs.yaml").tables.get(table)
    return {
        column.name: {
            "ownership": column.settings.get("ownership", "ours"),
            "clearable": column.settings.get("clearable", False),
            "personal": column.personal,
        }
        for column in (found.columns if found else ())
    }


def _type(kind: str) -> Any:
    return TYPES.get(kind, "decimal" if kind.startswith(("DECIMAL", "DOUBLE")) else "text")
