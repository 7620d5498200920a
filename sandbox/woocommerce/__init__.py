"""The web shop: WooCommerce REST v3 under /wp-json/wc/v3, what it sells and to whom.

Auth: OAuth 1.0a over http, keys over https   Page: 100   Batch: 100   Zone: Europe/Istanbul
Behaves as a real store of version 11.0.1 was seen to. Consent to e-mail is the meta_data key
`newsletter`, yes or no.

Faults: maintenance (503), database_down (500), rate_limited (429), html and gone_plugin replace
the next answer. php_warning puts HTML before the next JSON body. slow_done carries out the next
write and then answers 504; short_page leaves one row out of the next list, still counting it.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response

from sandbox.records import Customer, Order
from sandbox.web import Call, page
from sandbox.woocommerce.auth import Keys
from sandbox.woocommerce.customers import Customers
from sandbox.woocommerce.goods import Goods
from sandbox.woocommerce.meta import Meta
from sandbox.woocommerce.orders import Orders
from sandbox.woocommerce.problems import Problem, no_customer, no_order, no_route
from sandbox.woocommerce.queries import Window, body_too_large, only

ROOT = "/wp-json/wc/v3"
PATH = re.compile(rf"{ROOT}/(customers|orders)(?:/(\d+|batch))?")
GOODS = re.compile(
    rf"{ROOT}/(?:products/(?P<product>\d+)/(?P<variations>variations)"
    r"|orders/(?P<order>\d+)/(?P<refunds>refunds)|(?P<all>products|coupons|refunds))"
)
MOST = 100
WARNING = b"\n<br /><b>Warning</b>: Undefined array key 3 in theme.php on line 12<br />\n"


class WooCommerce(Customers, Orders):
    INSTANT: ClassVar = {
        "maintenance": lambda: page(
            "Maintenance", "Briefly unavailable for scheduled maintenance.", 503, Retry_After="600"
        ),
        "database_down": lambda: page(
            "Database Error", "Error establishing a database connection", 500
        ),
        "rate_limited": lambda: page("429", "Too Many Requests", 429, Retry_After="1"),
        "html": lambda: page("My shop", "Welcome to our shop"),
        "gone_plugin": lambda: no_route().response(),
    }
    LATER: ClassVar = ("slow_done", "short_page", "php_warning")

    def __init__(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        key: str | None = None,
        secret: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(customers, orders)
        self.key = key or f"ck_{secrets.token_hex(20)}"
        self.secret = secret or f"cs_{secrets.token_hex(20)}"
        self._keys = Keys(self.key, self.secret, clock)
        self.roles: dict[str, str] = {}
        self.meta = Meta(self.given)
        self.order_meta = Meta({})
        self.goods = Goods(self.orders.values())

    def answer(self, call: Call) -> Response:
        try:
            response = self._route(call)
        except Problem as problem:
            response = problem.response()
        if "link" not in response.headers:
            root = call.request.url.replace(path="/wp-json/", query="")
            response.headers["link"] = f'<{root}>; rel="https://api.w.org/"'
        if self.take("php_warning"):
            response = Response(WARNING + bytes(response.body), 200, dict(response.headers))
            response.headers["content-length"] = str(len(response.body))
        return response

    def _route(self, call: Call) -> Response:
        self._keys.check(call.request)
        path = call.path.rstrip("/")
        if (goods := GOODS.fullmatch(path)) and call.method == "GET":
            return self._goods(call, goods)
        match = PATH.fullmatch(path)
        if match is None:
            raise no_route()
        kind, record = match.groups()
        if record == "batch":
            return JSONResponse(self._batch(call, kind))
        if record is None:
            return self._list(call, kind) if call.method == "GET" else self._create(call, kind)
        return self._one(call, kind, record)

    def _list(self, call: Call, kind: str) -> Response:
        request = call.request
        found = self.find_customers(request) if kind == "customers" else self.find_orders(request)
        window = Window(request, len(found))
        shown = self.shortened(found[window.start : window.start + window.size])
        rows = [only(request, self._row(call, kind, record)) for record in shown]
        headers = window.headers(total_past_end=kind == "customers")
        return JSONResponse(rows, headers=headers)

    def _goods(self, call: Call, path: re.Match[str]) -> Response:
        name = path["all"] or path["variations"] or path["refunds"]
        if name == "refunds" and path["all"] and not self.goods.has_refunds:
            raise no_route()
        found = self.goods.find(call.request, name, path["product"] or path["order"])
        window = Window(call.request, len(found))
        shown = self.shortened(found[window.start : window.start + window.size])
        rows = [only(call.request, self.goods.row(name, item, self._base(call))) for item in shown]
        return JSONResponse(rows, headers=window.headers(total_past_end=name != "refunds"))

    def _create(self, call: Call, kind: str) -> Response:
        if call.method != "POST":
            raise no_route()
        body = _object(call)
        if kind == "customers" and "email" not in body:
            text = "Missing parameter(s): email"
            raise Problem(400, "rest_missing_callback_param", text, params=["email"])
        record = self._made(kind, body)
        return JSONResponse(self._row(call, kind, record), 201)

    def _one(self, call: Call, kind: str, record: str) -> Response:
        customers = kind == "customers"
        if call.method == "DELETE":
            delete = self.delete_customer if customers else self.delete_order
            return JSONResponse(delete(record, call.request))
        if call.method != "GET":
            self._changed(kind, record, _object(call))
        if record not in (self.customers if customers else self.orders):
            if not customers:
                raise no_order()
            raise Problem(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        return JSONResponse(only(call.request, self._row(call, kind, record)))

    def _row(self, call: Call, kind: str, record: str) -> dict[str, Any]:
        show = self.customer_row if kind == "customers" else self.order_row
        return show(record, self._base(call))

    def _base(self, call: Call) -> str:
        return f"{call.request.url.scheme}://{call.request.url.netloc}{ROOT}"

    def _made(self, kind: str, body: dict[str, Any]) -> str:
        return (self.create_customer if kind == "customers" else self.create_order)(body)

    def _changed(self, kind: str, record: str, body: dict[str, Any]) -> str:
        return (self.update_customer if kind == "customers" else self.update_order)(record, body)

    def _batch(self, call: Call, kind: str) -> Any:
        """One bad item does not stop the others: it comes back as an id with an error."""
        body = _object(call)
        jobs = {verb: body[verb] for verb in ("create", "update", "delete") if body.get(verb)}
        if sum(map(len, jobs.values())) > MOST:
            raise body_too_large(MOST)
        if not jobs:
            return []
        return {verb: [self._item(call, kind, verb, item) for item in jobs[verb]] for verb in jobs}

    def _item(self, call: Call, kind: str, verb: str, item: Any) -> dict[str, Any]:
        number = item if verb == "delete" else item.get("id", 0 if verb == "create" else None)
        try:
            if verb == "create":
                return self._row(call, kind, self._made(kind, item))
            if number is None:
                raise no_customer() if kind == "customers" else no_order()
            if verb == "update":
                return self._row(call, kind, self._changed(kind, str(number), item))
            remove = self.remove_customer if kind == "customers" else self.remove_order
            return remove(str(number), ROOT)
        except Problem as problem:
            return {"id": number, "error": problem.body}


def _object(call: Call) -> dict[str, Any]:
    try:
        body = call.json()
    except ValueError:
        raise Problem(400, "rest_invalid_json", "Invalid JSON body passed.") from None
    if not isinstance(body, dict):
        raise Problem(400, "rest_invalid_json", "Invalid JSON body passed.")
    return body
