"""What the store has besides people and orders: products, variations, coupons and refunds.

They follow from the orders: what was sold exists, and some orders were paid back in part.
A store older than version 9 has no list of all refunds (`has_refunds` false).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from sandbox.records import Order
from sandbox.woocommerce.queries import choice, ids, moment, several
from sandbox.woocommerce.rows import dates, links, money, product_id

VARIABLE = 4  # one product in so many comes in two sizes
PAID_BACK = 20  # one order in so many
COUPONS = {"HOSGELDIN10": "percent", "BAYRAM50": "fixed_cart", "KARGO": "fixed_product"}
FILTERS = ("modified_after", "modified_before")


@dataclass
class Item:
    """`values`: what its row shows besides number, dates and links."""

    record: str
    created_at: datetime
    updated_at: datetime
    values: dict[str, Any] = field(default_factory=dict)
    parent: str = ""


class Goods:
    """Collections by name; each number -> Item."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self.has_refunds = True
        self.refunded: dict[str, list[Item]] = {}
        sold = sorted(orders, key=lambda order: int(order.record))
        self.items: dict[str, dict[str, Item]] = {
            "products": {},
            "variations": {},
            "coupons": {},
            "refunds": {},
        }
        for order in sold:
            for line in order.lines:
                self._sell(line.sku, line.product, line.unit_price, order.ordered_at)
        for place, order in enumerate(sold):
            if place % PAID_BACK == PAID_BACK - 1:
                self._pay_back(order)
        start = sold[0].ordered_at if sold else datetime.fromisoformat("2026-01-01T00:00:00Z")
        for place, (code, kind) in enumerate(COUPONS.items(), 1):
            values = {"code": code.lower(), "amount": "10.00", "discount_type": kind}
            values |= {"usage_count": place, "date_expires_gmt": None, "description": ""}
            self._add("coupons", Item(str(900_000 + place), start, start, values))

    def _add(self, name: str, item: Item) -> None:
        self.items[name][item.record] = item

    def _sell(self, sku: str, title: str, price: Decimal, when: datetime) -> None:
        number = str(product_id(sku))
        if number in self.items["products"]:
            return
        made = when - timedelta(days=1)
        variable = len(self.items["products"]) % VARIABLE == 0
        stock = {"manage_stock": True, "stock_quantity": 50, "stock_status": "instock"}
        values = {"name": title, "sku": sku, "price": money(price), "regular_price": money(price)}
        values |= {"status": "publish", **stock}
        sizes = ("S", "L") if variable else ()
        varied = [str(int(number) * 10 + place) for place, _ in enumerate(sizes, 1)]
        for record, size in zip(varied, sizes, strict=True):
            options = {"attributes": [{"id": 1, "name": "Beden", "option": size}]}
            own = {**values, "sku": f"{sku}-{size}", **options}
            self._add("variations", Item(record, made, made, own, parent=number))
        category = [{"id": 15, "name": "Genel", "slug": "genel"}]
        values |= {"type": "variable" if variable else "simple", "parent_id": 0}
        values |= {"categories": category, "tags": [], "variations": list(map(int, varied))}
        self._add("products", Item(number, made, made, values))

    def _pay_back(self, order: Order) -> None:
        amount = money(order.lines[0].unit_price)
        values = {"amount": amount, "reason": "İade", "refunded_by": 1, "line_items": []}
        when = order.updated_at
        item = Item(f"{order.record}00", when, when, values, parent=order.record)
        self._add("refunds", item)
        self.refunded.setdefault(order.record, []).append(item)

    def refunds_of(self, order: str) -> list[Item]:
        return self.refunded.get(order, [])

    def find(self, request: Request, name: str, parent: str | None) -> list[Item]:
        """What a list shows, filtered; by number, as our reads want it, or newest first."""
        key = choice(request, "orderby", ("date", "id", "modified"), "date")
        backwards = choice(request, "order", ("asc", "desc"), "desc") == "desc"
        found = [i for i in self.items[name].values() if parent in (None, i.parent)]
        for bound in FILTERS:
            if (limit := moment(request, bound)) is not None:
                after = bound == "modified_after"
                found = [i for i in found if i.updated_at != limit]
                found = [i for i in found if (i.updated_at > limit) == after]
        if include := ids(request, "include"):
            found = [i for i in found if i.record in include]
        if kinds := several(request, "type"):
            found = [i for i in found if i.values.get("type") in kinds]
        sorts = {"id": lambda i: int(i.record), "modified": lambda i: i.updated_at}
        return sorted(found, key=sorts.get(key, lambda i: i.created_at), reverse=backwards)

    def row(self, name: str, item: Item, base: str) -> dict[str, Any]:
        parent = {"parent_id": int(item.parent)} if item.parent else {}
        changed = {} if name == "refunds" else dates("date_modified", item.updated_at)
        return {
            "id": int(item.record),
            **dates("date_created", item.created_at),
            **changed,
            **parent,
            **item.values,
            "meta_data": [],
            "_links": links(f"{base}/{name}/{item.record}", f"{base}/{name}"),
        }
