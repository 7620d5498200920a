"""HTTP as every client speaks it: retries, pacing, and answers that must prove themselves.

A request that may be repeated is retried on connection errors, 423, 429, 477, 502, 503 and 504.
A write is sent again only when it certainly did not happen (nobody listened; 423; 429);
otherwise `Unknown` says that its outcome is unknown. Redirects are never followed: a shop
with plain permalinks answers a redirected write with a page and 200, and stores nothing.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import tenacity
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.answers import excerpt, parsed, retry_after, spoken, target, unsaid, vendor_words
from clients.pace import Pace
from clients.records import Records, records
from clients.tls import session as session_of
from clients.tls import untrusted
from systems import Connection

Shape = TypeVar("Shape", dict[str, Any], list[Any])
NOT_DONE = (423, 429)
PASSING = (*NOT_DONE, 477, 502, 503, 504)  # 477: HubSpot is migrating the account
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between bytes
# At DEBUG it writes whole addresses, and those may be signed.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class Unknown(Unavailable):
    """A write whose outcome nobody knows: it was sent, and no believable answer came."""


class Missing(Refused):
    """There is nothing at that path: a 404."""


class Passing(Unavailable):
    """May be repeated; `wait` is what the system asked for, in seconds."""

    def __init__(self, system: str, cause: str, remedy: str, wait: float | None = None) -> None:
        super().__init__(system, cause, remedy)
        self.wait = wait


class Http:
    """One system's HTTP, for all threads of a process. `connection`: as far as it says whom to
    trust. `auth` is applied anew on every attempt (OAuth 1 signs each one).

    `patience`: the most seconds to spend waiting in one request. `words` finds the vendor's
    words in an error's JSON. `refusing_500`: this vendor says no with a 500 and an error code.
    `asked`: how many seconds a 4xx or 5xx asks us to wait. `judge` raises for a 2xx that is a no.
    """

    def __init__(
        self,
        system: str,
        base: str,
        *,
        connection: Connection | None = None,
        auth: AuthBase | None = None,
        pace: Pace | None = None,
        patience: float = 120.0,
        words: Callable[[Any], str] = vendor_words,
        refusing_500: bool = False,
        asked: Callable[[requests.Response], float | None] = retry_after,
        judge: Callable[[requests.Response], None] = lambda response: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system, self.base, self.auth = system, base.rstrip("/"), auth
        self.pace, self.patience, self.sleep = pace or Pace(), patience, sleep
        self.words, self.refusing_500 = words, refusing_500
        self.asked, self.judge = asked, judge
        self.session = session_of(system, connection or Connection())
        if not urlsplit(self.base).hostname:
            raise Denied(system, f"its address {base!r} is not a URL", self._set("its host"))

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> requests.Response:
        return self.request("GET", path, params=params)

    def post(self, path: str, body: Any, *, repeatable: bool = False) -> requests.Response:
        """`repeatable`: reads, and anything else that may safely happen twice."""
        return self.request("POST", path, body=body, repeatable=repeatable)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeatable: bool | None = None,
    ) -> requests.Response:
        """A 2xx answer; anything else is raised as the class that fits."""
        again = method == "GET" if repeatable is None else repeatable
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Passing),
            wait=_wait,
            stop=lambda state: state.idle_for + state.upcoming_sleep > self.patience,
            sleep=self._sit_out,
            reraise=True,
        )
        return attempts(self._attempt, method, path, params, body, again)

    def _sit_out(self, seconds: float) -> None:
        """Every thread does: what one was told holds for all."""
        self.pace.rest(seconds, slept=True)
        self.sleep(seconds)

    def believe(self, response: requests.Response, shape: type[Shape]) -> Shape:
        """The JSON of an answer, if it is JSON of that shape."""
        try:
            body = parsed(response.content)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, shape):
            return body
        raise self._not_a(response, "JSON list" if shape is list else "JSON object")

    def records(
        self, response: requests.Response, heads: msgspec.json.Decoder[list[Any]]
    ) -> Records:
        """Those of an answer, if it is a JSON list of objects."""
        try:
            return records(response.content, heads)
        except (ValueError, RecursionError):
            raise self._not_a(response, "JSON list of objects") from None

    def _not_a(self, response: requests.Response, wanted: str) -> Implausible:
        return Implausible(
            self.system,
            f"{spoken(response)} said {response.status_code}, but its body is not a {wanted}: "
            f"{excerpt(response)}",
            "A page, plugin or proxy answered instead of the API: check the address in the "
            f"Airflow connection {self.system!r} and what was installed there last",
        )

    def _attempt(
        self, method: str, path: str, params: Any, body: Any, again: bool
    ) -> requests.Response:
        if delay := self.pace.delay():
            self.sleep(delay)
        try:
            response = self.session.request(
                method,
                self.base + path,
                params=params,
                json=body,
                auth=self.auth,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # Without `from`: the library's text repeats the URL, and that holds the signature.
            raise self._unreached(f"{method} {path}", error, again) from None
        self.pace.observe(response)
        if response.status_code >= 300:
            raise self._failure(response, again)
        self.judge(response)
        return response

    def _unreached(self, what: str, error: requests.RequestException, again: bool) -> ClientError:
        where = f"{urlsplit(self.base).netloc} ({what})"
        if isinstance(error, requests.exceptions.SSLError):
            return untrusted(self.system, where, error)
        remedy = f"See that it runs, or correct the host of the Airflow connection {self.system!r}"
        if _never_connected(error):
            return Passing(self.system, f"nobody answers at {where}", remedy)
        if again:
            return Passing(self.system, f"no answer from {where}: {type(error).__name__}", remedy)
        return Unknown(
            self.system,
            f"no answer to a write at {where}: {type(error).__name__}; its outcome is unknown",
            "Send it again, if sending it twice is harmless",
        )

    def _failure(self, response: requests.Response, again: bool) -> ClientError:
        status = response.status_code
        said = unsaid(self.words(_json(response)), response) or excerpt(response)
        cause = f"{spoken(response)} answered {status}: {said}"
        if status in (401, 403):
            return Denied(self.system, cause, self._set())
        if status < 400:
            cause = f"{spoken(response)} redirects to {target(response)}"
            return Implausible(self.system, cause, self._set("the final address"))
        if status in PASSING and (again or status in NOT_DONE):
            wait = self.asked(response)
            request = f" (it asks to wait {wait:.0f} s)" if wait is not None else ""
            return Passing(self.system, cause + request, "The next run tries again", wait)
        if status == 404:
            return Missing(self.system, cause)
        if status < 500 or (status == 500 and self.refusing_500 and self.words(_json(response))):
            return Refused(self.system, cause)
        if again:
            return Unavailable(self.system, cause, "Look into the system's own error log")
        return Unknown(self.system, f"{cause}; the write's outcome is unknown", "Send it again")

    def _set(self, what: str = "valid credentials with the rights needed") -> str:
        return f"Put {what} into the Airflow connection {self.system!r}"


def _wait(state: tenacity.RetryCallState) -> float:
    """What the system asked for, else 1, 2, 4 ... 30 s with up to a second of jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, Passing) else None
    return asked if asked is not None else tenacity.wait_exponential_jitter(1, 30)(state)


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _json(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def private(system: str, base: str) -> str:
    """The address, if a token may travel there: https, or this very machine."""
    parts = urlsplit(base)
    if parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1"):
        return base
    remedy = f"Write https:// in the host of the Airflow connection {system!r}"
    raise Denied(system, f"{base!r} would carry the token unencrypted", remedy)
