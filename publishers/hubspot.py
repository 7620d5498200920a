"""HubSpot: our values as contact properties of the group Köprü, created when missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from clients.answers import vendor_words
from clients.hubspot import BATCH, HubSpot, connect
from publishers import Due, Field, Outcome, Values
from publishers.batches import isolated
from publishers.erasing import DONE, NOT_POSSIBLE, Answer, attempted

__all__ = [
    "BATCH",
    "MODEL",
    "calls",
    "connect",
    "create",
    "erase",
    "find",
    "prepare",
    "read",
    "send",
    "told_no",
]

MODEL = "activation.hubspot_contacts"
OBJECT, GROUP, PREFIX = "contacts", "kopru", "kopru_"
OPTED_OUT = "hs_email_optout"
CONTACT = {
    "email": "email",
    "first_name": "firstname",
    "last_name": "lastname",
    "company": "company",
    "phone": "phone",
}
TYPES = {
    "text": ("string", "text"),
    "integer": ("number", "number"),
    "decimal": ("number", "number"),
    "date": ("date", "date"),
    "boolean": ("bool", "booleancheckbox"),
}
YES_NO = [
    {"label": "Yes", "value": "true", "displayOrder": 0},
    {"label": "No", "value": "false", "displayOrder": 1},
]


def prepare(client: HubSpot, fields: Mapping[str, Field]) -> None:
    """Creates the property group and the properties that do not exist yet."""
    if GROUP not in client.names(OBJECT, "/groups"):
        client.create(OBJECT, {"name": GROUP, "label": "Köprü", "displayOrder": -1}, "/groups")
    existing = client.names(OBJECT)
    for name, field in fields.items():
        if PREFIX + name not in existing:
            client.create(OBJECT, _definition(name, field))


def send(client: HubSpot, rows: Sequence[Due]) -> list[Outcome]:
    return isolated(rows, partial(_batch, client))


def read(client: HubSpot, records: Sequence[str], names: Sequence[str]) -> dict[str, Values]:
    asked = [record for record in records if record.isdecimal()]
    found = client.records(OBJECT, [PREFIX + name for name in names], asked)
    return {
        str(row["id"]): {name: row["properties"].get(PREFIX + name) for name in names}
        for row in found
    }


def told_no(client: HubSpot, records: Sequence[str]) -> Mapping[str, Collection[str]]:
    asked = [record for record in records if record.isdecimal()]
    return {
        str(row["id"]): {"email"} if row["properties"].get(OPTED_OUT) == "true" else set()
        for row in client.records(OBJECT, [OPTED_OUT], asked)
    }


def calls(rows: Sequence[Due]) -> int:
    return -(-len(rows) // BATCH)


def find(client: HubSpot, emails: Sequence[str]) -> dict[str, str]:
    return {
        str(row["properties"].get("email")).lower(): str(row["id"])
        for row in client.by_email(emails)
    }


def create(client: HubSpot, rows: Sequence[Due]) -> list[Outcome]:
    return isolated(rows, partial(_created, client))


def _created(client: HubSpot, rows: Sequence[Due]) -> list[Outcome]:
    answer = client.add(OBJECT, [_new(row) for row in rows])
    made = {
        str(row["properties"].get("email")).lower(): str(row["id"]) for row in answer["results"]
    }
    refused = {
        customer: vendor_words(error)
        for error in answer.get("errors") or []
        for customer in (error.get("context") or {}).get("objectWriteTraceId") or []
    }
    outcomes = []
    for row in rows:
        if record := made.get(str(row.values["email"]).lower()):
            outcomes.append(Outcome(row.record, "accepted", answer=record))
        elif row.record in refused:
            outcomes.append(Outcome(row.record, "refused", refused[row.record]))
    return outcomes


def _new(row: Due) -> dict[str, Any]:
    """The trace id names the row in an error."""
    values = {theirs: row.values.get(ours) for ours, theirs in CONTACT.items()}
    return {
        "objectWriteTraceId": row.record,
        "properties": {name: value for name, value in values.items() if value},
    }


def _definition(name: str, field: Field) -> dict[str, Any]:
    kind, control = TYPES[field.type]
    definition = {
        "name": PREFIX + name,
        "label": field.label,
        "type": kind,
        "fieldType": control,
        "groupName": GROUP,
    }
    return definition | ({"options": YES_NO} if kind == "bool" else {})


def _input(row: Due) -> dict[str, Any]:
    """Every value is a string; the empty one clears."""
    return {
        "id": row.record,
        "properties": {PREFIX + name: value or "" for name, value in row.values.items()},
    }


def _batch(client: HubSpot, rows: Sequence[Due]) -> list[Outcome]:
    """Since 2026-09 a batch with bad rows is a 200 too: only its `errors` tell."""
    answer = client.update(OBJECT, [_input(row) for row in rows])
    refused, unnamed = _errors(answer.get("errors") or [])
    done = {str(result["id"]): str(result.get("updatedAt", "")) for result in answer["results"]}
    told = [row for row in rows if row.record in refused or row.record in done]
    rest = [row for row in rows if row not in told]
    outcomes = [
        Outcome(row.record, "refused", refused[row.record])
        if row.record in refused
        else Outcome(row.record, "accepted", answer=done[row.record])
        for row in told
    ]
    return outcomes + _untold(client, rest, unnamed)


def _untold(client: HubSpot, rows: Sequence[Due], words: str) -> list[Outcome]:
    """Rows the answer is silent about: one by one, when it holds an error that names no row."""
    if not words:
        detail = "HubSpot's answer does not mention this contact"
        return [Outcome(row.record, "retry", detail) for row in rows]
    if len(rows) == 1:
        return [Outcome(rows[0].record, "refused", words)]
    return [outcome for row in rows for outcome in send(client, [row])]


def _errors(errors: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], str]:
    """Words by record id, and the words of errors that name none."""
    refused: dict[str, str] = {}
    unnamed = []
    for error in errors:
        words = vendor_words(error)
        ids = (error.get("context") or {}).get("ids") or []
        refused |= {str(record): words for record in ids}
        if not ids:
            unnamed.append(words)
    return refused, "; ".join(unnamed)


def erase(client: HubSpot, customers: Sequence[str], orders: Sequence[str]) -> Iterator[Answer]:
    """Contacts go for good, with their activities; deals are not theirs alone."""
    for contact in customers:
        yield attempted(f"contacts/{contact}", DONE, partial(client.purge, contact))
    for deal in orders:
        words = "the deal stays: look at its name and notes, and change them by hand"
        yield f"deals/{deal}", NOT_POSSIBLE, words
