"""The shop: Shopify's Admin GraphQL API: people, orders, open checkouts, products, stock.

Auth: client credentials at POST /admin/oauth/access_token (24 h), or a static token
Page: 250   Query: 1,000 points   metafieldsSet: 25, all or none   Zone: Europe/Istanbul
Any version is answered alike. What others write as metafields is in `given` as namespace.key.
The only REST call is shop.json, with which the vendor's client tests its credentials.

Faults (at the GraphQL address): throttled (a 200), server_error (502) and html replace the next
answer. slow_done carries out the next mutation and then answers 504; short_page leaves one
node out of the next list. bulk_busy refuses the next bulk operation; bulk_failed, bulk_canceled
and bulk_expired end it so; bulk_short leaves a line out of its result.
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
from sandbox.shopify.bulk import FAULTS, Bulk
from sandbox.shopify.cost import MOST, Bucket, Costs, throttled, too_dear
from sandbox.shopify.goods import checkouts, levels, products, refunds
from sandbox.shopify.metafields import Definitions
from sandbox.shopify.nodes import SHOP
from sandbox.shopify.roots import Roots
from sandbox.shopify.tokens import Tokens
from sandbox.shopify.words import Row
from sandbox.web import Call, WebStore, page

SCHEMA = build_schema(files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8"))
TOKEN_PATH = "/admin/oauth/access_token"
PATH = re.compile(r"/admin/api/(\d{4}-\d\d|unstable)/(graphql|shop)\.json")
SCOPES = frozenset(
    ("read_customers", "write_customers", "read_orders", "read_all_orders")
    + ("read_products", "read_inventory")
)


class Shopify(Roots):
    INSTANT: ClassVar = {
        "throttled": lambda: JSONResponse({"errors": [throttled()]}),
        "server_error": lambda: page("502 Bad Gateway", "nginx", 502),
        "html": lambda: page("My shop", "Opening soon"),
    }

    LATER: ClassVar = (*WebStore.LATER, *FAULTS)

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
        self.definitions, self.to_erase, self.unsubscribed = Definitions(), set(), set()
        self.products = products(self.orders.values())
        self.levels = levels(self.products.values())
        self.checkouts = checkouts(self.customers.values(), self.orders.values())
        self.refunds, self.destroyed = refunds(self.orders.values()), []
        self.bulk = Bulk(SCHEMA, self.take)
        self._root: dict[str, Any] = self.roots() | {
            "bulkOperation": lambda info, id: self.bulk.state(id),
            "bulkOperationRunQuery": lambda info, query, **_: self.bulk.run(self._root, query),
            "customerCreate": self._writing(self.customer_create),
            "customerUpdate": self._writing(self.customer_update),
            "customerRequestDataErasure": self._writing(self.data_erasure),
            "tagsAdd": self._writing(self.tags_add),
            "tagsRemove": self._writing(self.tags_remove),
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
        if call.path.startswith("/bulk/"):
            return self.bulk.file(call)
        self.bulk.base = str(call.request.base_url).rstrip("/")
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

    def _writing(self, mutate: Callable[..., Row]) -> Callable[..., Row]:
        def guarded(info: Any, **arguments: Any) -> Row:
            self.need("write_customers", info.field_name)
            return mutate(info, **arguments)

        return guarded


@lru_cache(maxsize=256)
def _document(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """Parsed and validated once for each text; raises GraphQLError when it is no GraphQL."""
    document = parse(query)
    return document, validate(SCHEMA, document)
