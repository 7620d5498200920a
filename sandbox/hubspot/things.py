"""What a CRM has besides contacts and deals, made of them: a little of everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sandbox.records import Customer, Order
from sandbox.web import now

FIRST = 70_000_000  # ids of these records begin here
EVERY = 12  # one contact in so many has been spoken to
Person = tuple[str, str, str]  # id, given and family name
OWNERS: tuple[Person, ...] = (("9001", "Selin", "Aksoy"), ("9002", "Baran", "Koç"))
STAGES = {
    "deals": ("appointmentscheduled", "contractsent", "closedwon", "closedlost"),
    "tickets": ("1", "2", "3", "4"),
}


@dataclass
class Thing:
    """One record of any kind; `links`: kind -> ids."""

    record: str
    values: dict[str, str]
    created_at: datetime
    updated_at: datetime
    links: dict[str, list[str]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        own = {"hs_object_id": self.record, "createdate": written(self.created_at)}
        own["hs_lastmodifieddate"] = written(self.updated_at)
        return own.get(name) or self.values.get(name, "")

    def change(self, values: dict[str, str]) -> None:
        self.values |= values
        self.updated_at = now()


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def things(customers: Iterable[Customer], orders: Iterable[Order]) -> dict[str, dict[str, Thing]]:
    ids = map(str, count(FIRST))
    made: dict[str, list[Thing]] = {
        "companies": [],
        "tickets": [],
        "line_items": [],
        "products": [],
        "calls": [],
        "emails": [],
        "meetings": [],
    }
    for place, customer in enumerate(customers):
        if place % EVERY == 0 and customer.updated_at:
            for kind, thing in _spoken_to(customer, place, ids):
                made[kind].append(thing)
    for place, order in enumerate(orders):
        if place % EVERY == 0:
            made["line_items"] += _lines(order, ids)
    goods = {line.sku: (line, order) for order in orders for line in order.lines}
    for sku, (line, order) in goods.items():
        values = {"name": line.product, "hs_sku": sku, "price": str(line.unit_price)}
        made["products"].append(Thing(next(ids), values, order.ordered_at, order.ordered_at))
    return {kind: {thing.record: thing for thing in found} for kind, found in made.items()}


def _spoken_to(customer: Customer, place: int, ids: Iterator[str]) -> Iterator[tuple[str, Thing]]:
    moment = customer.updated_at or now()
    links = {"contacts": [customer.record]}
    activity = {"hs_timestamp": written(moment), "hubspot_owner_id": OWNERS[place % 2][0]}
    firm = {"name": customer.company or f"{customer.name} Ltd. Şti.", "city": customer.city}
    said: dict[str, dict[str, str]] = {
        "companies": firm,
        "tickets": {"subject": "Teslimat", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
        "calls": {"hs_call_title": "Arama", "hs_call_duration": "60000", **activity},
        "emails": {"hs_email_subject": "Teklif", "hs_email_status": "SENT", **activity},
        "meetings": {"hs_meeting_title": "Sunum", "hs_meeting_outcome": "COMPLETED", **activity},
    }
    for kind, values in said.items():
        yield kind, Thing(next(ids), values, moment, moment, dict(links))


def _lines(order: Order, ids: Iterator[str]) -> list[Thing]:
    return [
        Thing(
            next(ids),
            {
                "name": line.product,
                "hs_sku": line.sku,
                "quantity": str(line.quantity),
                "price": str(line.unit_price),
                "amount": str(line.total),
            },
            order.ordered_at,
            order.updated_at,
            {"deals": [order.record]},
        )
        for line in order.lines
    ]


def owners(people: Iterable[Person] = OWNERS, *, archived: bool = False) -> list[dict[str, Any]]:
    moment = "2025-02-03T08:00:00.000Z"
    return [
        {
            "id": number,
            "email": f"{first.lower()}@firma.example",
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userId": None if archived else int(number) + 1000,
            "userIdIncludingInactive": int(number) + 1000,
            "createdAt": moment,
            "updatedAt": moment,
            "archived": archived,
        }
        for number, first, last in people
    ]


def pipelines(kind: str) -> list[dict[str, Any]]:
    moment = "2025-02-03T08:00:00.000Z"
    dates = {"createdAt": moment, "updatedAt": moment, "archived": False}
    stages = [
        {"id": name, "label": name, "displayOrder": place, "metadata": {}, **dates}
        for place, name in enumerate(STAGES[kind])
    ]
    name = "default" if kind == "deals" else "0"
    return [{"id": name, "label": "Satış", "displayOrder": 0, "stages": stages, **dates}]
