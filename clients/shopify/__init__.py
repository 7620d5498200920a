"""Shopify Admin GraphQL, https://shopify.dev/docs/api/admin-graphql

New apps get no permanent token: the client-credentials grant answers one that lives 24 hours,
so it is renewed before it expires and once more when the shop says 401. A static token (no
login in the connection) still works for apps made before 2026.
Queries cost points from a bucket that refills; an empty one is a 200 that says THROTTLED.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from clients import Denied, Implausible, Refused, Unavailable, sendable
from clients.answers import unsaid
from clients.http import Http, Passing, Unknown, private
from clients.pace import Pace
from clients.shopify.token import Token, granter
from systems import System

VERSION = "2026-10"
OUR_TAG = "kopru:"  # tags of customers that we write begin so
ALL_ORDERS = "read_all_orders"
HIDDEN = (
    "orders older than 60 days stay hidden without the scope read_all_orders. Ask Shopify for it "
    "in the app's API access settings, release a new version, and pull once with full."
)
MOST = 1000.0  # points of one query: Shopify refuses a dearer one, however full the bucket
ROUNDED = 1.0  # points: two computers' fractions of one may differ
SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"
CHECK = """
query Check {
  shop { name }
  customersCount { count }
  ordersCount { count }
  productsCount { count }
  abandonedCheckoutsCount { count }
  locations(first: 1) { nodes { inventoryLevels(first: 1) { nodes { id } } } }
}
"""

log = logging.getLogger(__name__)


class Shopify:
    def __init__(self, http: Http, bucket: Bucket) -> None:
        self.http, self.bucket = http, bucket
        self._all_orders: bool | None = None
        self._older = False  # whether another version than ours was served
        self.path = f"/admin/api/{VERSION}/graphql.json"

    def query(
        self, text: str, variables: Mapping[str, Any] | None = None, *, points: float | None = None
    ) -> dict[str, Any]:
        """`data` of a read. Raises when any part of it failed: no half records. `points`: what it
        may cost, where that is known before Shopify says so."""
        return self._send(text, variables, repeatable=True, points=points)

    def mutate(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """`data` of a write, whose `userErrors` are the caller's to read."""
        return self._send(text, variables, repeatable=False)

    def check(self) -> str:
        """Proves that the shop is reached and all of its tables are readable."""
        data = self.query(CHECK)
        counts = [
            f"{data[field]['count']} {words}"
            for words, field in (
                ("customers", "customersCount"),
                ("orders", "ordersCount"),
                ("abandoned_checkouts", "abandonedCheckoutsCount"),
                ("products", "productsCount"),
            )
        ]
        said = f"reads {', '.join(counts)}, their variants and inventory_levels"
        said += f" of {data['shop']['name']}"
        return said if self.sees_all_orders() else f"{said}; {HIDDEN}"

    def sees_all_orders(self) -> bool:
        """Whether the app may read orders older than 60 days; asked once."""
        if self._all_orders is None:
            scopes = self.query(SCOPES)["currentAppInstallation"]["accessScopes"]
            self._all_orders = any(scope["handle"] == ALL_ORDERS for scope in scopes)
        return self._all_orders

    def _send(
        self, text: str, variables: Any, *, repeatable: bool, points: float | None = None
    ) -> dict[str, Any]:
        body = {"query": text, "variables": dict(variables or {})}
        self.bucket.expect(text, points)
        response = self.http.post(self.path, body, repeatable=repeatable)
        answer = self.http.believe(response, dict)
        self._served(response)
        self.bucket.spent(text, answer.get("extensions", {}).get("cost", {}))
        if errors := answer.get("errors"):
            raise self._error(errors, repeatable, response)
        if not isinstance(answer.get("data"), dict):
            raise Implausible(self.http.system, "the answer holds neither data nor errors")
        data: dict[str, Any] = answer["data"]
        return data

    def _served(self, response: requests.Response) -> None:
        """Shopify answers a version it has retired by the oldest one it still serves."""
        served = response.headers.get("X-Shopify-API-Version", VERSION)
        if served != VERSION and not self._older:
            self._older = True
            log.warning("%s: answers as API %s, not as %s", self.http.system, served, VERSION)

    def _error(self, errors: Any, repeatable: bool, response: requests.Response) -> Exception:
        first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
        words = unsaid(str(first.get("message") or errors), response)
        code = (first.get("extensions") or {}).get("code", "")
        cause = f"GraphQL says {words!r}" + (f" ({code})" if code else "")
        system = self.http.system
        if code == "ACCESS_DENIED":
            return Denied(system, cause, "Give the app the missing access scope and release it")
        if code in ("INTERNAL_SERVER_ERROR", "TIMEOUT"):
            kind = Unavailable if repeatable else Unknown
            return kind(system, cause, "The next run tries again")
        return Refused(system, cause)


