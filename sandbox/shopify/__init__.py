"""The shop: Shopify's Admin GraphQL API, customers and orders.

Auth: client credentials at POST /admin/oauth/access_token (24 h), or a static token
Page: 250   Query: 1,000 points   metafieldsSet: 25, all or none   Zone: Europe/Istanbul
Any version is answered alike. What others write as metafields is in `given` as namespace.key.
The only REST call is shop.json, with which the vendor's client tests its credentials.

Faults (at the GraphQL address): throttled (a 200), server_error (502) and html replace the next
answer. slow_done carries out the next mutation and then answers 504; short_page leaves one
node out of the next list.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, ClassVar

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.utilities import get_operation_ast
from starlette.responses import JSONResponse, Response

from sandbox.records import Customer, Order
from sandbox.shopify.cost import MOST, Bucket, Costs, throttled, too_dear
from sandbox.shopify.metafields import Definitions
from sandbox.shopify.mutations import Mutations
from sandbox.shopify.nodes import SHOP, Row, gid
from sandbox.shopify.pages import Key, connection, tests
from sandbox.shopify.tokens import Tokens
from sandbox.web import Call, page

SCHEMA = build_schema(files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8"))
TOKEN_PATH = "/admin/oauth/access_token"
PATH = re.compile(r"/admin/api/(\d{4}-\d\d|unstable)/(graphql|shop)\.json")
SCOPES = frozenset(("read_customers", "write_customers", "read_orders"))
FIELDS: dict[str, Callable[[Any], Any]] = {
    "id": lambda item: int(item.record),
    "email": lambda item: item.email.lower(),
    "updated_at": lambda item: int(item.updated_at.timestamp()),
    "created_at": lambda item: int(_created(item).timestamp()),
    "processed_at": lambda item: int(_created(item).timestamp()),
}
SORTS = {"UPDATED_AT": "updated_at", "CREATED_AT": "created_at", "PROCESSED_AT": "created_at"}


class Shopify(Mutations):
    INSTANT: ClassVar = {
        "throttled": lambda: JSONResponse({"errors": [throttled()]}),
        "server_error": lambda: page("502 Bad Gateway", "nginx", 502),
        "html": lambda: page("My shop", "Opening soon"),
    }

    def __init__(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        client_id: str | None = None,
        client_secret: str | None = None,
        static_token: str | None = None,
        token_seconds: float = 86_400,
        bucket: float = 200_000,
        restore: float = 20_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bucket` points refill by `restore` a second; a Standard shop has 2,000 and 100."""
        super().__init__(customers, orders)
        self.client_id = client_id or secrets.token_hex(16)
        self.client_secret = client_secret or f"shpss_{secrets.token_hex(16)}"
        self.tokens = Tokens(self.client_id, self.client_secret, static_token, token_seconds, clock)
        self.bucket = Bucket(bucket, restore, clock)
        self.scopes = set(SCOPES)
        self.tags, self.notes, self.metafield_types = {}, {}, {}
        self.definitions = Definitions()
        self._root: dict[str, Any] = {
            "customer": self._customer,
            "customers": self._customers,
            "customersCount": lambda info, **asked: self._count("customers", **asked),
            "order": self._order,
            "orders": self._orders,
            "ordersCount": lambda info, **asked: self._count("orders", **asked),
            "metafieldDefinitions": self._definitions,
            "node": lambda info, id: self._node(id),
            "nodes": lambda info, ids: [self._node(id_) for id_ in ids],
            "shop": SHOP,
            "currentAppInstallation": self._installation,
            "customerCreate": self._writing(self.customer_create),
            "customerUpdate": self._writing(self.customer_update),
            "tagsAdd": self._writing(self.tags_add),
            "metafieldsSet": self._writing(self.metafields_set),
            "metafieldsDelete": self._writing(self.metafields_delete),
            "metafieldDefinitionCreate": self._writing(self.definition_create),
        }

    def breakable(self, call: Call) -> bool:
        return call.path.endswith("/graphql.json")

    def is_write(self, call: Call) -> bool:
        return b"mutation" in call.body

    def answer(self, call: Call) -> Response:
        if call.path == TOKEN_PATH and call.method == "POST":
            return self.tokens.grant(call, self.scopes)
        match = PATH.fullmatch(call.path)
        if match is None:
            return JSONResponse({"errors": "Not Found"}, 404)
        if not self.tokens.valid(call.request.headers.get("x-shopify-access-token", "")):
            text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": text}, 401)
        version = {"X-Shopify-API-Version": match[1]}
        if match[2] == "shop":
            return JSONResponse({"shop": {"id": 1, "name": SHOP["name"]}}, headers=version)
        return JSONResponse(self._run(call), headers=version)

    def _run(self, call: Call) -> Row:
        try:
            body = call.json()
            document, errors = _document(str(body.get("query") or ""))
        except (ValueError, AttributeError, GraphQLError) as error:
            return {"errors": [{"message": str(error)}]}
        operation = get_operation_ast(document, body.get("operationName"))
        if errors or operation is None:
            told = [error.formatted for error in errors]
            return {"errors": told or [{"message": "No operation of that name in the query"}]}
        return self._paid(document, operation, body)

    def _paid(self, document: DocumentNode, operation: OperationDefinitionNode, body: Row) -> Row:
        """Runs the operation when the bucket holds what it may cost; pays what it did cost."""
        variables = body.get("variables") or {}
        costs = Costs(document, operation, variables)
        requested = costs.requested()
        if requested > MOST:
            return {"errors": [too_dear(requested)]}
        if requested > self.bucket.available:
            report = {"cost": self.bucket.report(requested, None)}
            return {"errors": [throttled()], "extensions": report}
        result = execute_sync(
            SCHEMA,
            document,
            self._root,
            variable_values=variables,
            operation_name=body.get("operationName"),
        )
        actual = costs.actual(result.data)
        self.bucket.spend(actual)
        answer: Row = {"data": result.data}
        if result.errors:
            answer = {"errors": [error.formatted for error in result.errors]} | answer
        return answer | {"extensions": {"cost": self.bucket.report(requested, actual)}}

    def _need(self, scope: str, field: str) -> None:
        if scope not in self.scopes:
            text = f"Access denied for {field} field. Required access: `{scope}` access scope."
            more = {"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."}
            raise GraphQLError(text, extensions=more)

    def _writing(self, mutate: Callable[..., Row]) -> Callable[..., Row]:
        def guarded(info: Any, **arguments: Any) -> Row:
            self._need("write_customers", info.field_name)
            return mutate(info, **arguments)

        return guarded

    def _customers(self, info: Any, **asked: Any) -> Row:
        self._need("read_customers", "customers")
        return self._page("customers", self.customer_node, **asked)

    def _orders(self, info: Any, **asked: Any) -> Row:
        self._need("read_orders", "orders")
        return self._page("orders", self.order_node, **asked)

    def _page(
        self,
        kind: str,
        node: Callable[[int], Row],
        query: str = "",
        **asked: Any,
    ) -> Row:
        keys = self._keys(kind, asked.pop("sortKey"), query)
        return connection(keys, node, shorten=self.shortened, **asked)

    def _keys(self, kind: str, sort_key: str, query: str | None) -> list[Key]:
        conditions = tests(query, FIELDS)
        held = self.customers if kind == "customers" else self.orders
        found = [item for item in held.values() if all(test(item) for test in conditions)]
        if sort_key in SORTS:
            value = FIELDS[SORTS[sort_key]]
            return sorted((value(item), int(item.record)) for item in found)
        if sort_key == "NAME":
            return sorted((item.name, int(item.record)) for item in found)
        return sorted((int(item.record), int(item.record)) for item in found)

    def _count(self, kind: str, limit: int | None = None, query: str | None = None) -> Row:
        self._need(f"read_{kind}", f"{kind}Count")
        found = len(self._keys(kind, "ID", query))
        if limit is not None and found > limit:
            return {"count": limit, "precision": "AT_LEAST"}
        return {"count": found, "precision": "EXACT"}

    def _definitions(self, info: Any, ownerType: str, **asked: Any) -> Row:  # noqa: N803 - theirs
        self._need("read_customers", "metafieldDefinitions")
        found = self.definitions.found(ownerType, asked.get("namespace"))
        return {"nodes": found, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}

    def _customer(self, info: Any, id: str) -> Row | None:  # noqa: A002 - the schema's name
        self._need("read_customers", "customer")
        record = self.owner(id)
        return self.customer_node(int(record)) if record else None

    def _order(self, info: Any, id: str) -> Row | None:  # noqa: A002 - the schema's name
        self._need("read_orders", "order")
        record = id.rpartition("/")[2]
        known = id == gid("Order", record) and record in self.orders
        return self.order_node(int(record)) if known else None

    def _node(self, id_: str) -> Row | None:
        read = self._order if "/Order/" in id_ else self._customer
        return read(None, id_)

    def _installation(self, info: Any) -> Row:
        scopes = [{"handle": scope, "description": scope} for scope in sorted(self.scopes)]
        return {"id": gid("AppInstallation", 1), "accessScopes": scopes}


@lru_cache(maxsize=256)
def _document(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """Parsed and validated once for each text; raises GraphQLError when it is no GraphQL."""
    document = parse(query)
    return document, validate(SCHEMA, document)


def _created(item: Customer | Order) -> Any:
    return item.created_at if isinstance(item, Customer) else item.ordered_at
