"""Shopify's bulk operations: run a query over everything, wait, stream the lines of its result.

The result's address is signed: it is asked for anew when it is needed, and never told to anyone.
https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from clients import Implausible, Refused, Unavailable
from clients.http import TIMEOUT, private
from clients.shopify import Shopify

RUN = """
mutation Run($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id }
    userErrors { code field message }
  }
}
"""
STATE = """
query State($id: ID!) {
  bulkOperation(id: $id) { status errorCode objectCount rootObjectCount url partialDataUrl }
}
"""
BUSY = ("LIMIT_REACHED", "OPERATION_IN_PROGRESS")
RUNNING = ("CREATED", "RUNNING", "CANCELING")
SOONEST, LATEST = 1.0, 30.0  # seconds between two questions
PATIENCE = 3_600.0  # seconds without any progress
CHUNK = 1 << 18
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ended:
    """`status`: COMPLETED, FAILED, CANCELED or EXPIRED. `objects`: lines its result has."""

    status: str
    error: str | None
    objects: int
    partial: bool
    url: str | None = None

    def __repr__(self) -> str:
        return f"Ended({self.status}, {self.error}, {self.objects} objects)"


def run(shop: Shopify, query: str) -> str:
    """Id of the operation that now reads; waits while the shop runs as many as it allows.

    Repeated when no answer comes: at worst a second one reads the same for nobody.
    """
    for wait in _waits():
        answer = shop.query(RUN, {"query": query})["bulkOperationRunQuery"]
        errors = answer["userErrors"]
        if not errors:
            return str(answer["bulkOperation"]["id"])
        words = "; ".join(error["message"] for error in errors)
        if not any(error["code"] in BUSY for error in errors):
            raise Refused(shop.http.system, f"a bulk operation was refused: {words}")
        shop.http.sleep(wait)
    raise Unavailable(shop.http.system, f"other bulk operations leave no room: {words}")


def ended(shop: Shopify, operation: str) -> Ended:
    """How an operation ended, waited for as long as it gets on."""
    objects, idle = -1, 0.0
    for wait in _waits(forever=True):
        found = shop.query(STATE, {"id": operation})["bulkOperation"]
        if found is None:
            return Ended("EXPIRED", None, 0, partial=False)
        if found["status"] not in RUNNING:
            return _ended(found)
        idle = 0.0 if int(found["objectCount"]) > objects else idle + wait
        objects = int(found["objectCount"])
        if idle > PATIENCE:
            break
        log.info("%s: bulk operation read %s objects so far", shop.http.system, f"{objects:,}")
        shop.http.sleep(wait)
    raise Unavailable(shop.http.system, f"a bulk operation stands still at {objects} objects")


def lines(shop: Shopify, result: Ended) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The lines of a result and their objects; an empty result has no address at all."""
    if result.url is None:
        return
    system, where = shop.http.system, urlsplit(result.url).hostname
    private(system, f"{urlsplit(result.url).scheme}://{where}")
    try:
        with shop.http.session.get(
            result.url, stream=True, timeout=TIMEOUT, allow_redirects=False
        ) as response:
            if response.status_code in (401, 403, 404, 410):
                raise Unavailable(system, f"{where} no longer gives a bulk operation's result")
            if response.status_code != 200:
                said = response.status_code
                raise Unavailable(system, f"{where} answered {said} for a bulk result")
            for line in response.iter_lines(CHUNK):
                if line:
                    yield line, _object(system, line)
    except requests.RequestException as error:
        # Without `from`: the library's text repeats the address, and that is signed.
        cause = f"a bulk operation's result broke off: {type(error).__name__} from {where}"
        raise Unavailable(system, cause) from None


def _object(system: str, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict):
        return found
    raise Implausible(
        system, f"a bulk operation's result has a line that is no object: {line[:80]!r}"
    )


def _ended(found: dict[str, Any]) -> Ended:
    done = found["status"] == "COMPLETED"
    return Ended(
        found["status"],
        found["errorCode"],
        int(found["objectCount"]),
        partial=bool(found["partialDataUrl"]),
        url=found["url"] if done else None,
    )


def _waits(*, forever: bool = False) -> Iterator[float]:
    """1, 2, 4 ... 30 seconds; until patience ends, or for ever."""
    wait, spent = SOONEST, 0.0
    while forever or spent < PATIENCE:
        yield wait
        spent += wait
        wait = min(2 * wait, LATEST)
