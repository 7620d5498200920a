"""What the HTTP servers share: one endpoint, planned faults, counted writes, e-mail lookup."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.store import Store

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass
class Call:
    """One request whose body has been read, so that it can be answered under the store's lock."""

    request: Request
    body: bytes

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def path(self) -> str:
        return self.request.url.path

    def json(self) -> Any:
        """The body as JSON, {} when there is none; raises ValueError when it is something else."""
        return json.loads(self.body) if self.body else {}


def now() -> datetime:
    return datetime.now(UTC)


def page(title: str, text: str, status: int = 200, **headers: str) -> HTMLResponse:
    """An HTML page, as web servers and proxies give them in place of an API's answer."""
    html = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{text}</body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTMLResponse(html, status, headers=named)


class WebStore(Store):
    """A store that answers HTTP. Faults in INSTANT replace the answer of the very next request;
    those in LATER stay planned until a request comes that they apply to.
    """

    INSTANT: ClassVar[Mapping[str, Callable[[], Response]]] = {}
    LATER: ClassVar[tuple[str, ...]] = ("slow_done", "short_page")

    _emails: dict[str, str] | None = None
    _ids: Iterator[int] | None = None

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._endpoint, methods=METHODS)])

    async def _endpoint(self, request: Request) -> Response:
        call = Call(request, await request.body())
        with self.lock:
            self.requests += 1
            return self._respond(call)

    def _respond(self, call: Call) -> Response:
        planned = self.faults[0] if self.faults else None
        if planned and planned not in self.INSTANT and planned not in self.LATER:
            known = ", ".join([*self.INSTANT, *self.LATER])
            raise ValueError(f"{type(self).__name__} knows no fault {planned!r}; it knows {known}")
        if planned in self.INSTANT and self.breakable(call):
            return self.INSTANT[self.faults.pop(0)]()
        answer = self.answer(call)
        if self.is_write(call) and self.take("slow_done"):
            return page("504 Gateway Time-out", "The upstream server did not answer.", 504)
        return answer

    def answer(self, call: Call) -> Response:
        """The true answer, under the lock."""
        raise NotImplementedError

    def breakable(self, call: Call) -> bool:
        """Whether planned faults may hit this request."""
        return True

    def is_write(self, call: Call) -> bool:
        return call.method != "GET"

    def take(self, name: str) -> bool:
        """Whether this fault is the next one planned; it is then used up."""
        if self.faults and self.faults[0] == name:
            self.faults.pop(0)
            return True
        return False

    def shortened(self, rows: list[Any]) -> list[Any]:
        """A list page as it goes out: without its last row when that fault is planned."""
        return rows[:-1] if rows and self.take("short_page") else rows

    def values(self, record: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a write can change in a customer, to compare before and after it."""
        own = {**vars(self.customers[record]), "updated_at": None}
        return own, dict(self.given.get(record, {}))

    def new_id(self) -> str:
        """The next free number, one series for customers and orders."""
        if self._ids is None:
            taken = (int(record) for record in (*self.customers, *self.orders))
            self._ids = itertools.count(max(taken, default=0) + 1)
        return str(next(self._ids))

    def change(self, record: str, *, touch: bool = True, **values: Any) -> None:
        super().change(record, touch=touch, **values)
        if "email" in values:
            self.forget_emails()

    def forget_emails(self) -> None:
        """To be called after an e-mail address, or the set of customers, changed."""
        self._emails = None

    def by_email(self, email: str) -> str | None:
        """The record that has this address, in any case; the index is built when first asked."""
        if self._emails is None:
            with_email = (c for c in self.customers.values() if c.email)
            self._emails = {c.email.lower(): c.record for c in with_email}
        return self._emails.get(email.lower())
