"""Undo: puts back what stood in a tool before a run of ours, where it still holds what we wrote."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from publishers import Due
from publishers.consent import gate_of
from publishers.engine import Run
from publishers.ledger import Ledger
from publishers.plan import Plan, promised_fields
from publishers.published import Published
from systems import System
from warehouse import Places
from warehouse.journal import Journal
from warehouse.locks import writing_to

RECENT = 5
WROTE = ("accepted", "placed")


def restore(
    places: Places, system: System, run: str, *, by: str, why: str, apply: bool
) -> Published:
    """Of that run and all later ones. What somebody edited since stays (`kept`), and what was put
    back is not sent again until our value is another. Without `apply` nothing is sent.

    Raises ValueError for a run that wrote nothing, ClientError when the tool cannot be reached,
    Taken while another writes to it for longer than we wait.
    """
    if not why.strip():
        raise ValueError("Say why: whoever looks at the record later will ask.")
    with writing_to(places, system.name) if apply else nullcontext():
        return _restored(places, system, run, by, why, apply)


def _restored(
    places: Places, system: System, run: str, by: str, why: str, apply: bool
) -> Published:
    module = importlib.import_module(f"publishers.{system.kind}")
    journal = Journal(places.journal)
    ledger = Ledger(journal, system.name)
    # Edited since is edited since, whosever the field is.
    known = promised_fields(places, module.MODEL)
    fields = {name: replace(one, ownership="newest") for name, one in known.items()}
    rows = list(_rows(journal, system.name, run, ledger, fields))
    names = {name for row in rows for name in row.values}
    gate = gate_of(places, system, names, {row.customer_id for row in rows}, ledger)
    rows = [row for due in rows if (row := gate.hold(due)).values]
    planned = Plan(
        system.name, fields, gate, rows, of=len(ledger.entries), calls=module.calls(rows)
    )
    planned.show(ledger)
    done = Published(
        system.name, len(rows), planned.values, dry_run=not apply, preview=planned.told()
    )
    if apply and rows:
        sending = Run(module, system, ledger, fields, done, gate, restoring=True)
        sending.journaled(journal, rows, "restore", planned, by, why)
    return done


def _rows(
    journal: Journal, system: str, run: str, ledger: Ledger, fields: Collection[str]
) -> Iterator[Due]:
    before: dict[str, dict[str, Any]] = {}
    customers: dict[str, str] = {}
    runs = set()
    for sent in journal.records("sends"):
        if sent["system"] != system or sent["state"] not in WROTE:
            continue
        runs.add(sent["run"])
        if sent["run"] >= run:
            earliest = before.setdefault(sent["record"], {})
            before[sent["record"]] = {**sent["before"], **earliest}
            customers[sent["record"]] = sent["customer_id"]
    if run not in runs:
        recent = ", ".join(sorted(runs)[-RECENT:]) or "none"
        raise ValueError(f"No run {run!r} wrote to {system}. The last that did: {recent}.")
    for record, values in sorted(before.items()):
        held = ledger.held(record)
        back = {name: value for name, value in values.items() if value != held.get(name)}
        if gone := sorted(back.keys() - fields):
            raise ValueError(
                f"{system}: {', '.join(gone)} is no longer among what is given back, and so cannot "
                "be put back either. Do it by hand, or add it to the model again."
            )
        if back:
            yield Due(record, customers[record], back, {**held, **back})
