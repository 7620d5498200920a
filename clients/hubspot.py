"""HubSpot CRM, date-versioned API, https://developers.hubspot.com/docs/api-reference

The token is a service key (or an OAuth token). Limits: so many requests in ten seconds, told
in headers, and five searches a second, told nowhere.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from requests.auth import AuthBase

from clients import Denied, Implausible, sendable
from clients.ahead import at_once
from clients.answers import retry_after
from clients.http import Http, Missing, private
from clients.pace import Pace, pace
from systems import System

VERSION = "2026-09"
HOST = "https://api.hubapi.com"
LIST_LIMIT, SEARCH_LIMIT, BATCH = 100, 200, 100
OBJECTS = (
    *("contacts", "companies", "deals", "tickets", "line_items", "products"),
    *("calls", "emails", "meetings"),
)
OLD = {"associations": "v4"}  # the others: v3
SEARCH_CAP = 10_000  # a search answers no row beyond this one
SEARCH_INTERVAL = 0.21  # five a second, and a little for clocks that differ
POLICY_WAIT = {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0, "DAILY": 86_400.0}
LOCKED_WAIT = 2.0
WINDOW = 10.0  # seconds, until an answer says otherwise

Record = dict[str, Any]


class HubSpot:
    """Paths carry the version's date; where an account does not know one (404), the older path
    of the same is taken from then on. `at_once`: how many batches may be read at a time."""

    def __init__(self, http: Http, searches: Pace, at_once: int = 1) -> None:
        self.http, self.searches, self.at_once = http, searches, at_once
        self.old: set[str] = set()  # areas of the API that this account has at old paths only

    def page(
        self,
        kind: str,
        properties: Sequence[str],
        after: str | None,
        limit: int = LIST_LIMIT,
        *,
        archived: bool = False,
    ) -> tuple[list[Record], str | None]:
        """A page of all records, and where the next one starts (None: that was the last)."""
        params = {"limit": limit, "properties": ",".join(properties)}
        return self._page("objects", f"/{kind}", params, after, archived)

    def owners(self, after: str | None, *, archived: bool) -> tuple[list[Record], str | None]:
        return self._page("owners", "", {"limit": LIST_LIMIT}, after, archived)

    def pipelines(self, kind: str) -> list[Record]:
        answer = self.http.believe(self._ask("GET", "pipelines", f"/{kind}"), dict)
        return self._results(answer, f"pipelines of {kind}")

    def records(
        self, kind: str, properties: Sequence[str], ids: Sequence[str], *, archived: bool = False
    ) -> list[Record]:
        """Records by id, in the order asked for; those that are not there are left out."""
        path = f"/{kind}/batch/read{'?archived=true' if archived else ''}"
        rows = self._read(path, ids, {"properties": list(properties)}, kind)
        found = {str(row["id"]): row for row in rows}
        return [found[record] for record in ids if record in found]

    def by_email(self, emails: Sequence[str]) -> list[Record]:
        """Contacts with these addresses, in any order."""
        asked = {"properties": ["email"], "idProperty": "email"}
        return self._read("/contacts/batch/read", emails, asked, "contacts by e-mail")

    def _read(
        self, path: str, ids: Sequence[str], asked: Mapping[str, Any], what: str
    ) -> list[Record]:
        rows: list[Record] = []
        for start in range(0, len(ids), BATCH):
            inputs = [{"id": one} for one in ids[start : start + BATCH]]
            body = {"inputs": inputs, "propertiesWithHistory": [], **asked}
            answer = self.http.believe(self._ask("POST", "objects", path, body, again=True), dict)
            rows += self._results(answer, what)
        return rows

    def add(self, kind: str, inputs: Sequence[Record]) -> Record:
        """One batch of new records (at most 100); `errors` in the answer name what was refused."""
        response = self._ask("POST", "objects", f"/{kind}/batch/create", {"inputs": list(inputs)})
        answer = self.http.believe(response, dict)
        return {**answer, "results": self._results(answer, f"new {kind}")}

    def search(self, kind: str, body: Mapping[str, Any]) -> tuple[list[Record], int, str | None]:
        """A page of matching records, how many match in all, and where the next page starts."""
        if delay := self.searches.delay():
            self.http.sleep(delay)
        response = self._ask("POST", "objects", f"/{kind}/search", body, again=True)
        answer = self.http.believe(response, dict)
        total = answer.get("total")
        if not isinstance(total, int):
            raise Implausible(self.http.system, f"a search of {kind} came without a total")
        return self._results(answer, kind), total, _after(answer)

    def associated(self, kind: str, to: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """Ids of the `to` records linked to each record that has any."""
        found: dict[str, list[str]] = {}
        inputs: list[Record] = [{"id": record} for record in ids]
        while inputs:
            path = f"/{kind}/{to}/batch/read"
            response = self._ask("POST", "associations", path, {"inputs": inputs}, again=True)
            results = self._results(self.http.believe(response, dict), f"{kind} to {to}")
            for one in results:
                ends = [str(end.get("toObjectId") or end["id"]) for end in one["to"]]
                found.setdefault(str(one["from"]["id"]), []).extend(ends)
            inputs = [
                {"id": one["from"]["id"], "after": after}
                for one in results
                if (after := _after(one))
            ]
        return found

    def update(self, kind: str, inputs: Sequence[Record]) -> dict[str, Any]:
        """One batch (at most 100); `errors` in the answer name what was refused, whatever the
        status code says."""
        response = self._ask("POST", "objects", f"/{kind}/batch/update", {"inputs": list(inputs)})
        return self.http.believe(response, dict)

    def properties(self, kind: str, what: str = "") -> list[Record]:
        """The properties (or with `what="/groups"`, the property groups) that exist."""
        answer = self.http.believe(self._ask("GET", "properties", f"/{kind}{what}"), dict)
        return self._results(answer, f"properties of {kind}")

    def names(self, kind: str, what: str = "") -> set[str]:
        return {str(found["name"]) for found in self.properties(kind, what)}

    def create(self, kind: str, definition: Mapping[str, Any], what: str = "") -> None:
        """Creates a property, or with `what="/groups"` a group of them."""
        self._ask("POST", "properties", f"/{kind}{what}", definition)

    def purge(self, contact: str) -> None:
        """Deletes for good, with what is kept of the contact's activities: nobody can restore it.
        The dated path is not documented; accounts without it are asked at that of v3."""
        self._ask("POST", "objects", "/contacts/gdpr-delete", {"objectId": contact}, again=True)

    def check(self) -> str:
        """Proves that the account is reached, and says what the token may read."""
        reads, hidden = [], []
        self.page("contacts", (), None, limit=1)
        for name in OBJECTS:
            try:
                self.page(name, (), None, limit=1)
                reads.append(name)
            except Denied:
                hidden.append(name)
        try:
            self.owners(None, archived=False)
            reads.append("owners")
        except Denied:
            hidden.append("owners")
        reads += ["pipelines"] if {"deals", "tickets"} & {*reads} else []
        said = f"reads {', '.join(reads)} at {self.http.base}"
        return f"{said}; has no right to read {', '.join(hidden)}" if hidden else said

    def _page(
        self, area: str, rest: str, params: Record, after: str | None, archived: bool
    ) -> tuple[list[Record], str | None]:
        asked = {**params, "archived": "true" if archived else "false"}
        if after is not None:
            asked["after"] = after
        answer = self.http.believe(self._ask("GET", area, rest, params=asked), dict)
        return self._results(answer, rest or area), _after(answer)

    def _ask(
        self,
        method: str,
        area: str,
        rest: str,
        body: Any = None,
        *,
        params: Record | None = None,
        again: bool | None = None,
    ) -> requests.Response:
        asking = {"params": params, "body": body, "repeatable": again}
        if area not in self.old:
            try:
                return self.http.request(method, f"/crm/{area}/{VERSION}{rest}", **asking)
            except Missing as error:
                missing = error
        try:
            response = self.http.request(
                method, f"/crm/{OLD.get(area, 'v3')}/{area}{rest}", **asking
            )
        except Missing:
            if area in self.old:
                raise
            raise missing from None
        self.old.add(area)
        return response

    def _results(self, answer: Mapping[str, Any], what: str) -> list[Record]:
        results = answer.get("results")
        if isinstance(results, list) and all(isinstance(row, dict) for row in results):
            return results
        raise Implausible(self.http.system, f"the answer for {what} holds no results")


class Rolling(Pace):
    """Once the headers say that nothing remains, rests until the oldest request leaves the window.

    Resting for a whole window would leave idle what comes free in it. A moment is when the answer
    came, for the vendor counted the request before that. Requests of others are not known: where
    they fill the window, what of ours leaves it is free all the same.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(0.0, clock)
        self.answered: deque[float] = deque()
        self.window = WINDOW

    def observe(self, response: requests.Response) -> None:
        remaining = response.headers.get("X-HubSpot-RateLimit-Remaining", "")
        interval = response.headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "")
        if interval.isdecimal():
            self.window = int(interval) / 1000
        with self.lock:
            now = self.clock()
            self.answered.append(now)
            while self.answered[0] <= now - self.window:
                self.answered.popleft()
            wait = self.answered[0] + self.window - now
        if remaining == "0":
            self.rest(wait)


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
    clock: Callable[[], float] | None = None,
) -> HubSpot:
    if not system.connection.password:
        remedy = f"Put a service key as password into the Airflow connection {system.name!r}"
        raise Denied(system.name, "no token", remedy)
    http = Http(
        system.name,
        private(system.name, system.connection.url or HOST),
        connection=system.connection,
        auth=_Bearer(sendable(system.name, system.connection.password)),
        pace=Rolling(clock=clock or time.monotonic),
        asked=_asked,
        sleep=sleep,
    )
    searches = pace(system.name, "searches", SEARCH_INTERVAL, clock)
    return HubSpot(http, searches, at_once(system))


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
