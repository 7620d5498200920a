"""What a shop has besides people and orders, made of them: products, stock, open checkouts."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.records import Customer, Line, Order

LOCATIONS = {"1": "Depo", "2": "Mağaza"}
EVERY = 10  # one customer in so many left a checkout open
GOODWILL = 25  # one order in so many was given something back


@dataclass
class Product:
    """One product with its one variant, which share a number."""

    record: str
    sku: str
    title: str
    price: Decimal
    created_at: datetime
    updated_at: datetime
    status: str = "ACTIVE"


@dataclass
class Level:
    """So many of a product at one location."""

    record: str
    product: str
    location: str
    available: int
    created_at: datetime
    updated_at: datetime


@dataclass
class Checkout:
    record: str
    customer: str
    lines: list[Line]
    currency: str
    created_at: datetime
    updated_at: datetime

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))


@dataclass
class Refund:
    """`lines`: line number -> how many came back; none: money for the trouble."""

    amount: Decimal
    at: datetime
    lines: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Destroyed:
    """An event of the shop: something that is gone for good."""

    type: str
    record: str
    at: datetime


def product_of(sku: str) -> str:
    return str(zlib.crc32(sku.encode()))


def products(orders: Iterable[Order]) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for order in orders:
        for line in order.lines:
            record = product_of(line.sku)
            if record not in found:
                goods = record, line.sku, line.product, line.unit_price
                found[record] = Product(*goods, order.ordered_at, order.ordered_at)
    return found


def levels(sold: Iterable[Product]) -> dict[str, Level]:
    made = (
        Level(
            f"{place}{product.record}",
            product.record,
            place,
            int(product.record) % 90,
            product.created_at,
            product.updated_at,
        )
        for place in LOCATIONS
        for product in sold
    )
    return {level.record: level for level in made}


def checkouts(customers: Iterable[Customer], orders: Iterable[Order]) -> dict[str, Checkout]:
    """Customers came back and went again, an hour after they were last seen."""
    wanted = [order for _, order in zip(range(5), orders, strict=False)]
    if not wanted:
        return {}
    found = {}
    for place, customer in enumerate(customers):
        if place % EVERY:
            continue
        like = wanted[place % len(wanted)]
        if customer.updated_at is None:
            continue
        moment = customer.updated_at + timedelta(hours=1)
        record = str(700_000 + place)
        found[record] = Checkout(
            record, customer.record, like.lines[:1], like.currency, moment, moment
        )
    return found


def refunds(orders: Iterable[Order]) -> dict[str, list[Refund]]:
    return {
        order.record: [Refund(Decimal("5.00"), order.updated_at)]
        for order in orders
        if order.status == "completed" and int(order.record) % GOODWILL == 0
    }
