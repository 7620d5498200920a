"""A Dynamics NAV server: page web services (SOAP 1.1, document/literal), Basic, stateful.

`GET /DynamicsNAV/WS/{company}/Page/{service}` gives the WSDL, POST there takes Read and
ReadMultiple (filter, bookmarkKey, setSize). A row's Key changes with the row; Last_Date_Modified
is a day; a filter that matches nothing is an empty result; errors are faults of HTTP 500.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from datetime import date
from html import escape
from typing import Any

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.nav import pages
from sandbox.nav.wsdl import wsdl
from sandbox.records import Customer, Order
from sandbox.store import Store

PASSWORD = "nav-secret"
COMPANY = "CRONUS Türkiye A.Ş."
ENVELOPE = '<Soap:Envelope xmlns:Soap="http://schemas.xmlsoap.org/soap/envelope/"><Soap:Body>'
CLOSED = "</Soap:Body></Soap:Envelope>"
Value = dict[str, Any]


class Wrong(Exception):
    """Answered as a fault, in NAV's words."""


class Nav(Store):
    """Knows the faults html, down and fault (any call) and ignored_size (a list that gives three
    rows, whatever size is asked for)."""

    def __init__(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        *,
        login: str = "kopru",
        password: str = PASSWORD,
    ) -> None:
        super().__init__(customers, orders)
        self.login, self.password = login, password

    def app(self) -> Starlette:
        path = "/DynamicsNAV/WS/{company}/Page/{service}"
        return Starlette(routes=[Route(path, self._endpoint, methods=["GET", "POST"])])

    async def _endpoint(self, request: Request) -> Response:
        with self.lock:
            self.requests += 1
        if not self._knows(request.headers.get("authorization", "")):
            return Response("", 401, {"WWW-Authenticate": 'Basic realm=""'})
        service = request.path_params["service"]
        if service not in pages.PAGES or request.path_params["company"] != COMPANY:
            return Response("", 404)
        if request.method == "GET":
            return Response(wsdl(service, str(request.url)), media_type="text/xml")
        planned = self.fault() if self.faults and self.faults[0] in ("html", "down") else None
        if planned == "down":
            return Response("", 503, {"Retry-After": "1"})
        if planned == "html":
            return Response("<html><title>Sunucu</title></html>", media_type="text/html")
        try:
            text, status = self._answer(service, await request.body()), 200
        except Wrong as wrong:
            code = "a:Microsoft.Dynamics.Nav.Types.Exceptions.NavCSideException"
            text, status = (
                (
                    f'<Soap:Fault><faultcode xmlns:a="urn:microsoft-dynamics-schemas/error">{code}'
                    f"</faultcode><faultstring>{escape(str(wrong))}</faultstring></Soap:Fault>"
                ),
                500,
            )
        return Response(ENVELOPE + text + CLOSED, status, media_type="text/xml; charset=utf-8")

    def _knows(self, authorization: str) -> bool:
        wanted = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        return authorization == f"Basic {wanted}"

    def rows(self, service: str) -> list[Value]:
        """All of a page, in the order of their numbers."""
        made: Callable[[Store], Iterable[Value]] = pages.ROWS[service]
        with self.lock:
            return sorted(made(self), key=lambda row: str(row["No"]))

    def _answer(self, service: str, body: bytes) -> str:
        if self.faults and self.faults[0] == "fault":
            self.fault()
            raise Wrong("The server is stopping.")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        [asked] = etree.fromstring(body, parser).iterfind("{*}Body/*")
        namespace = pages.namespace(service)
        if etree.QName(asked).namespace != namespace:
            raise Wrong(f"The namespace must be {namespace}.")
        name = etree.QName(asked).localname
        if name == "Read":
            found = [r for r in self.rows(service) if r["No"] == asked.findtext("{*}No")]
            inner = "".join(pages.element(service, row) for row in found)
        elif name == "ReadMultiple":
            listed = self._read_multiple(service, asked)
            inner = "".join(pages.element(service, row) for row in listed)
            inner = f"<ReadMultiple_Result>{inner}</ReadMultiple_Result>"
        else:
            raise Wrong(f"The method {name} is not supported.")
        return f'<{name}_Result xmlns="{namespace}">{inner}</{name}_Result>'

    def _read_multiple(self, service: str, asked: etree._Element) -> list[Value]:
        rows = self.rows(service)
        for one in asked.iterfind("{*}filter"):
            field, criteria = one.findtext("{*}Field"), one.findtext("{*}Criteria") or ""
            rows = [row for row in rows if _matches(row, field or "", criteria)]
        bookmark = asked.findtext("{*}bookmarkKey")
        if bookmark:
            after = pages.number_of(bookmark)
            rows = [row for row in rows if str(row["No"]) > after]
        size = int(asked.findtext("{*}setSize") or 0)
        if self.faults and self.faults[0] == "ignored_size":
            size = 3
        return rows[:size] if size else rows


def _matches(row: Value, field: str, criteria: str) -> bool:
    if field not in row:
        raise Wrong(f"The field {field} does not exist on the page.")
    if not criteria:
        return True
    if not criteria.startswith(">="):
        raise Wrong(f"The filter {criteria!r} is not valid for {field}.")
    try:
        return bool(row[field] >= date.fromisoformat(criteria[2:]))
    except ValueError:
        raise Wrong(f"Your entry of '{criteria[2:]}' is not an acceptable date.") from None
