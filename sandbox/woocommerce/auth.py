"""Who may come in: OAuth 1.0a (one-legged) over http, keys as Basic or in the query over https.

As WooCommerce does it: the signature is over the address the site has, each parameter once
(PHP keeps the last of a repeated one), and a nonce serves once in 15 minutes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from urllib.parse import quote, unquote

from starlette.requests import Request

from sandbox.woocommerce.problems import Problem, unauthorized

WINDOW = 15 * 60  # seconds
NEEDED = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)
DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


class Keys:
    """One pair of consumer key and secret, and the nonces it has used."""

    def __init__(self, key: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self.key, self._secret, self._clock = key, secret, clock
        self._nonces: dict[str, float] = {}

    def check(self, request: Request) -> None:
        """Raises Problem (401) unless the request may come in."""
        if request.url.scheme == "https":
            self._check_plain(request)
        else:
            self._check_signed(request)

    def _check_plain(self, request: Request) -> None:
        given = _basic(request) or (
            request.query_params.get("consumer_key", ""),
            request.query_params.get("consumer_secret", ""),
        )
        if given[0] != self.key:
            raise _stranger(request)
        if not hmac.compare_digest(given[1].encode(), self._secret.encode()):
            raise unauthorized("Consumer secret is invalid.")

    def _check_signed(self, request: Request) -> None:
        parameters = dict(request.query_params.multi_items()) | _oauth_header(request)
        if not any(name in parameters for name in NEEDED):
            raise _stranger(request)
        missing = [name for name in NEEDED if not parameters.get(name)]
        if missing:
            raise Problem(
                401,
                "woocommerce_rest_authentication_missing_parameter",
                f"Missing OAuth parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            )
        if parameters["oauth_consumer_key"] != self.key:
            raise unauthorized("Consumer key is invalid.")
        self._check_signature(request, parameters)
        self._check_moment(parameters)

    def _check_signature(self, request: Request, parameters: dict[str, str]) -> None:
        given = parameters["oauth_signature"].replace(" ", "+")
        digest = DIGESTS.get(parameters["oauth_signature_method"])
        if digest is None:
            raise unauthorized("Invalid signature - signature method is invalid.")
        signed = {name: text for name, text in parameters.items() if name != "oauth_signature"}
        pairs = "&".join(f"{_quote(name)}={_quote(signed[name])}" for name in sorted(signed))
        address = f"http://{request.headers['host']}{request.url.path}"
        base = f"{request.method}&{quote(address, safe='')}&{quote(pairs, safe='')}"
        mac = hmac.new(f"{self._secret}&".encode(), base.encode(), digest)
        if not hmac.compare_digest(base64.b64encode(mac.digest()).decode(), unquote(given)):
            raise unauthorized("Invalid signature - provided signature does not match.")

    def _check_moment(self, parameters: dict[str, str]) -> None:
        moment, stamp = self._clock(), parameters["oauth_timestamp"]
        if not stamp.isdigit() or abs(moment - int(stamp)) > WINDOW:
            raise unauthorized("Invalid timestamp.")
        nonce = parameters["oauth_nonce"]
        if self._nonces.get(nonce, float("-inf")) > moment - WINDOW:
            raise unauthorized("Invalid nonce - nonce has already been used.")
        self._nonces[nonce] = moment


def _quote(text: str) -> str:
    return quote(unquote(text), safe="")


def _stranger(request: Request) -> Problem:
    """Nobody logged in: WordPress then says what an anonymous visitor may not do."""
    verb, code = ("list resources", "view")
    if request.method != "GET":
        verb, code = ("create resources", "create")
    return Problem(401, f"woocommerce_rest_cannot_{code}", f"Sorry, you cannot {verb}.")


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return login, password


def _oauth_header(request: Request) -> dict[str, str]:
    header = request.headers.get("authorization", "")
    if not header.lower().startswith("oauth "):
        return {}
    pairs = re.findall(r'(oauth_[a-z_]+)="([^"]*)"', header)
    return {name: unquote(text) for name, text in pairs}
