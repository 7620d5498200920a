"""Give back what changed, to each tool. One file per kind, the engine and the ledger.

A publisher is a module with

    MODEL    the activation model it sends, e.g. "activation.hubspot_contacts"
    BATCH    rows per call of `send`
    connect(system) -> client
    prepare(client, fields)       create what must exist first; `fields`: name -> Field
    read(client, records, names) -> Mapping[str, Values]
                                  what these records hold under our names now, as canonical text;
                                  a record the tool does not have is left out. None in place of the
                                  function: the tool cannot be asked.
    send(client, rows) -> list[Outcome]      one Outcome per row, in any order
    calls(rows) -> int            write calls that `send` needs for them on a good day
    in_batches(rows) -> batches of rows      where calls hold values rather than rows; else BATCH
    find(client, emails)          with create: lower-case e-mail address -> record that has it
    create(client, rows) -> list[Outcome]
                                  of rows with contact values (creating.py), whose `record` is the
                                  customer id; `answer` is the tool's id of the new record
    told_no(client, records)      optional: record -> channels (email, sms, call) on which the tool
                                  itself heard a no to marketing

and, where a program answers later, to rows that `send` calls placed (settling.py),

    patience(system) -> timedelta | None     after which silence is a problem; None: no answers
    heard(system, names) -> Heard            what is answered by now to these `Outcome.answer`s

Activation models have `system`, `record` (the tool's own id of the customer), `customer_id`,
then one column per field to send. Whose each field is, their contract says (policy.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Values = Mapping[str, str | None]
Ownership = Literal["ours", "if_empty", "newest", "theirs"]


@dataclass(frozen=True)
class Field:
    """A field we send: its label for people, its type, and whose it is (policy.py)."""

    name: str
    label: str
    type: Literal["text", "integer", "decimal", "date", "boolean"]
    ownership: Ownership = "ours"
    clearable: bool = False
    personal: bool = False


@dataclass(frozen=True)
class Due:
    """One record's changed values, as canonical text (2026-11-22, 12.50, true); None clears.

    `current`: all its values as they should stand, for tools that take whole lines.
    """

    record: str
    customer_id: str
    values: Values
    current: Values = field(default_factory=dict)


State = Literal[
    "intent", "accepted", "refused", "retry", "placed", "found", "kept", "restored", "created"
]


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `detail` is the vendor's words, `answer` its id for the write.

    A publisher says accepted, refused, retry (nobody knows) or placed (the tool will say); the
    engine also found (the tool had it already) and kept (the tool's own value stays, by policy).
    """

    record: str
    state: State
    detail: str = ""
    answer: str = ""


@dataclass
class Heard:
    """Late answers: what they are to (`Outcome.answer`), and what they say of a record.
    `problems`: what of them cannot be read, and why."""

    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
