"""The CRM: HubSpot's records, properties, searches, associations, owners and pipelines.

Auth: Bearer token   Page: 100   Search: 200, never past 10,000   Batch: 100
Paths of both ages: /crm/objects/2026-09/... and /crm/v3/objects/... (what the vendor's client
12.0.0 speaks). They differ in a batch with bad items: 200 or 201 today, 207 in v3.
`hs_email_optout` is "true" where the customer gave no consent to e-mail.

Faults: rate_limited (429), locked (423), server_error (502) and html replace the next answer.
slow_done carries out the next write and then answers 504; short_page leaves one row out of the
next list or search.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response

from sandbox.hubspot.batches import answer as batch_answer
from sandbox.hubspot.batches import batch
from sandbox.hubspot.limits import Limits
from sandbox.hubspot.objects import Objects
from sandbox.hubspot.problems import Problem, invalid, missing_scope, no_token, not_found, too_many
from sandbox.hubspot.schema import KINDS, Schema
from sandbox.hubspot.search import search
from sandbox.hubspot.things import Person, owners, pipelines, things
from sandbox.records import Customer, Order
from sandbox.web import Call, page

VERSION = r"(?:2026-09|2026-03)"
ANY = "|".join(KINDS)
PATHS = {
    "objects": re.compile(
        rf"/crm/(?:objects/{VERSION}|(v3)/objects)/({ANY})(?:/(batch/\w+|gdpr-delete|\w+))?"
    ),
    "properties": re.compile(
        rf"/crm/(?:properties/{VERSION}|(v3)/properties)/({ANY})(?:/(groups|\w+))?"
    ),
    "associations": re.compile(
        rf"/crm/(?:associations/{VERSION}|(v4)/associations)/({ANY})/((?:{ANY})/batch/read)"
    ),
    "owners": re.compile(rf"/crm/(?:owners/{VERSION}|(v3)/owners)()()"),
    "pipelines": re.compile(rf"/crm/(?:pipelines/{VERSION}|(v3)/pipelines)/(deals|tickets)()"),
    "account": re.compile(r"/account-info/(?:2026-09|(v3))()/(details)"),
}
SCOPES = frozenset(f"crm.objects.{kind}.{right}" for kind in KINDS for right in ("read", "write"))
LONGEST = 8_000  # characters of an address


class HubSpot(Objects):
    INSTANT: ClassVar = {
        "rate_limited": lambda: too_many("TEN_SECONDLY_ROLLING").response(),
        "locked": lambda: Problem(423, "LOCKED", "This object is locked.").response(),
        "server_error": lambda: page("502 Bad Gateway", "cloudflare", 502),
        "html": lambda: page("HubSpot", "We are making HubSpot better for you"),
    }

    def __init__(
        self,
        customers: Iterable[Customer],
        orders: Iterable[Order],
        token: str | None = None,
        requests_per_10s: int = 100_000,
        searches_per_s: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(customers, orders)
        self.token = token or f"pat-eu1-{secrets.token_hex(16)}"
        self.scopes = set(SCOPES)
        self.limits = Limits(requests_per_10s, searches_per_s, clock)
        self.schemas = {kind: Schema(kind) for kind in KINDS}
        self.things = things(self.customers.values(), self.orders.values())
        self.deals_given, self.merged = {}, {}
        self.old_paths_only: set[str] = set()  # areas whose dated paths do not exist
        self.owners_left: list[Person] = []
        self.lag = timedelta(0)  # how long a change takes into the search index
        self.archived = {kind: {} for kind in KINDS}
        self._sorted = {}

    def is_write(self, call: Call) -> bool:
        return call.method != "GET" and not call.path.endswith(("/search", "/batch/read"))

    def answer(self, call: Call) -> Response:
        headers: dict[str, str] = {}
        try:
            self._authorize(call)
            headers = self.limits.spend(search=call.path.endswith("/search"))
            response = self._route(call)
        except Problem as problem:  # which counts all the same
            response = problem.response()
        response.headers.update(headers)
        return response

    def _authorize(self, call: Call) -> None:
        scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise no_token()
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            text = "Authentication credentials not valid: the token is unknown or has expired."
            raise Problem(401, "INVALID_AUTHENTICATION", text)

    def _route(self, call: Call) -> Response:
        for area, pattern in PATHS.items():
            match = pattern.fullmatch(call.path.rstrip("/"))
            if match:
                old, kind, rest = match.groups()
                if area in self.old_paths_only and not old:
                    break
                self._allow(call, kind)
                return getattr(self, f"_{area}")(call, kind, rest or "", bool(old))
        raise not_found("No such endpoint")

    def _allow(self, call: Call, kind: str) -> None:
        right = "write" if self.is_write(call) else "read"
        if kind and f"crm.objects.{kind}.{right}" not in self.scopes:
            raise missing_scope(f"crm.objects.{kind}.{right}")

    def _objects(self, call: Call, kind: str, rest: str, old: bool) -> Response:
        if rest == "merge" and call.method == "POST" and kind == "contacts":
            body = _object(call)
            winner = str(body.get("primaryObjectId"))
            self.merge(winner, str(body.get("objectIdToMerge")))
            return JSONResponse(self.row(kind, winner))
        if rest == "gdpr-delete":
            if not (old and call.method == "POST" and kind == "contacts"):
                raise not_found("No such endpoint")
            self.purge(str(_object(call).get("objectId")))
            return Response(status_code=204)
        if rest == "search" and call.method == "POST":
            return JSONResponse(search(self, kind, _object(call)))
        if rest.startswith("batch/") and call.method == "POST":
            return self._batch(call, kind, rest.removeprefix("batch/"), old)
        if not rest:
            if call.method == "GET":
                return self._list(call, kind)
            made = self.create(kind, _object(call).get("properties") or {})
            return JSONResponse(self.row(kind, made), 201)
        record = self._found(call, kind, rest)
        if call.method == "DELETE":
            self.archive(kind, record)
            return Response(status_code=204)
        if call.method == "PATCH":
            self.update(kind, record, _object(call).get("properties") or {})
        return JSONResponse(self.row(kind, record, _names(call, "properties")))

    def _found(self, call: Call, kind: str, rest: str) -> str:
        if call.request.query_params.get("idProperty") == "email" and kind == "contacts":
            return self.by_email(rest) or ""
        return rest

    def _list(self, call: Call, kind: str) -> Response:
        query = call.request.query_params
        limit, after = query.get("limit", "10"), query.get("after", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= 100 or not after.isdigit():
            raise invalid("limit must be between 1 and 100, after an id that a page gave")
        if len(str(call.request.url)) > LONGEST:
            return page("414 Request-URI Too Large", "cloudflare", 414)
        names = _names(call, "properties")
        archived = query.get("archived", "false") == "true"
        if archived:
            waiting = sorted(int(r) for r in self.archived[kind] if int(r) > int(after))
            shown = [str(number) for number in waiting[: int(limit)]]
            rows = [self.archived_row(kind, record, names) for record in shown]
        else:
            waiting = self.after(kind, int(after))
            shown = self.shortened([str(number) for number in waiting[: int(limit)]])
            rows = [self.row(kind, record, names) for record in shown]
        for other in _names(call, "associations"):
            self._associate(kind, other, rows)
        body: dict[str, Any] = {"results": rows}
        if len(waiting) > int(limit):
            link = str(call.request.url.include_query_params(after=waiting[int(limit) - 1]))
            body["paging"] = {"next": {"after": str(waiting[int(limit) - 1]), "link": link}}
        return JSONResponse(body)

    def _associate(self, kind: str, other: str, rows: list[dict[str, Any]]) -> None:
        """No link at all: no key at all."""
        if other not in KINDS or other == kind:
            raise invalid(f"{kind} have no associations with {other}")
        for row in rows:
            type_ = f"{kind[:-1]}_to_{other[:-1]}"
            found = [{"id": end, "type": type_} for end in self.links(kind, row["id"], other)]
            if found:
                row.setdefault("associations", {})[other] = {"results": found}

    def _batch(self, call: Call, kind: str, verb: str, old: bool) -> Response:
        body = _object(call)
        if verb == "archive":
            for item in body.get("inputs", []):
                self.archive(kind, str(item.get("id")))
            return Response(status_code=204)
        if verb not in ("read", "create", "update", "upsert"):
            raise not_found("No such endpoint")
        if verb == "read" and call.request.query_params.get("archived") == "true":
            body["archived"] = True
        rows, errors = batch(self, kind, verb, body)
        status = 207 if errors and old else 201 if verb == "create" else 200
        return JSONResponse(batch_answer(rows, errors), status)

    def _properties(self, call: Call, kind: str, rest: str, old: bool) -> Response:
        schema = self.schemas[kind]
        if call.method == "POST":
            create = schema.create_group if rest == "groups" else schema.create
            return JSONResponse(create(_object(call)), 201)
        if rest == "groups":
            return JSONResponse({"results": list(schema.groups.values())})
        if rest:
            return JSONResponse(schema.get(rest))
        return JSONResponse({"results": list(schema.properties.values())})

    def _associations(self, call: Call, kind: str, rest: str, old: bool) -> Response:
        type_ = {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
        other = rest.partition("/")[0]
        asked = [str(item.get("id")) for item in _object(call).get("inputs", [])]
        linked = {record: self.links(kind, record, other) for record in asked}
        rows = [
            {
                "from": {"id": record},
                "to": [{"toObjectId": int(end), "associationTypes": [type_]} for end in ends],
            }
            for record, ends in linked.items()
            if ends
        ]
        return JSONResponse(batch_answer(rows, []))

    def _owners(self, call: Call, kind: str, rest: str, old: bool) -> Response:
        archived = call.request.query_params.get("archived") == "true"
        rows = owners(self.owners_left, archived=True) if archived else self.shortened(owners())
        return JSONResponse({"results": rows})

    def _pipelines(self, call: Call, kind: str, rest: str, old: bool) -> Response:
        return JSONResponse({"results": self.shortened(pipelines(kind))})

    def _account(self, call: Call, kind: str, rest: str, old: bool) -> Response:
        known = {"portalId": 1_000_001, "accountType": "STANDARD", "timeZone": "Europe/Istanbul"}
        return JSONResponse({**known, "companyCurrency": "TRY", "utcOffset": "+03:00"})


def _names(call: Call, name: str) -> list[str]:
    """`name=a&name=b` and `name=a,b`."""
    given = call.request.query_params.getlist(name)
    return [part for text in given for part in text.split(",") if part]


def _object(call: Call) -> dict[str, Any]:
    try:
        body = call.json()
    except ValueError:
        raise invalid("Invalid input JSON: unable to parse") from None
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: expected an object")
    return body
