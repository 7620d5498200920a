"""Publish: what changed, to one tool. Never holds the warehouse's lock.

Reads the served files, asks the ledger what is due, writes intents to the journal, sends in
the vendor's batches, writes outcomes to the journal. Every row due is accounted for.
"""

from __future__ import annotations

import importlib
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from contracts.typed import quoted
from publishers import Due, Field, Outcome
from publishers.ledger import Ledger
from systems import System
from warehouse import Places
from warehouse.journal import Journal
from warehouse.serve import served

log = logging.getLogger(__name__)
REFUSED_SHARE = 0.05
NAMED = 10
KEYS = ("system", "record")
TYPES = {"BIGINT": "integer", "INTEGER": "integer", "DATE": "date", "BOOLEAN": "boolean"}


@dataclass
class Published:
    """Once sent, due = accepted + refused + waiting. `skipped`: refused before, unchanged."""

    system: str
    due: int = 0
    values: int = 0
    skipped: int = 0
    accepted: int = 0
    refused: int = 0
    waiting: int = 0
    dry_run: bool = False
    refusals: list[str] = field(default_factory=list)

    @property
    def problem(self) -> str | None:
        """Why the run must be red, or None."""
        named = "; ".join(self.refusals[:NAMED])
        if self.waiting:
            return (
                f"{self.system}: {self.waiting} of {self.due} rows may or may not have arrived "
                f"({named}). The next run sends them again; writing the same value twice is safe."
            )
        if self.due and self.refused / self.due > REFUSED_SHARE:
            return (
                f"{self.system}: {self.refused} of {self.due} rows were refused, more than "
                f"{REFUSED_SHARE:.0%}: {named}. Mend these records in {self.system}; the rest "
                "was written."
            )
        return None


def publish(
    places: Places, system: System, *, dry_run: bool = False, retry_refused: bool = False
) -> Published:
    """Sends what is due; `dry_run` sends and remembers nothing.

    Raises FileNotFoundError when nothing was served yet, ClientError when the tool cannot be
    reached at all.
    """
    module = importlib.import_module(f"publishers.{system.kind}")
    ledger = Ledger(Journal(places.journal), system.name)
    fields, wanted = _wanted(places, module.MODEL, system.name)
    done = Published(system.name, dry_run=dry_run)
    rows = []
    for record, customer_id, values in wanted:
        due = ledger.due(record, customer_id, values)
        if due and ledger.was_refused(due) and not retry_refused:
            done.skipped += 1
        elif due:
            rows.append(due)
    done.due, done.values = len(rows), sum(len(row.values) for row in rows)
    log.info("%s: %d records due, %d values", system.name, done.due, done.values)
    if rows and not dry_run:
        _send(module, system, ledger, fields, rows, done)
    return done


def _send(
    module: Any,
    system: System,
    ledger: Ledger,
    fields: dict[str, Field],
    rows: list[Due],
    done: Published,
) -> None:
    run = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    client = module.connect(system)
    module.prepare(client, fields)
    for batch in _batches(rows, module.BATCH):
        by_record = {row.record: row for row in batch}
        ledger.intend(run, batch)
        outcomes = _one_each(by_record, module.send(client, batch))
        ledger.record(run, by_record, outcomes)
        states = Counter(outcome.state for outcome in outcomes)
        done.accepted += states["accepted"]
        done.refused += states["refused"]
        done.waiting += states["retry"]
        for outcome in outcomes:
            if outcome.state != "accepted":
                done.refusals.append(f"record {outcome.record}: {outcome.detail}")
                log.warning("%s: record %s: %s", system.name, outcome.record, outcome.detail)
        log.info("%s: %d of %d rows sent", system.name, _sent(done), done.due)


def _sent(done: Published) -> int:
    return done.accepted + done.refused + done.waiting


def _one_each(rows: dict[str, Due], outcomes: list[Outcome]) -> list[Outcome]:
    """Every row gets exactly one outcome; one the publisher forgot counts as unknown."""
    told = {outcome.record: outcome for outcome in outcomes if outcome.record in rows}
    forgotten = [record for record in rows if record not in told]
    unknown = [
        Outcome(record, "retry", "the tool's answer does not name it") for record in forgotten
    ]
    return [*told.values(), *unknown]


def _wanted(
    places: Places, model: str, system: str
) -> tuple[dict[str, Field], list[tuple[str, str, dict[str, str | None]]]]:
    """The model's fields, and (record, customer_id, values as text) of the system's rows."""
    with served(places, "desk.duckdb") as connection:
        columns = [
            (name, kind)
            for name, kind, *_ in connection.execute(f"describe {model}").fetchall()
            if name not in KEYS
        ]
        cast = ", ".join(f"{quoted(name)}::varchar" for name, _ in columns)
        rows = connection.execute(
            f"select record, {cast} from {model} where system = ? order by record", [system]
        ).fetchall()
    names = [name for name, _ in columns]
    fields = {name: Field(name, name.replace("_", " "), _type(kind)) for name, kind in columns}
    customer = names.index("customer_id") + 1
    return fields, [(row[0], row[customer], dict(zip(names, row[1:], strict=True))) for row in rows]


def _type(kind: str) -> Any:
    return TYPES.get(kind, "decimal" if kind.startswith(("DECIMAL", "DOUBLE")) else "text")


def _batches(rows: list[Due], size: int) -> Iterator[list[Due]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
