"""Access tokens: the client-credentials grant, whose tokens expire, and one that never does."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response

from sandbox.web import Call


class Tokens:
    def __init__(
        self,
        client_id: str,
        client_secret: str,
        static: str | None,
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._id, self._secret, self._static = client_id, client_secret, static
        self.seconds, self._clock = seconds, clock
        self._ends: dict[str, float] = {}

    def valid(self, token: str) -> bool:
        if self._static and hmac.compare_digest(token.encode(), self._static.encode()):
            return True
        return self._ends.get(token, float("-inf")) > self._clock()

    def grant(self, call: Call, scopes: set[str]) -> Response:
        """Answers the token endpoint, asked with a form or with JSON."""
        asked = _asked(call)
        if asked.get("grant_type") != "client_credentials":
            return _no("unsupported_grant_type", "grant_type must be client_credentials", 400)
        if asked.get("client_id") != self._id:
            return _no("application_cannot_be_found", "No application with this client_id", 400)
        secret = str(asked.get("client_secret", ""))
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            return _no("invalid_client", "The client secret is not valid", 401)
        token = f"shpua_{secrets.token_hex(16)}"
        self._ends[token] = self._clock() + self.seconds
        body = {"access_token": token, "scope": ",".join(sorted(scopes))}
        return JSONResponse(body | {"expires_in": int(self.seconds) - 1})


def _asked(call: Call) -> dict[str, Any]:
    if "json" not in call.request.headers.get("content-type", ""):
        return dict(parse_qsl(call.body.decode(errors="replace")))
    try:
        body = call.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _no(error: str, description: str, status: int) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
