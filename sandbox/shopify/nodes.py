"""Customers and orders as GraphQL objects; what costs more than a lookup is a function."""

from __future__ import annotations

import zlib
from typing import Any

from sandbox.records import Customer, Order
from sandbox.shopify.goods import Refund
from sandbox.shopify.metafields import digest, full_namespace
from sandbox.shopify.more_nodes import deliveries, lines_of, refund_node, tax_lines
from sandbox.shopify.pages import connection
from sandbox.shopify.words import Row, gid, iso, money
from sandbox.web import WebStore

PAID = {
    "completed": ("PAID", "FULFILLED"),
    "processing": ("PAID", "UNFULFILLED"),
    "cancelled": ("VOIDED", "UNFULFILLED"),
}


class Nodes(WebStore):
    tags: dict[str, list[str]]
    notes: dict[str, str]
    unsubscribed: set[str]  # records that consented once
    refunds: dict[str, list[Refund]]
    metafield_types: dict[tuple[str, str], str]  # (record, namespace.key) -> type
    _order_counts: tuple[int, dict[str, int]] = (-1, {})

    def change(self, record: str, *, touch: bool = True, **values: Any) -> None:
        did = self.customers[record].consent_email
        super().change(record, touch=touch, **values)
        if did and not self.customers[record].consent_email:
            self.unsubscribed.add(record)

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
            "defaultEmailAddress": _email(c, record in self.unsubscribed),
            "defaultPhoneNumber": _phone(c),
            "defaultAddress": lambda info: _address(c),
            "addressesV2": lambda info, **asked: _addresses(c, **asked),
            "locale": "tr",
            "state": "DISABLED",
            "verifiedEmail": bool(c.email),
            "taxExempt": False,
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
        total, nothing = money(o.total, o.currency), money(o.total * 0, o.currency)
        back = self.refunds.get(record, [])
        if back and paid == "PAID":
            paid = "PARTIALLY_REFUNDED"
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
            "cancelReason": "CUSTOMER" if o.status == "cancelled" else None,
            "closedAt": iso(o.updated_at) if o.status == "completed" else None,
            "returnStatus": "RETURNED" if any(r.lines for r in back) else "NO_RETURN",
            "presentmentCurrencyCode": o.currency,
            "test": False,
            "tags": [],
            "note": None,
            "sourceName": "web",
            "discountCodes": [],
            "taxesIncluded": True,
            "paymentGatewayNames": ["manual"],
            "shippingAddress": lambda info: _billing(o, customer),
            "subtotalPriceSet": total,
            "totalDiscountsSet": nothing,
            "totalTaxSet": tax_lines(o.total, o.currency)[0]["priceSet"],
            "totalShippingPriceSet": nothing,
            "totalRefundedSet": money(sum((r.amount for r in back), o.total * 0), o.currency),
            "taxLines": tax_lines(o.total, o.currency),
            "shippingLine": None,
            "fulfillments": lambda info, **asked: deliveries(o),
            "refunds": lambda info, **asked: [
                refund_node(o, place, refund) for place, refund in enumerate(back)
            ],
            "displayFinancialStatus": paid,
            "displayFulfillmentStatus": sent,
            "currencyCode": o.currency,
            "totalPriceSet": total,
            "currentTotalPriceSet": total,
            "lineItems": lambda info, **asked: lines_of(o, **asked),
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


def _phone(customer: Customer) -> Row | None:
    """Nobody here ever agreed to text messages."""
    if not customer.phone:
        return None
    consent = {"state": "NEVER_SUBSCRIBED", "optInLevel": None, "updatedAt": None}
    return {"phoneNumber": customer.phone, "smsMarketingConsent": consent}


def _email(customer: Customer, unsubscribed: bool) -> Row | None:
    if not customer.email:
        return None
    state = "UNSUBSCRIBED" if unsubscribed else "NOT_SUBSCRIBED"
    state = "SUBSCRIBED" if customer.consent_email else state
    consent = {"marketingState": state, "marketingOptInLevel": None, "marketingUpdatedAt": None}
    return {"emailAddress": customer.email, **consent}


def _address(customer: Customer) -> Row | None:
    if not (customer.address or customer.city):
        return None
    return {
        "__typename": "MailingAddress",
        "id": gid("MailingAddress", customer.record),
        "name": customer.name,
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "company": customer.company or None,
        "address1": customer.address,
        "address2": None,
        "city": customer.city,
        "province": None,
        "zip": customer.postcode,
        "phone": customer.phone or None,
        "countryCodeV2": "TR",
    }


def _addresses(customer: Customer, **asked: Any) -> Row:
    address = _address(customer)
    return connection([(1, 0)] if address else [], lambda place: address, **asked)


def _billing(order: Order, customer: Customer | None) -> Row | None:
    """What was typed at the checkout wins over what the account knows."""
    known = (_address(customer) if customer else None) or dict.fromkeys(
        ("company", "address1", "address2", "city", "province", "zip", "phone")
    )
    name = order.name or (customer.name if customer else "")
    if not name:
        return None
    first, _, last = name.rpartition(" ")
    typed = {"company": order.company, "address1": order.address, "city": order.city}
    typed = {name: text for name, text in (typed | {"zip": order.postcode}).items() if text}
    return {
        **known,
        **typed,
        "id": gid("MailingAddress", f"{order.record}00"),
        "name": name,
        "firstName": first or None,
        "lastName": last,
        "phone": order.phone or known["phone"],
        "countryCodeV2": "TR",
    }


SHOP = {
    "id": gid("Shop", 1),
    "name": "Sandbox",
    "myshopifyDomain": "sandbox.myshopify.example",
    "ianaTimezone": "Europe/Istanbul",
    "currencyCode": "TRY",
}
