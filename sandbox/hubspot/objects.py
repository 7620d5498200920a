"""Customers as contacts and orders as deals: every value text, only asked properties shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sandbox.hubspot.problems import exists, invalid, not_found
from sandbox.hubspot.schema import GROUPS, Schema
from sandbox.hubspot.things import Thing
from sandbox.records import Customer, Order
from sandbox.web import WebStore, now

FIELDS = {
    "email": "email",
    "firstname": "first_name",
    "lastname": "last_name",
    "phone": "phone",
    "company": "company",
    "address": "address",
    "city": "city",
    "zip": "postcode",
}
STAGES = {"completed": "closedwon", "processing": "contractsent", "cancelled": "closedlost"}
ALWAYS = {kind: ("hs_object_id", "createdate", "hs_lastmodifieddate") for kind in GROUPS} | {
    "contacts": ("hs_object_id", "createdate", "lastmodifieddate")
}
USUAL = {
    "contacts": ("email", "firstname", "lastname"),
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
}
NEITHER: tuple[str, ...] = ()


@dataclass
class Archived:
    values: dict[str, str]
    created: datetime
    at: datetime


class Objects(WebStore):
    """Reading and writing single records; contacts and deals are kept as customers and orders."""

    things: dict[str, dict[str, Thing]]  # kind -> records of the other kinds
    merged: dict[str, list[str]]  # contact -> those that were merged into it
    schemas: dict[str, Schema]
    deals_given: dict[str, dict[str, str]]  # record -> what was written into the deal
    archived: dict[str, dict[str, Archived]]
    _sorted: dict[str, list[int]]
    lag: timedelta

    def held(self, kind: str) -> dict[str, Any]:
        if kind in self.things:
            return self.things[kind]
        return self.customers if kind == "contacts" else self.orders

    def links(self, kind: str, record: str, other: str) -> list[str]:
        """Ids of the `other` records this one is linked to, from whichever side knows."""
        if kind == "deals" and other == "contacts":
            owner = self.orders[record].customer if record in self.orders else None
            return [owner] if owner else []
        if kind == "contacts" and other == "deals":
            return [order.record for order in self.orders.values() if order.customer == record]
        if kind in self.things and record in self.things[kind]:
            own = self.things[kind][record].links.get(other, [])
            return [end for end in own if end in self.held(other)]
        others = self.things.get(other, {}).values()
        return [thing.record for thing in others if record in thing.links.get(kind, [])]

    def after(self, kind: str, record: int) -> list[int]:
        """Ids greater than this one, ascending; sorted anew only when their number changed."""
        known = self._sorted.get(kind, [])
        if len(known) != len(self.held(kind)):
            known = self._sorted[kind] = sorted(map(int, self.held(kind)))
        return known[bisect_right(known, record) :]

    def value(self, kind: str, record: str, name: str) -> str:
        """One property as text, empty when it has no value."""
        if kind in self.things:
            return self.things[kind][record].value(name)
        return self.contact(record, name) if kind == "contacts" else self.deal(record, name)

    def contact(self, record: str, name: str) -> str:
        customer = self.customers[record]
        if name in FIELDS:
            return str(getattr(customer, FIELDS[name]))
        if name == "hs_object_id":
            return record
        if name == "createdate":
            return iso(customer.created_at or customer.updated_at)
        if name == "lastmodifieddate":
            return iso(customer.updated_at or customer.created_at)
        if name == "hs_merged_object_ids":
            return ";".join(self.merged.get(record, []))
        if name == "date_of_birth":
            return customer.birth_date.isoformat() if customer.birth_date else ""
        if name == "hs_email_optout":
            return {True: "false", False: "true", None: ""}[customer.consent_email]
        return str(self.given.get(record, {}).get(name, ""))

    def deal(self, record: str, name: str) -> str:
        order = self.orders[record]
        if name == "hs_object_id":
            return record
        if name == "createdate":
            return iso(order.ordered_at)
        if name == "hs_lastmodifieddate":
            return iso(order.updated_at)
        written = self.deals_given.get(record, {})
        if name in written:
            return written[name]
        return {
            "dealname": order.name or f"Deal {record}",
            "amount": f"{order.total:.2f}",
            "deal_currency_code": order.currency,
            "dealstage": STAGES.get(order.status, order.status),
            "pipeline": "default",
            "closedate": iso(order.ordered_at),
        }.get(name, "")

    def row(self, kind: str, record: str, wanted: Iterable[str] = ()) -> dict[str, Any]:
        if record not in self.held(kind):
            raise not_found()
        names = dict.fromkeys((*(wanted or USUAL.get(kind, NEITHER)), *ALWAYS[kind]))
        known = self.schemas[kind].properties
        created, modified = (self.value(kind, record, name) for name in ALWAYS[kind][1:])
        return {
            "id": record,
            "properties": {n: self.value(kind, record, n) or None for n in names if n in known},
            "createdAt": created,
            "updatedAt": modified,
            "archived": False,
        }

    def archived_row(self, kind: str, record: str, wanted: Iterable[str] = ()) -> dict[str, Any]:
        gone = self.archived[kind][record]
        names = dict.fromkeys((*(wanted or USUAL.get(kind, NEITHER)), *ALWAYS[kind]))
        return {
            "id": record,
            "properties": {name: gone.values.get(name) or None for name in names},
            "createdAt": iso(gone.created),
            "updatedAt": iso(gone.at),
            "archived": True,
            "archivedAt": iso(gone.at),
        }

    def create(self, kind: str, properties: dict[str, Any]) -> str:
        values = self.schemas[kind].checked(properties)
        moment = now()
        self._sorted.pop(kind, None)
        if kind in self.things:
            record = self.new_id()
            self.things[kind][record] = Thing(record, values, moment, moment)
            return record
        if kind == "deals":
            record = self.new_id()
            self.orders[record] = Order(record, "", None, moment, moment, "TRY", "processing")
            self.deals_given[record] = values
            return record
        taken = self.by_email(values["email"]) if values.get("email") else None
        if taken:
            raise exists(taken)
        record = self.new_id()
        self.customers[record] = Customer(
            record, "", "", created_at=moment, updated_at=moment, consent_email=None
        )
        self._write(record, values)
        self.writes += 1
        return record

    def update(self, kind: str, record: str, properties: dict[str, Any]) -> None:
        """Sets the modification date only when a value became another."""
        if record not in self.held(kind):
            raise not_found()
        values = self.schemas[kind].checked(properties)
        if kind == "contacts":
            self.arrive(record, values)
        if all(self.value(kind, record, name) == text for name, text in values.items()):
            return
        if kind in self.things:
            self.things[kind][record].change(values)
            return
        if kind == "deals":
            self.deals_given.setdefault(record, {}).update(values)
            self.orders[record].updated_at = now()
            return
        taken = self.by_email(values["email"]) if values.get("email") else None
        if taken and taken != record:
            raise exists(taken)
        self._write(record, values)
        self.writes += 1

    def archive(self, kind: str, record: str) -> None:
        if record not in self.held(kind):
            return  # deleting what is not there is a 204 too
        names = self.schemas[kind].properties
        values = {name: self.value(kind, record, name) for name in names}
        created = datetime.fromisoformat(values["createdate"])
        self.archived[kind][record] = Archived(values, created, now())
        del self.held(kind)[record]
        self._sorted.pop(kind, None)
        if kind == "contacts":
            self.given.pop(record, None)
            self.forget_emails()
            self.writes += 1

    def purge(self, record: str) -> None:
        """A contact for good, archived or not."""
        if record not in self.customers and record not in self.archived["contacts"]:
            raise not_found()
        self.archive("contacts", record)
        del self.archived["contacts"][record]

    def merge(self, winner: str, loser: str) -> None:
        """One contact becomes part of another: gone without a trace but in the winner."""
        if winner == loser or not {winner, loser} <= self.customers.keys():
            raise invalid("Two contacts that exist are needed to merge them")
        for order in self.orders.values():
            if order.customer == loser:
                order.customer = winner
        self.merged.setdefault(winner, []).extend((*self.merged.pop(loser, []), loser))
        del self.customers[loser]
        self.given.pop(loser, None)
        self._sorted.pop("contacts", None)
        self.customers[winner].updated_at = now()
        self.forget_emails()

    def _write(self, record: str, values: dict[str, str]) -> None:
        customer = self.customers[record]
        for name, text in values.items():
            if name in FIELDS:
                setattr(customer, FIELDS[name], text)
            elif name == "date_of_birth":
                customer.birth_date = date.fromisoformat(text[:10]) if text else None
            else:
                self.given.setdefault(record, {})[name] = text
        full = f"{customer.first_name} {customer.last_name}".strip()
        customer.name = full or customer.company
        customer.updated_at = now()
        if "email" in values:
            self.forget_emails()


@lru_cache(maxsize=1 << 17)  # searches ask for all dates, page after page
def iso(moment: datetime | None) -> str:
    """2026-03-01T10:00:00.500Z"""
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
