"""Give back what changed, to each tool. One file per kind, the engine and the ledger.

A publisher is a module with

    MODEL    the activation model it sends, e.g. "activation.hubspot_contacts"
    BATCH    rows per call of `send`
    connect(system) -> client
    prepare(client, fields)       create what must exist first; `fields`: name -> Field
    send(client, rows) -> list[Outcome]      one Outcome per row, in any order

Activation models have `system`, `record` (the tool's own id of the customer), `customer_id`,
then one column per field to send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Field:
    """A field we send: its label for people and its type."""

    name: str
    label: str
    type: Literal["text", "integer", "decimal", "date", "boolean"]


@dataclass(frozen=True)
class Due:
    """One record's changed values, as canonical text (2026-11-22, 12.50, true); None clears.

    `current`: all its values as they should stand, for tools that take whole lines.
    """

    record: str
    customer_id: str
    values: Mapping[str, str | None]
    current: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `detail` is the vendor's words, `answer` its id for the write."""

    record: str
    state: Literal["accepted", "refused", "retry"]
    detail: str = ""
    answer: str = ""
