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


State = Literal["intent", "accepted", "refused", "retry", "found", "kept", "restored", "created"]


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `detail` is the vendor's words, `answer` its id for the write.

    A publisher says accepted, refused or retry (nobody knows); the engine also found (the tool had
    it already) and kept (the tool's own value stays, by policy).
    """

    record: str
    state: State
    detail: str = ""
    answer: str = ""