class Bucket(Pace):
    """Waits until the bucket holds what a query asks for: what its caller knows, or what it asked
    for at most so far. Before its first answer it may be the most that one can."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(0.0, clock)
        self.costs: dict[str, float] = {}
        self.has = self.rate = self.told_at = 0.0
        self.most = MOST

    def expect(self, text: str, points: float | None = None) -> None:
        """Before that query is sent."""
        if self.rate:
            has = self.has + (self.clock() - self.told_at) * self.rate
            lacking = (points or self.costs.get(text, self.most)) + ROUNDED - has
            self.rest(max(0.0, lacking / self.rate))

    def spent(self, text: str, cost: Mapping[str, Any]) -> None:
        """`cost`: `extensions.cost` of an answer, in points."""
        status = cost.get("throttleStatus") or {}
        rate, has = status.get("restoreRate"), status.get("currentlyAvailable")
        if rate and has is not None:
            self.rate, self.has, self.told_at = float(rate), float(has), self.clock()
            self.most = min(MOST, float(status.get("maximumAvailable") or MOST))
            asked = float(cost.get("requestedQueryCost") or 0)
            self.costs[text] = max(asked, self.costs.get(text, 0.0))


def missing_points(cost: Mapping[str, Any]) -> float:
    """Seconds until the query could run again."""
    status = cost.get("throttleStatus") or {}
    rate, has = status.get("restoreRate"), status.get("currentlyAvailable")
    if not rate or has is None:
        return 0.0
    return max(0.0, (float(cost.get("requestedQueryCost") or 0) - float(has)) / float(rate))


def connect(
    system: System,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Shopify:
    secret, login = system.connection.password, system.connection.login
    if not secret:
        remedy = f"Put the app's client id and secret into the Airflow connection {system.name!r}"
        raise Denied(system.name, "no client secret and no access token", remedy)
    sendable(system.name, secret)
    base = private(system.name, system.connection.url)
    if "token" not in system.connection.kept:
        unsigned = Http(
            system.name,
            base,
            connection=system.connection,
            patience=0,  # the request that needs the token is the one that is repeated
            words=_words,
            sleep=sleep,
        )
        grant = granter(unsigned, login, secret) if login else None
        system.connection.kept["token"] = Token(None if login else secret, grant, clock)
    auth, bucket = system.connection.kept["token"], Bucket(clock)
    judge = _throttled(system.name)
    http = Http(
        system.name,
        base,
        connection=system.connection,
        auth=auth,
        pace=bucket,
        words=_words,
        judge=judge,
        sleep=sleep,
    )
    return Shopify(http, bucket)


def _words(body: Any) -> str:
    """Shopify's REST answers say `errors`, its token endpoint `error_description`."""
    if not isinstance(body, dict):
        return ""
    return str(body.get("errors") or body.get("error_description") or "")


def _throttled(system: str) -> Callable[[requests.Response], None]:
    def judge(response: requests.Response) -> None:
        if b"THROTTLED" not in response.content:
            return
        try:
            answer = json.loads(response.content)
        except ValueError:
            return
        errors = answer.get("errors") if isinstance(answer, dict) else None
        codes = [e.get("extensions", {}).get("code") for e in errors or [] if isinstance(e, dict)]
        if "THROTTLED" in codes:
            cost = answer.get("extensions", {}).get("cost", {})
            wait = max(1.0, missing_points(cost))
            raise Passing(system, "throttled: too many points asked for", "Try again later", wait)

    return judge
