"""HubSpot CRM, date-versioned API, https://developers.hubspot.com/docs/api-reference

The token is a service key (or an OAuth token). Limits: so many requests in ten seconds, told
in headers, and five searches a second, told nowhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from requests.auth import AuthBase

from clients import Denied, Implausible
from clients.answers import retry_after
from clients.http import Http, Pace, private
from systems import System

VERSION = "2026-09"
HOST = "https://api.hubapi.com"
LIST_LIMIT, SEARCH_LIMIT, BATCH = 100, 200, 100
SEARCH_CAP = 10_000  # a search answers no row beyond this one
SEARCH_INTERVAL = 0.21  # five a second, and a little for clocks that differ
POLICY_WAIT = {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0, "DAILY": 86_400.0}
LOCKED_WAIT = 2.0

Record = dict[str, Any]


class HubSpot:
    def __init__(self, http: Http, searches: Pace) -> None:
        self.http, self.searches = http, searches

    def page(
        self, kind: str, properties: Sequence[str], after: str | None, limit: int = LIST_LIMIT
    ) -> tuple[list[Record], str | None]:
        """A page of all records, and where the next one starts (None: that was the last)."""
        params = {"limit": limit, "properties": ",".join(properties), "archived": "false"}
        if after is not None:
            params["after"] = after
        answer = self.http.believe(self.http.get(f"/crm/objects/{VERSION}/{kind}", params), dict)
        return self._results(answer, kind), _after(answer)

    def search(self, kind: str, body: Mapping[str, Any]) -> tuple[list[Record], int, str | None]:
        """A page of matching records, how many match in all, and where the next page starts."""
        if delay := self.searches.delay():
            self.http.sleep(delay)
        response = self.http.post(f"/crm/objects/{VERSION}/{kind}/search", body, repeatable=True)
        answer = self.http.believe(response, dict)
        total = answer.get("total")
        if not isinstance(total, int):
            raise Implausible(self.http.system, f"a search of {kind} came without a total")
        return self._results(answer, kind), total, _after(answer)

    def associated(self, kind: str, to: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """Ids of the `to` records linked to each record that has any."""
        path = f"/crm/associations/{VERSION}/{kind}/{to}/batch/read"
        body = {"inputs": [{"id": record} for record in ids]}
        answer = self.http.believe(self.http.post(path, body, repeatable=True), dict)
        return {
            str(found["from"]["id"]): [
                str(end.get("toObjectId") or end["id"]) for end in found["to"]
            ]
            for found in self._results(answer, f"{kind} to {to}")
        }

    def update(self, kind: str, inputs: Sequence[Record]) -> dict[str, Any]:
        """One batch (at most 100); `errors` in the answer name what was refused, whatever the
        status code says."""
        path = f"/crm/objects/{VERSION}/{kind}/batch/update"
        return self.http.believe(self.http.post(path, {"inputs": list(inputs)}), dict)

    def names(self, kind: str, what: str = "") -> set[str]:
        """Names of the properties (or with `what="/groups"`, the property groups) that exist."""
        answer = self.http.believe(self.http.get(f"/crm/properties/{VERSION}/{kind}{what}"), dict)
        return {str(found["name"]) for found in self._results(answer, f"properties of {kind}")}

    def create(self, kind: str, definition: Mapping[str, Any], what: str = "") -> None:
        """Creates a property, or with `what="/groups"` a group of them."""
        self.http.post(f"/crm/properties/{VERSION}/{kind}{what}", definition)

    def check(self) -> str:
        """Proves that the account is reached and both of its tables are readable."""
        for kind in ("contacts", "deals"):
            self.page(kind, (), None, limit=1)
        return f"reads contacts and deals at {self.http.base}"

    def _results(self, answer: Mapping[str, Any], what: str) -> list[Record]:
        results = answer.get("results")
        if isinstance(results, list) and all(isinstance(row, dict) for row in results):
            return results
        raise Implausible(self.http.system, f"the answer for {what} holds no results")


class Rolling(Pace):
    """Rests for the interval once the headers say that nothing remains of it."""

    def observe(self, response: requests.Response) -> None:
        remaining = response.headers.get("X-HubSpot-RateLimit-Remaining", "")
        interval = response.headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "")
        if remaining == "0" and interval.isdecimal():
            self.free_at = self.clock() + int(interval) / 1000


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def connect(
    system: System,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> HubSpot:
    if not system.connection.password:
        remedy = f"Put a service key as password into the Airflow connection {system.name!r}"
        raise Denied(system.name, "no token", remedy)
    http = Http(
        system.name,
        private(system.name, system.connection.url or HOST),
        auth=_Bearer(system.connection.password),
        pace=Rolling(clock=clock),
        asked=_asked,
        sleep=sleep,
    )
    return HubSpot(http, Pace(SEARCH_INTERVAL, clock))


def _asked(response: requests.Response) -> float | None:
    """HubSpot promises no Retry-After; the policy that was broken says how long it lasts."""
    if (told := retry_after(response)) is not None:
        return told
    if response.status_code == 423:
        return LOCKED_WAIT
    try:
        body = json.loads(response.content)
    except ValueError:
        return None
    return POLICY_WAIT.get(body.get("policyName", "")) if isinstance(body, dict) else None


def _after(answer: Mapping[str, Any]) -> str | None:
    following = (answer.get("paging") or {}).get("next") or {}
    return str(following["after"]) if "after" in following else None
