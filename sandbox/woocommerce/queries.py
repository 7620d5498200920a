"""Query parameters of the lists: their limits, defaults and traps."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request

from sandbox.woocommerce.problems import Problem, invalid, not_one_of

SITE = ZoneInfo("Europe/Istanbul")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(Z|z|[+-]\d\d(?::?\d\d)?)?")
BETWEEN = {
    "page": "page must be greater than or equal to 1",
    "per_page": "per_page must be between 1 (inclusive) and 100 (inclusive)",
}


def number(request: Request, name: str, default: int, most: float = math.inf) -> int:
    text = request.query_params.get(name, str(default))
    if not re.fullmatch(r"-?\d+", text):
        raise invalid(name, f"{name} is not of type integer.", "rest_invalid_type")
    if not 1 <= int(text) <= most:
        raise invalid(name, BETWEEN[name], "rest_out_of_bounds")
    return int(text)


def choice(request: Request, name: str, valid: tuple[str, ...], default: str) -> str:
    value = request.query_params.get(name, default)
    if value not in valid:
        raise not_one_of(name, valid)
    return value


def several(request: Request, name: str) -> list[str]:
    """`name=a,b`, `name[]=a&name[]=b` and `name[0]=a` are all a list."""
    wanted = re.compile(rf"{name}(\[\d*\])?")
    items = request.query_params.multi_items()
    found = [value for key, value in items if wanted.fullmatch(key)]
    return [part for value in found for part in value.split(",") if part]


def moment(request: Request, name: str) -> datetime | None:
    """The instant a filter means, as the store understands it.

    Naive is the site's local time, or UTC with dates_are_gmt. With an offset it is what it
    says, but together with dates_are_gmt the store turns it into local time and then reads
    that as UTC: the filter silently moves by the site's offset.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    match = MOMENT.fullmatch(text)
    if match is None:
        raise invalid(name, "Invalid date.", "rest_invalid_date")
    parsed = datetime.fromisoformat(text.upper())
    gmt = request.query_params.get("dates_are_gmt", "false").lower() in ("true", "1")
    if match[1] and gmt:
        return parsed.astimezone(SITE).replace(tzinfo=UTC)
    if match[1]:
        return parsed.astimezone(UTC)
    return parsed.replace(tzinfo=UTC if gmt else SITE)


def only(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """`_fields=id,billing.email`: the row with nothing else."""
    wanted = several(request, "_fields")
    if not wanted:
        return row
    kept: dict[str, Any] = {}
    for path in wanted:
        head, _, tail = path.strip().partition(".")
        if head not in row:
            continue
        if tail and isinstance(row[head], dict):
            if tail in row[head]:
                kept.setdefault(head, {})[tail] = row[head][tail]
        else:
            kept[head] = row[head]
    return kept


class Window:
    """Which rows of a list one page shows, and what its headers say."""

    def __init__(self, request: Request, total: int) -> None:
        self._request, self.total = request, total
        self.page = number(request, "page", 1)
        self.size = number(request, "per_page", 10, most=100)
        self.pages = math.ceil(total / self.size)
        offset = request.query_params.get("offset", "")
        self.start = int(offset) if offset.isdigit() else (self.page - 1) * self.size

    def headers(self, *, total_past_end: bool) -> Mapping[str, str]:
        """Past the last page the list of orders forgets its total, that of customers does not."""
        beyond = self.page > self.pages and not total_past_end
        total, pages = (0, 0) if beyond else (self.total, self.pages)
        links = []
        if self.page > 1:
            links.append(f'<{self._at(min(self.page - 1, pages))}>; rel="prev"')
        if self.page < pages:
            links.append(f'<{self._at(self.page + 1)}>; rel="next"')
        counts = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        return counts | ({"Link": ", ".join(links)} if links else {})

    def _at(self, page: int) -> str:
        query = dict(self._request.query_params.multi_items()) | {"page": str(page)}
        return f"{self._request.url.replace(query='')}?{urlencode(query, quote_via=quote)}"


def ids(request: Request, name: str) -> set[str]:
    wanted = several(request, name)
    wrong = [text for text in wanted if not text.isdigit()]
    if wrong:
        raise invalid(name, f"{name}[0] is not of type integer.", "rest_invalid_type")
    return set(wanted)


def forced(request: Request) -> bool:
    return request.query_params.get("force", "false").lower() in ("true", "1")


def body_too_large(count: int) -> Problem:
    return Problem(
        413,
        "woocommerce_rest_request_entity_too_large",
        f"Unable to accept more than {count} items for this request.",
    )
