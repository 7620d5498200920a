"""WooCommerce: our values as meta data of customers, under keys that start with kopru_."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from clients.answers import vendor_words
from clients.woocommerce import OUR_META, PER_PAGE, WooCommerce, connect
from publishers import Due, Field, Outcome, Values
from publishers.batches import isolated
from publishers.erasing import DONE, Answer, attempted

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

MODEL = "activation.woocommerce_customers"
BATCH = PER_PAGE
CONSENT = "newsletter"  # meta data, yes or no: as staging.woocommerce_customers reads it
# What the store's own eraser writes in their place; an order's e-mail must look like one.
NOBODY, NO_EMAIL = "[deleted]", "deleted@site.invalid"
BLANK = ("company", "address_1", "address_2", "city", "state", "postcode", "phone")


def prepare(client: WooCommerce, fields: Mapping[str, Field]) -> None:
    """Nothing: meta data needs no definition."""


def send(client: WooCommerce, rows: Sequence[Due]) -> list[Outcome]:
    known = [row for row in rows if row.record.isdecimal()]
    strange = [
        Outcome(row.record, "refused", f"{row.record!r} is no WooCommerce customer id")
        for row in rows
        if not row.record.isdecimal()
    ]
    return strange + isolated(known, partial(_batch, client))


def read(client: WooCommerce, records: Sequence[str], names: Sequence[str]) -> dict[str, Values]:
    keys = {OUR_META + name: name for name in names}
    return {
        str(row["id"]): {
            keys[entry["key"]]: str(entry["value"])
            for entry in row.get("meta_data") or ()
            if entry["key"] in keys
        }
        for row in client.customers([record for record in records if record.isdecimal()])
    }


def told_no(client: WooCommerce, records: Sequence[str]) -> Mapping[str, Collection[str]]:
    """A store without a plugin for it says nothing."""
    return {
        str(row["id"]): {
            "email"
            for entry in row.get("meta_data") or ()
            if entry["key"] == CONSENT and entry["value"] != "yes"
        }
        for row in client.customers([record for record in records if record.isdecimal()])
    }


def calls(rows: Sequence[Due]) -> int:
    return -(-len(rows) // PER_PAGE)


def find(client: WooCommerce, emails: Sequence[str]) -> dict[str, str]:
    """One call each: the store takes one address at a time."""
    found = {}
    for email in emails:
        for row in client.customers_by_email(email):
            found[str(row["email"]).lower()] = str(row["id"])
    return found


def create(client: WooCommerce, rows: Sequence[Due]) -> list[Outcome]:
    return isolated(rows, partial(_created, client))


def _created(client: WooCommerce, rows: Sequence[Due]) -> list[Outcome]:
    items = client.create_customers([_new(row) for row in rows])
    return [
        Outcome(row.record, "refused", vendor_words(item["error"]) or str(item["error"]))
        if "error" in item
        else Outcome(row.record, "accepted", answer=str(item["id"]))
        for row, item in zip(rows, items, strict=True)
    ]


def _new(row: Due) -> dict[str, Any]:
    """A store may be set not to make passwords itself; nobody is told this one, and who wants to
    log in asks for another."""
    names = {name: row.values.get(name) or "" for name in ("first_name", "last_name")}
    contact = {name: row.values.get(name) or "" for name in ("company", "phone")}
    email = row.values["email"]
    return {
        "email": email,
        "password": secrets.token_urlsafe(24),
        **names,
        "billing": {**names, **contact, "email": email},
    }


def _batch(client: WooCommerce, rows: Sequence[Due]) -> list[Outcome]:
    items = client.update_customers([_update(row) for row in rows])
    return [_outcome(row, item) for row, item in zip(rows, items, strict=True)]


def _update(row: Due) -> dict[str, Any]:
    """Meta data is set by key; the value null deletes it."""
    meta = [{"key": OUR_META + name, "value": value} for name, value in row.values.items()]
    return {"id": int(row.record), "meta_data": meta}


def _outcome(row: Due, item: Mapping[str, Any]) -> Outcome:
    if "error" in item:
        return Outcome(row.record, "refused", vendor_words(item["error"]) or str(item["error"]))
    return Outcome(row.record, "accepted", answer=str(item.get("date_modified_gmt") or ""))


def erase(client: WooCommerce, customers: Sequence[str], orders: Sequence[str]) -> Iterator[Answer]:
    """Accounts go; orders stay, of nobody. Orders first: without its account an order is a guest's,
    and would be found by its address only."""
    for order in orders:
        yield attempted(f"orders/{order}", DONE, partial(client.update_order, order, _nobody()))
    for customer in customers:
        yield attempted(f"customers/{customer}", DONE, partial(client.delete_customer, customer))


def _nobody() -> dict[str, Any]:
    address = {"first_name": NOBODY, "last_name": NOBODY, **dict.fromkeys(BLANK, "")}
    return {"billing": {**address, "email": NO_EMAIL}, "shipping": address, "customer_note": ""}
