"""The company's ERP: SOAP 1.1 rpc/encoded, speaking five of Dolibarr's services.

`GET /webservices/server_thirdparty.php?wsdl` (order, productorservice, invoice, contact), POST
to the same paths. Lists are thin, details cost a call each, an update replaces the whole record,
business errors come as HTTP 200, there is no paging and no changed-since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.erp import goods, types, wire
from sandbox.erp import records as shown
from sandbox.records import Customer, Order
from sandbox.store import Store

PASSWORD = "erp-secret"
FIXED = ("id", "fk_user_author", "date_creation", "date_modification")  # not the caller's
THIN = ("id", "ref", "ref_ext", "address", "zip", "town", "country", "phone", "fax", "url")
FAULTS = ("fault", "business_error", "html", "down")
SQL_ERROR = ("KO", "DB_ERROR_NOSUCHFIELD Unknown column 's.fk_incoterms' in 'SELECT'")
LOGIN_PAGE = "<html><head><title>Login</title></head><body><form>Giriş</form></body></html>"


class Erp(Store):
    """Knows the faults fault, business_error, html, down (any call), short_list (lists),
    dropped_write, side_effect and slow_done (updates). `norights` may log in but do nothing.
    `broken`: operations that answer with a SQL error for good, as some of the real one's do.
    """

    def __init__(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        *,
        key: str = "ws-key",
        login: str = "kopru",
        password: str = PASSWORD,
    ) -> None:
        super().__init__(customers, orders)
        self.key, self.login, self.password = key, login, password
        self.members: dict[str, dict[str, str | None]] = {}  # what a Customer has no place for
        self.broken: set[str] = set()
        self.operations: dict[str, Callable[..., str]] = {
            "getListOfThirdParties": self._list,
            "getThirdParty": self._get,
            "createThirdParty": self._create,
            "updateThirdParty": self._update,
            "getOrdersForThirdParty": self._orders_of,
            "getOrder": self._order,
            **goods.Goods(self).operations,
        }

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(
                    f"/webservices/server_{service.lower()}.php",
                    self._endpoint(service),
                    methods=["GET", "POST"],
                )
                for service in types.SERVICES
            ],
            middleware=[Middleware(GZipMiddleware, minimum_size=500)],
        )

    def _endpoint(self, service: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            with self.lock:
                self.requests += 1
            if request.method == "GET":
                address = str(request.url.replace(query=""))
                return Response(wire.wsdl(service, address), media_type="text/xml")
            kind = request.headers.get("content-type", "")
            answer = self.answer(service, body := await request.body(), kind)
            lost = b":update" in body and self._planned("slow_done")
            return Response("Gateway Time-out", 504) if lost else answer

        return endpoint

    def answer(self, service: str, body: bytes, content_type: str = "text/xml") -> Response:
        """What the ERP says to one POST."""
        planned = self._planned(*FAULTS)
        if planned == "down":
            return Response("Service Unavailable", 503, media_type="text/plain")
        if planned == "html":
            return Response(LOGIN_PAGE, media_type="text/html")
        if planned == "fault" or content_type.startswith("application/soap+xml"):
            return _xml(wire.fault("Server", "Unable to process the request"), 500)
        if not body:
            return _xml(
                wire.fault("Client", "error in msg parsing:\nxml was empty, didn't parse!"), 500
            )
        try:
            operation, arguments = wire.request(body)
        except (etree.XMLSyntaxError, ValueError):
            return Response("", 500, media_type="text/html")
        if operation not in types.SERVICES[service]:
            # The real server forgets the operation's name and answers what is not XML.
            return _xml(wire.envelope(f'<ns1: xmlns:ns1="{wire.NS}">{_result("OK", "")}</ns1:>'))
        expected, out = types.SERVICES[service][operation]
        if expected.keys() - arguments.keys():
            return Response("", 500, media_type="text/html")
        try:
            self._authenticate(arguments.pop("authentication"))
            if planned == "business_error" or operation in self.broken:
                raise wire.Denial(*SQL_ERROR)
            with self.lock:
                parts = _result("OK", "") + self.operations[operation](**arguments)
        except wire.Denial as denial:
            parts = _result(*denial.args) + "".join(
                wire.nil(service, *part) for part in out.items()
            )
        name = f"ns1:{operation}Response"
        return _xml(wire.envelope(f'<{name} xmlns:ns1="{wire.NS}">{parts}</{name}>'))

    def _planned(self, *names: str) -> str | None:
        with self.lock:
            return self.fault() if self.faults and self.faults[0] in names else None

    def _authenticate(self, given: Any) -> None:
        given = given or {}
        if given.get("dolibarrkey") != self.key:
            raise wire.Denial(
                "BAD_VALUE_FOR_SECURITY_KEY",
                "Value provided into dolibarrkey entry field does not match security key"
                " defined in Webservice module setup",
            )
        known = given.get("login") in (self.login, "norights")
        if not known or given.get("password") != self.password:
            raise wire.Denial("BAD_CREDENTIALS", "Bad value for login or password")
        if given["login"] == "norights":
            raise wire.Denial("PERMISSION_DENIED", "User does not have permission for this request")

    def _found(self, arguments: dict[str, str]) -> Customer:
        wanted, name = arguments["id"], arguments["ref"]
        if wanted in self.customers:
            return self.customers[wanted]
        for customer in self.customers.values() if name and not wanted else ():
            if customer.name == name:
                return customer
        raise wire.Denial(
            "NOT_FOUND",
            f"Object not found for id={wanted} nor ref={name} nor ref_ext={arguments['ref_ext']}",
        )

    def thirdparty(self, customer: Customer) -> dict[str, str | None]:
        """The record as the detail call shows it; None where it has no value."""
        return shown.thirdparty(customer) | self.members.get(customer.record, {})

    def _list(self, filterthirdparty: Any) -> str:
        items = []
        for customer in self.customers.values():
            values = self.thirdparty(customer)
            items.append(wire.item({name: values.get(name) or None for name in THIN}))
        return self.array("thirdparties", items)

    def array(self, name: str, items: list[str]) -> str:
        claimed = len(items)
        return wire.array(name, items[:-1] if self._planned("short_list") else items, "", claimed)

    def _get(self, **arguments: str) -> str:
        values = self.thirdparty(self._found(arguments))
        return wire.struct("thirdparty", "thirdparty", values, types.THIRDPARTY)

    def _create(self, thirdparty: dict[str, str]) -> str:
        if not thirdparty.get("ref"):
            raise wire.Denial("KO", "Name is mandatory.")
        record = str(max(map(int, self.customers), default=0) + 1)
        now = datetime.now(UTC)
        customer = Customer(record, "", "", created_at=now, updated_at=now)
        self._store(customer, thirdparty)
        self.customers[record] = customer
        self.writes += 1
        return wire.scalar("id", "xsd:string", record) + wire.scalar(
            "ref", "xsd:string", customer.name
        )

    def _update(self, thirdparty: dict[str, str]) -> str:
        record = thirdparty.get("id", "")
        if record not in self.customers:
            raise wire.Denial("NOT_FOUND", f"Thirdparty id={record} ref= ref_ext= cannot be found")
        customer = self.customers[record]
        planned = self._planned("dropped_write", "side_effect")
        if planned != "dropped_write":
            before = self.thirdparty(customer)
            self.arrive(record, {"note_public": thirdparty.get("note_public", "")})
            self._store(customer, thirdparty)
            if planned == "side_effect":
                self.members[record]["fax"] = "+902120000000"
            changed = {
                name: value
                for name, value in self.thirdparty(customer).items()
                if (value or "") != (before.get(name) or "")
            }
            if changed:
                self.writes += 1
                self.given.setdefault(record, {}).update(changed)
                customer.updated_at = datetime.now(UTC)
        return wire.scalar("id", "xsd:string", record)

    def _store(self, customer: Customer, given: dict[str, str]) -> None:
        """A full replace: what the caller did not send becomes blank."""
        for member, value in given.items():
            if any(ord(letter) > 0xFFFF for letter in value):
                raise wire.Denial("KO", f"Incorrect string value for column `{member}` at row 1")
        sent = {name: given.get(name, "") for name in types.THIRDPARTY if name not in FIXED}
        sent["phone"] = shown.phone(sent["phone"])
        for member, name in shown.MEMBERS.items():
            setattr(customer, name, sent.pop(member))
        self.members[customer.record] = {name: value or None for name, value in sent.items()}

    def _orders_of(self, idthirdparty: str) -> str:
        if not idthirdparty:
            raise wire.Denial("BAD_PARAMETERS", "Parameter id is not provided")
        wanted = [o for o in self.orders.values() if idthirdparty in ("all", o.customer)]
        return self.array("orders", [shown.bulk_order(order) for order in wanted])

    def _order(self, id: str, ref: str, ref_ext: str) -> str:  # noqa: A002 - the part's own name
        if id not in self.orders:
            raise wire.Denial(
                "NOT_FOUND", f"Object not found for id={id} nor ref={ref} nor ref_ext="
            )
        return shown.single_order(self.orders[id])


def _result(code: str, label: str) -> str:
    return wire.struct(
        "result", "result", {"result_code": code, "result_label": label}, types.RESULT
    )


def _xml(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/xml; charset=UTF-8")
