"""What an HTTP answer says to people: short, without tags, without query strings."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import orjson
import requests

LONGEST = 160
HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
SECRET_HEADERS = ("Authorization", "X-Shopify-Access-Token")
TAG = re.compile(r"<[^>]*>?")
AS_ZERO, LONG_NUMBER = bytes.maketrans(b"0123456789", b"0" * 10), b"0" * 19


def parsed(content: bytes) -> Any:
    """What a JSON text says; raises ValueError when it is none."""
    # orjson rounds numbers of more than 64 bits. So found in a tenth of the time of a pattern.
    if LONG_NUMBER not in content.translate(AS_ZERO):
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            pass  # the standard library also reads a BOM, and halves of an emoji
    return json.loads(content)


def excerpt(response: requests.Response) -> str:
    """Content type and the first words; of a page its title comes first."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0]
    text = response.content[:20_000].decode("utf-8", errors="replace")
    title = TITLE.search(text)
    plain = f"{title[1] if title else ''} {TAG.sub(' ', HIDDEN.sub(' ', text))}"
    words = unsaid(" ".join(html.unescape(plain).split()), response)
    short = words if len(words) <= LONGEST else words[:LONGEST] + "..."
    return f"{kind}, {short!r}" if short else f"{kind}, empty"


def unsaid(text: str, response: requests.Response) -> str:
    """The text without the secrets of the request: error pages like to quote it."""
    return hidden(text, _secrets(response.request)) if response.request is not None else text


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, however a URL, JSON or XML writes them."""
    for secret in sorted({*filter(None, secrets)}, key=len, reverse=True):
        for form in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            html.escape(secret),
        ):
            text = text.replace(form, "***")
    return text


def _secrets(request: requests.PreparedRequest) -> Iterator[str]:
    """Tokens and passwords in its headers, its signature, and what it asks a token with."""
    for name in SECRET_HEADERS:
        scheme, _, secret = request.headers.get(name, "").rpartition(" ")
        yield secret
        if scheme == "Basic":
            yield base64.b64decode(secret).decode(errors="replace").partition(":")[2]
    query = parse_qs(urlsplit(request.url or "").query)
    yield from query.get("oauth_signature", [])
    body = request.body or b""
    if b"client_secret" in (body if isinstance(body, bytes) else body.encode()):
        yield str(json.loads(body)["client_secret"])


def spoken(response: requests.Response) -> str:
    """Method and path. Never the query: it may be signed."""
    method = response.request.method if response.request is not None else "?"
    return f"{method} {urlsplit(response.url).path}"


def target(response: requests.Response) -> str:
    """Where a redirect leads, without the query: the signature of the request is in it."""
    return response.headers.get("Location", "nowhere").partition("?")[0]


def vendor_words(body: Any) -> str:
    """Code and message of an error as WordPress and HubSpot write it; "" when it is neither."""
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return ""
    code = body.get("code") or body.get("category")
    details = body.get("data")
    params = details.get("params") if isinstance(details, dict) else None
    said = [body["message"], *(str(v) for v in (params or {}).values())]
    text = "; ".join(said) if isinstance(params, dict) else body["message"]
    return f"{text} ({code})" if code else str(text)


def retry_after(response: requests.Response) -> float | None:
    """Seconds the system asks us to wait; the header holds seconds or a date."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
