"""What a query may ask for at its root: lists, counts, single objects, events."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLError

from sandbox.records import Customer, Order
from sandbox.shopify.goods import LOCATIONS, Checkout, Destroyed, Level, Product
from sandbox.shopify.metafields import Definitions
from sandbox.shopify.more_nodes import (
    checkout_node,
    level_gid,
    level_node,
    product_node,
    variant_node,
)
from sandbox.shopify.mutations import Mutations
from sandbox.shopify.nodes import SHOP
from sandbox.shopify.pages import Key, connection, tests
from sandbox.shopify.words import Row, gid, iso
from sandbox.web import now

Item = Customer | Order | Product | Level | Checkout
HIDDEN = timedelta(days=60)
GID = re.compile(r"gid://shopify/(\w+)/(\d+)(?:\?.*)?")
FIELDS: dict[str, Callable[[Any], Any]] = {
    "id": lambda item: int(item.record),
    "email": lambda item: item.email.lower(),
    "updated_at": lambda item: int(item.updated_at.timestamp()),
    "created_at": lambda item: int(_created(item).timestamp()),
    "processed_at": lambda item: int(_created(item).timestamp()),
}
SORTS = {"UPDATED_AT": "updated_at", "CREATED_AT": "created_at", "PROCESSED_AT": "created_at"}
# root field -> type and scope
LISTS = {
    "customers": ("Customer", "read_customers"),
    "orders": ("Order", "read_orders"),
    "abandonedCheckouts": ("AbandonedCheckout", "read_orders"),
    "products": ("Product", "read_products"),
    "productVariants": ("ProductVariant", "read_products"),
}
SCOPE_OF = {**dict(LISTS.values()), "InventoryLevel": "read_inventory", "Refund": "read_orders"}


class Roots(Mutations):
    scopes: set[str]
    definitions: Definitions
    products: dict[str, Product]
    levels: dict[str, Level]
    checkouts: dict[str, Checkout]
    destroyed: list[Destroyed]

    def roots(self) -> dict[str, Any]:
        lists = {name: self._list for name in LISTS}
        counts = {f"{name}Count": self._count for name in LISTS}
        return {
            **lists,
            **counts,
            "customer": lambda info, id: self._node(id),
            "customerByIdentifier": lambda info, identifier: self._identified(**identifier),
            "order": lambda info, id: self._node(id),
            "location": lambda info, id: self._location(id),
            "locations": self._locations,
            "events": self._events,
            "metafieldDefinitions": self._definitions,
            "node": lambda info, id: self._node(id),
            "nodes": lambda info, ids: [self._node(id_) for id_ in ids],
            "shop": SHOP,
            "currentAppInstallation": self._installation,
        }

    def held(self, type_: str) -> Mapping[str, Any]:
        return {
            "Customer": self.customers,
            "Order": self.orders,
            "AbandonedCheckout": self.checkouts,
            "Product": self.products,
            "ProductVariant": self.products,
            "InventoryLevel": self.levels,
        }[type_]

    def _identified(self, emailAddress: str = "", id: str = "") -> Row | None:  # noqa: A002, N803 - theirs
        self.need("read_customers", "customerByIdentifier")
        record = self.by_email(emailAddress) if emailAddress else self.owner(id)
        return self.customer_node(int(record)) if record else None

    def destroy(self, type_: str, record: str) -> None:
        """Somebody deletes it for good; the shop's events know."""
        with self.lock:
            del self.held(type_)[record]  # type: ignore[attr-defined]  # they are all dicts
            self.destroyed.append(Destroyed(type_, record, now()))
            self.forget_emails()

    def need(self, scope: str, field: str) -> None:
        if scope not in self.scopes:
            text = f"Access denied for {field} field. Required access: `{scope}` access scope."
            more = {"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."}
            raise GraphQLError(text, extensions=more)

    def node(self, type_: str, number: int) -> Row:
        record = str(number)
        if type_ == "Customer":
            return self.customer_node(number)
        if type_ == "Order":
            return self.order_node(number)
        if type_ == "AbandonedCheckout":
            checkout = self.checkouts[record]
            known = checkout.customer in self.customers
            return checkout_node(
                checkout, self.customer_node(int(checkout.customer)) if known else None
            )
        if type_ == "InventoryLevel":
            level = self.levels[record]
            return level_node(level, self.products[level.product])
        stock = sum(level.available for level in self.levels.values() if level.product == record)
        made = product_node if type_ == "Product" else variant_node
        return made(self.products[record], stock)

    def _list(self, info: Any, sortKey: str = "ID", query: str = "", **asked: Any) -> Row:  # noqa: N803 - theirs
        type_, scope = LISTS[info.field_name]
        self.need(scope, info.field_name)
        keys = self._keys(type_, sortKey, query)
        return connection(
            keys, lambda number: self.node(type_, number), shorten=self.shortened, **asked
        )

    def _keys(self, type_: str, sort_key: str, query: str | None) -> list[Key]:
        conditions = tests(query, FIELDS)
        found = [
            item
            for item in self.held(type_).values()
            if self._seen(item) and all(test(item) for test in conditions)
        ]
        if sort_key in SORTS:
            value = FIELDS[SORTS[sort_key]]
            return sorted((value(item), int(item.record)) for item in found)
        if sort_key == "NAME":
            return sorted((item.name, int(item.record)) for item in found)
        return sorted((int(item.record), int(item.record)) for item in found)

    def _seen(self, item: Item) -> bool:
        """Older orders are hidden from apps without a scope of its own."""
        if not isinstance(item, Order) or "read_all_orders" in self.scopes:
            return True
        return item.ordered_at >= now() - HIDDEN

    def _count(self, info: Any, limit: int | None = None, query: str | None = None) -> Row:
        type_, scope = LISTS[info.field_name.removesuffix("Count")]
        self.need(scope, info.field_name)
        found = len(self._keys(type_, "ID", query))
        if limit is not None and found > limit:
            return {"count": limit, "precision": "AT_LEAST"}
        return {"count": found, "precision": "EXACT"}

    def _node(self, id_: str) -> Row | None:
        match = GID.fullmatch(id_)
        if match is None or match[1] not in SCOPE_OF:
            return None
        type_, record = match.groups()
        self.need(SCOPE_OF[type_], "node")
        if type_ == "Refund":
            refunds = self.node("Order", int(record[:-1]))["refunds"](None)
            return next(refund for refund in refunds if refund["id"] == id_)
        item = self.held(type_).get(record)
        return self.node(type_, int(record)) if item and self._seen(item) else None

    def _location(self, id_: str) -> Row | None:
        self.need("read_inventory", "location")
        record = id_.rpartition("/")[2]
        return self._place(record) if record in LOCATIONS else None

    def _locations(self, info: Any, **asked: Any) -> Row:
        self.need("read_inventory", "locations")
        keys = [(int(record), int(record)) for record in LOCATIONS]
        return connection(keys, lambda number: self._place(str(number)), **asked)

    def _place(self, record: str) -> Row:
        def stocked(info: Any, query: str | None = None, **asked: Any) -> Row:
            conditions = tests(query, FIELDS)
            keys = [
                (level.record, place)
                for place, level in enumerate(self.levels.values())
                if level.location == record and all(test(level) for test in conditions)
            ]
            held = list(self.levels.values())
            return connection(
                sorted(keys),
                lambda place: self.node("InventoryLevel", int(held[place].record)),
                shorten=self.shortened,
                **asked,
            )

        name = {"id": gid("Location", record), "name": LOCATIONS[record]}
        return {"__typename": "Location", **name, "inventoryLevels": stocked}

    def _events(self, info: Any, query: str | None = None, **asked: Any) -> Row:
        said = {"action": "destroy", "id": "", "author": ""}
        fields: dict[str, Callable[[Any], Any]] = {
            "action": lambda event: "destroy",
            "subject_type": lambda event: _subject(event.type).lower(),
            "created_at": lambda event: int(event.at.timestamp()),
        }
        conditions = tests(query, fields)
        found = [e for e in self.destroyed if all(test(e) for test in conditions)]

        def event(place: int) -> Row:
            gone = found[place]
            subject = gid(gone.type, gone.record)
            return {
                **said,
                "__typename": "BasicEvent",
                "id": gid("BasicEvent", place),
                "createdAt": iso(gone.at),
                "subjectId": subject,
                "subjectType": _subject(gone.type),
            }

        return connection([(place, place) for place in range(len(found))], event, **asked)

    def _definitions(self, info: Any, ownerType: str, **asked: Any) -> Row:  # noqa: N803 - theirs
        self.need("read_customers", "metafieldDefinitions")
        found = self.definitions.found(ownerType, asked.get("namespace"))
        return {"nodes": found, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}

    def _installation(self, info: Any) -> Row:
        scopes = [{"handle": scope, "description": scope} for scope in sorted(self.scopes)]
        return {"id": gid("AppInstallation", 1), "accessScopes": scopes}


def key_of(type_: str, item: Any) -> str:
    return level_gid(item) if type_ == "InventoryLevel" else gid(type_, item.record)


def _subject(type_: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type_).upper()


def _created(item: Any) -> datetime:
    moment: datetime = item.ordered_at if isinstance(item, Order) else item.created_at
    return moment
