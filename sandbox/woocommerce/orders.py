"""/orders: filtered by their dates, trash hidden from `any`, guests without an account."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request

from sandbox.records import Line, Order
from sandbox.web import WebStore, now
from sandbox.woocommerce.goods import Goods
from sandbox.woocommerce.meta import Meta
from sandbox.woocommerce.problems import Problem, invalid, no_order, not_one_of
from sandbox.woocommerce.queries import choice, forced, ids, moment, number, several
from sandbox.woocommerce.rows import order_row

ORDER_BY = ("date", "id", "include", "title", "slug", "modified")
HIDDEN = ("trash", "checkout-draft")
STATUSES = (
    "auto-draft",
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)
FILTERS = ("modified_after", "modified_before", "after", "before")


class Orders(WebStore):
    order_meta: Meta
    goods: Goods
    _by_id: list[Order] | None = None  # all orders by id, as most reads want them

    def find_orders(self, request: Request) -> list[str]:
        key = choice(request, "orderby", ORDER_BY, "date")
        backwards = choice(request, "order", ("asc", "desc"), "desc") == "desc"
        for name, default in (("page", 1), ("per_page", 10)):
            number(request, name, default, 100 if name == "per_page" else 10**9)
        statuses = self._statuses(request)
        found = [o for o in self._sorted_by_id() if o.status in statuses]
        found = _dated(found, {name: moment(request, name) for name in FILTERS})
        include, exclude = ids(request, "include"), ids(request, "exclude")
        customer = request.query_params.get("customer")
        if include:
            found = [o for o in found if o.record in include]
        if exclude:
            found = [o for o in found if o.record not in exclude]
        if customer is not None:
            found = [o for o in found if (o.customer or "0") == customer]
        if key in SORTS:
            found.sort(key=SORTS[key])  # stable: the id breaks ties
        return [o.record for o in (reversed(found) if backwards else found)]

    def order_row(self, record: str, base: str) -> dict[str, Any]:
        order = self.orders[record]
        customer = self.customers.get(order.customer or "")
        refunds = [
            {"id": int(i.record), "reason": i.values["reason"], "total": f"-{i.values['amount']}"}
            for i in self.goods.refunds_of(record)
        ]
        return order_row(order, customer, self.order_meta.rows(record), refunds, base)

    def create_order(self, body: dict[str, Any]) -> str:
        moment_now = now()
        order = Order(
            record=self.new_id(),
            person="",
            customer=None,
            ordered_at=moment_now,
            updated_at=moment_now,
            currency=str(body.get("currency") or "TRY"),
            status="pending",
        )
        self._write_order(order, body)
        self.orders[order.record] = order
        self._by_id = None
        return order.record

    def update_order(self, record: str, body: dict[str, Any]) -> str:
        if record not in self.orders:
            raise no_order()
        self._write_order(self.orders[record], body)
        return record

    def delete_order(self, record: str, request: Request) -> dict[str, Any]:
        if record not in self.orders:
            raise no_order()
        if forced(request):
            return self.remove_order(record, "")
        order = self.orders[record]
        order.status, order.updated_at = "trash", now()
        return self.order_row(record, "")

    def remove_order(self, record: str, base: str) -> dict[str, Any]:
        if record not in self.orders:
            raise no_order()
        row = self.order_row(record, base)
        del self.orders[record]
        self._by_id = None
        return row

    def _sorted_by_id(self) -> list[Order]:
        if self._by_id is None or len(self._by_id) != len(self.orders):
            self._by_id = sorted(self.orders.values(), key=lambda order: int(order.record))
        return self._by_id

    def _statuses(self, request: Request) -> set[str]:
        wanted = several(request, "status") or ["any"]
        valid = ("any", "trash", *STATUSES)
        if any(status not in valid for status in wanted):
            raise not_one_of("status[0]", valid)
        if "any" in wanted:
            wanted = [*wanted, *(status for status in STATUSES if status not in HIDDEN)]
        return set(wanted)

    def _write_order(self, order: Order, body: dict[str, Any]) -> None:
        status = body.get("status", order.status)
        if status not in STATUSES:
            raise not_one_of("status", STATUSES)
        customer = int(body.get("customer_id", order.customer or 0) or 0)
        if customer and str(customer) not in self.customers:
            text = "Customer ID is invalid."
            raise Problem(400, "woocommerce_rest_invalid_customer_id", text)
        lines = [_line(place, item) for place, item in enumerate(body.get("line_items", []), 1)]
        billing = body.get("billing") or {}
        order.status, order.customer = status, str(customer) if customer else None
        order.lines = lines or order.lines
        name = f"{billing.get('first_name', '')} {billing.get('last_name', '')}".strip()
        order.name = name or order.name
        order.email = billing.get("email", order.email)
        order.phone = billing.get("phone", order.phone)
        order.company = billing.get("company", order.company)
        order.address = billing.get("address_1", order.address)
        order.city = billing.get("city", order.city)
        order.postcode = billing.get("postcode", order.postcode)
        self.order_meta.write(order.record, body.get("meta_data", []), hidden=True)
        order.updated_at = now()


def _line(place: int, item: dict[str, Any]) -> Line:
    try:
        quantity = int(item.get("quantity", 1))
        total = Decimal(str(item.get("total", item.get("subtotal", "0"))))
    except (InvalidOperation, ValueError):
        text = "line_items[0][quantity] is not of type integer."
        raise invalid("line_items", text, "rest_invalid_type") from None
    sku = str(item.get("sku") or f"P{item.get('product_id', place)}")
    price = total / quantity if quantity else Decimal(0)
    return Line(place, sku, str(item.get("name") or sku), quantity, price)


def _dated(orders: list[Order], bounds: dict[str, datetime | None]) -> list[Order]:
    """Bounds are exclusive, and the store knows whole seconds only."""
    for name, bound in bounds.items():
        if bound is None:
            continue
        limit = int(bound.timestamp())
        seconds = _modified if name.startswith("modified") else _ordered
        if name.endswith("after"):
            orders = [o for o in orders if seconds(o) > limit]
        else:
            orders = [o for o in orders if seconds(o) < limit]
    return orders


def _modified(order: Order) -> int:
    return int(order.updated_at.timestamp())


def _ordered(order: Order) -> int:
    return int(order.ordered_at.timestamp())


SORTS = {"date": _ordered, "modified": _modified}
