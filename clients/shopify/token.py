"""Shopify's access tokens: static, or granted for 24 hours and renewed.

A granted one is renewed before it expires, and once more when the shop says 401.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from requests.auth import AuthBase

from clients import Denied, Implausible, Refused
from clients.http import Http

TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105 - a path, not a token
EARLY = 300.0  # seconds before its end that a token is renewed


class Token(AuthBase):
    """Sends the access token; `grant` fetches (token, seconds it lives), None: it is static."""

    def __init__(
        self,
        token: str | None,
        grant: Callable[[], tuple[str, float]] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token, self.grant, self.clock = token, grant, clock
        self.until, self.lock = float("inf"), threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Shopify-Access-Token"] = self._valid()
        if self.grant:
            request.hooks["response"].append(self._renewed)
        return request

    def _valid(self, refused: str | None = None) -> str:
        """Threads that find it ended, or that were `refused` with it, share one new token."""
        with self.lock:
            ended = self.token in (None, refused) or self.clock() >= self.until
            if self.grant and ended:
                self.token, lives = self.grant()
                self.until = self.clock() + lives - min(EARLY, lives / 2)
            return self.token or ""

    def _renewed(self, response: requests.Response, **options: Any) -> requests.Response:
        """Sends a request that got 401 once more with a new token (as requests' digest does)."""
        if response.status_code != 401:
            return response
        response.close()
        again = response.request.copy()
        used = again.headers["X-Shopify-Access-Token"]
        again.headers["X-Shopify-Access-Token"] = self._valid(refused=used)
        connection: Any = response.connection
        second: requests.Response = connection.send(again, **options)
        second.request = again
        return second


def granter(http: Http, login: str, secret: str) -> Callable[[], tuple[str, float]]:
    body = {"grant_type": "client_credentials", "client_id": login, "client_secret": secret}

    def grant() -> tuple[str, float]:
        try:
            answer = http.believe(http.post(TOKEN_PATH, body, repeatable=True), dict)
        except Refused as error:
            remedy = f"Correct login and password of the Airflow connection {http.system!r}"
            raise Denied(http.system, error.cause, remedy) from None
        if not isinstance(answer.get("access_token"), str):
            raise Implausible(http.system, "the token grant answered without a token")
        return answer["access_token"], float(answer.get("expires_in") or 86_399)

    return grant
