"""A lean Shopify with orders only: python -m drills.shop ROWS. Every row follows from its number.

It answers the queries the product asks while it reads orders by bulk operations, and knows them
by their names; types come from the sandbox's schema. Children come some rows after their parents.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import orjson
from graphql import graphql_sync

from drills.lean import serve
from sandbox.shopify import SCHEMA
from sandbox.shopify.words import gid

LINES = 3  # of an order
APART = 500  # orders before their lines
RANGE = re.compile(r"id:(>|<=)(\d+)")
NAMED = re.compile(r"\s*(?:query|mutation) (\w+)")
DAY = "2026-03-01T10:00:00Z"


class Orders:
    def __init__(self, rows: int) -> None:
        self.rows, self.base = rows, ""
        self.operations: list[range] = []

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
        if path.startswith("/bulk/"):
            numbers = self.operations[int(path.rpartition("/")[2].partition(".")[0])]
            return 200, lines(numbers)
        asked = orjson.loads(body)
        name = NAMED.match(asked["query"])
        assert name is not None
        return 200, {
            "data": getattr(self, f"_{name[1].lower()}")(asked["query"], asked["variables"])
        }

    def _types(self, query: str, given: Any) -> Any:
        return graphql_sync(SCHEMA, query).data

    def _scopes(self, query: str, given: Any) -> Any:
        return {"currentAppInstallation": {"accessScopes": [{"handle": "read_all_orders"}]}}

    def _count(self, query: str, given: Any) -> Any:
        return {"held": {"count": len(self._found(given["whole"])), "precision": "EXACT"}}

    def _span(self, query: str, given: Any) -> Any:
        found = self._found(given["whole"])
        first, last = ([{"id": gid("Order", n)} for n in part] for part in (found[:1], found[-1:]))
        return {**self._count(query, given), "first": {"nodes": first}, "last": {"nodes": last}}

    def _listed(self, query: str, given: Any) -> Any:
        found = self._found(given["query"])
        nodes = [{"id": gid("Order", n), "updatedAt": DAY} for n in found[:250]]
        rows = {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > 250}}
        return {"rows": rows, **self._count(query, given)}

    def _run(self, query: str, given: Any) -> Any:
        self.operations.append(self._found(given["query"]))
        operation = {"id": gid("BulkOperation", len(self.operations) - 1)}
        return {"bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": []}}

    def _state(self, query: str, given: Any) -> Any:
        number = int(given["id"].rpartition("/")[2])
        if number >= len(self.operations):
            return {"bulkOperation": None}
        count = len(self.operations[number])
        state = {
            "status": "COMPLETED",
            "errorCode": None,
            "objectCount": str(count * (1 + LINES)),
            "rootObjectCount": str(count),
            "url": f"{self.base}/bulk/{number}.jsonl" if count else None,
            "partialDataUrl": None,
        }
        return {"bulkOperation": state}

    def _found(self, filters: str | None) -> range:
        low, high = 0, self.rows
        for sign, number in RANGE.findall(filters or ""):
            low, high = (
                (max(low, int(number)), high) if sign == ">" else (low, min(high, int(number)))
            )
        return range(low + 1, high + 1)


def lines(numbers: range) -> Iterator[bytes]:
    for start in range(0, len(numbers), APART):
        some = numbers[start : start + APART]
        yield b"".join(_order(n) for n in some)
        yield b"".join(_line(n, line) for n in some for line in range(LINES))


def _order(number: int) -> bytes:
    total = {"shopMoney": {"amount": f"{number % 9000}.50", "currencyCode": "TRY"}}
    order = {
        "id": gid("Order", number),
        "name": f"#{number}",
        "email": f"kisi{number}@ornek.example",
        "createdAt": DAY,
        "updatedAt": DAY,
        "currencyCode": "TRY",
        "tags": [],
        "customer": {"id": gid("Customer", number % 70_001)},
        "currentTotalPriceSet": total,
        "fulfillments": [],
        "refunds": [],
    }
    return orjson.dumps(order) + b"\n"


def _line(number: int, line: int) -> bytes:
    price = {"shopMoney": {"amount": "12.50", "currencyCode": "TRY"}}
    item = {
        "__typename": "LineItem",
        "id": gid("LineItem", number * 10 + line),
        "sku": f"SKU-{number % 977}",
        "title": "Zeytin",
        "quantity": line + 1,
        "originalUnitPriceSet": price,
        "__parentId": gid("Order", number),
    }
    return orjson.dumps(item) + b"\n"


if __name__ == "__main__":
    orders = Orders(int(sys.argv[1]))
    serve(orders.answer, lambda url: setattr(orders, "base", url))
