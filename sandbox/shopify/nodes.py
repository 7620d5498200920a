"""Customers and orders as GraphQL objects; what costs more than a lookup is a function."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.records import Customer, Line, Order
from sandbox.shopify.metafields import digest, full_namespace
from sandbox.shopify.pages import connection
from sandbox.web import WebStore

PAID = {
    "completed": ("PAID", "FULFILLED"),
    "processing": ("PAID", "UNFULFILLED"),
    "cancelled": ("VOIDED", "UNFULFILLED"),
}
Row = dict[str, Any]


class Nodes(WebStore):
    tags: dict[str, list[str]]
    notes: dict[str, str]
    metafield_types: dict[tuple[str, str], str]  # (record, namespace.key) -> type
    _order_counts: tuple[int, dict[str, int]] = (-1, {})

    def customer_node(self, number: int) -> Row:
        record = str(number)
        c = self.customers[record]
        return {
            "__typename": "Customer",
            "id": gid("Customer", record),
            "legacyResourceId": record,
            "firstName": c.first_name or None,
            "lastName": c.last_name or None,
            "displayName": c.name or c.email,
            "email": c.email or None,
            "phone": c.phone or None,
            "defaultEmailAddress": _email(c),
            "defaultPhoneNumber": _phone(c),
            "defaultAddress": lambda info: _address(c),
            "createdAt": iso(c.created_at),
            "updatedAt": iso(c.updated_at),
            "note": self.notes.get(record),
            "tags": self.tags.get(record, []),
            "numberOfOrders": lambda info: str(self._orders_of(record)),
            "metafield": lambda info, key, namespace=None: self._metafield(record, key, namespace),
            "metafields": lambda info, **asked: self._metafields(record, **asked),
        }

    def order_node(self, number: int) -> Row:
        record = str(number)
        o = self.orders[record]
        customer = self.customers.get(o.customer or "")
        paid, sent = PAID.get(o.status, ("PENDING", "UNFULFILLED"))
        total = money(o.total, o.currency)
        return {
            "__typename": "Order",
            "id": gid("Order", record),
            "legacyResourceId": record,
            "name": f"#{record}",
            "email": o.email or (customer.email if customer else "") or None,
            "phone": o.phone or (customer.phone if customer else "") or None,
            "customer": lambda info: self.customer_node(int(o.customer)) if customer else None,
            "billingAddress": lambda info: _billing(o, customer),
            "createdAt": iso(o.ordered_at),
            "updatedAt": iso(o.updated_at),
            "processedAt": iso(o.ordered_at),
            "cancelledAt": iso(o.updated_at) if o.status == "cancelled" else None,
            "displayFinancialStatus": paid,
            "displayFulfillmentStatus": sent,
            "currencyCode": o.currency,
            "totalPriceSet": total,
            "currentTotalPriceSet": total,
            "lineItems": lambda info, **asked: _lines(o, **asked),
        }

    def metafield_node(self, record: str, name: str) -> Row:
        namespace, _, key = name.rpartition(".")
        customer = self.customers[record]
        value = self.given[record][name]
        return {
            "__typename": "Metafield",
            "id": gid("Metafield", zlib.crc32(f"{record}/{name}".encode())),
            "namespace": namespace,
            "key": key,
            "value": value,
            "type": self.metafield_types[record, name],
            "ownerType": "CUSTOMER",
            "compareDigest": digest(value),
            "createdAt": iso(customer.updated_at),
            "updatedAt": iso(customer.updated_at),
        }

    def _metafield(self, record: str, key: str, namespace: str | None) -> Row | None:
        name = f"{full_namespace(namespace)}.{key}"
        if name not in self.given.get(record, {}):
            return None
        return self.metafield_node(record, name)

    def _metafields(self, record: str, **asked: Any) -> Row:
        keys, namespace = asked.pop("keys", None), asked.pop("namespace", None)
        names = list(self.given.get(record, {}))
        if namespace:
            names = [n for n in names if n.rpartition(".")[0] == full_namespace(namespace)]
        if keys:
            names = [n for n in names if n in keys or n.rpartition(".")[2] in keys]
        places = [(place, place) for place in range(len(names))]
        return connection(places, lambda place: self.metafield_node(record, names[place]), **asked)

    def _orders_of(self, record: str) -> int:
        known, counts = self._order_counts
        if known != len(self.orders):
            counts = {}
            for order in self.orders.values():
                counts[order.customer or ""] = counts.get(order.customer or "", 0) + 1
            self._order_counts = (len(self.orders), counts)
        return counts.get(record, 0)


def gid(type_: str, record: object) -> str:
    return f"gid://shopify/{type_}/{record}"


def money(amount: Decimal, currency: str) -> Row:
    value = {"amount": f"{amount:.2f}", "currencyCode": currency}
    return {"shopMoney": value, "presentmentMoney": value}


def iso(moment: datetime | None) -> str | None:
    """Whole seconds, as Shopify shows (and compares) them."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _phone(customer: Customer) -> Row | None:
    """Nobody here ever agreed to text messages."""
    if not customer.phone:
        return None
    consent = {"state": "NEVER_SUBSCRIBED", "updatedAt": None}
    return {"phoneNumber": customer.phone, "smsMarketingConsent": consent}


def _email(customer: Customer) -> Row | None:
    if not customer.email:
        return None
    state = "SUBSCRIBED" if customer.consent_email else "NOT_SUBSCRIBED"
    return {"emailAddress": customer.email, "marketingState": state, "marketingUpdatedAt": None}


def _address(customer: Customer) -> Row | None:
    if not (customer.address or customer.city):
        return None
    return {
        "id": gid("MailingAddress", customer.record),
        "name": customer.name,
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "company": customer.company or None,
        "address1": customer.address,
        "address2": None,
        "city": customer.city,
        "zip": customer.postcode,
        "phone": customer.phone or None,
        "countryCodeV2": "TR",
    }


def _billing(order: Order, customer: Customer | None) -> Row | None:
    """What was typed at the checkout wins over what the account knows."""
    known = (_address(customer) if customer else None) or dict.fromkeys(
        ("company", "address1", "address2", "city", "zip", "phone")
    )
    name = order.name or (customer.name if customer else "")
    if not name:
        return None
    first, _, last = name.rpartition(" ")
    return known | {
        "id": gid("MailingAddress", f"{order.record}00"),
        "name": name,
        "firstName": first or None,
        "lastName": last,
        "phone": order.phone or known["phone"],
        "countryCodeV2": "TR",
    }


def _lines(order: Order, **asked: Any) -> Row:
    places = [(line.line, place) for place, line in enumerate(order.lines)]
    return connection(places, lambda place: _line(order, order.lines[place]), **asked)


def _line(order: Order, line: Line) -> Row:
    product = gid("Product", zlib.crc32(line.sku.encode()))
    return {
        "id": gid("LineItem", int(order.record) * 100 + line.line),
        "name": line.product,
        "title": line.product,
        "sku": line.sku,
        "quantity": line.quantity,
        "product": {"id": product, "title": line.product},
        "originalUnitPriceSet": money(line.unit_price, order.currency),
        "discountedTotalSet": money(line.total, order.currency),
    }


SHOP = {
    "id": gid("Shop", 1),
    "name": "Sandbox",
    "myshopifyDomain": "sandbox.myshopify.example",
    "ianaTimezone": "Europe/Istanbul",
    "currencyCode": "TRY",
}
