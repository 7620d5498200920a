"""Many rows by Shopify's bulk operations, window by window of ids.

A window is a range of ids with about `ROWS` rows, so that a stopped backfill goes on at the
window, and inside it at the row, where it was. Children come anywhere in the file after their
parent (`shopify_spool` sorts that out). What a failed operation left behind (`partialDataUrl`)
is not taken, because an order in it may lack lines; its window is read again in smaller ones.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from clients import ClientError, Denied, Implausible, Unavailable
from clients.shopify import Shopify
from clients.shopify.bulk import Ended, ended, lines, run
from sources import Page, Row, Window
from sources.shopify import queries
from sources.shopify.kinds import Kind
from sources.shopify.rows import number, refunded
from sources.shopify.spool import Spool

ROWS = 50_000  # rows a window, about
FEWEST = 100  # a window of fewer rows fails for another reason than its size
PAGE = 500
TRIES = 3  # to read one result to its end
Step = tuple[list[Row], Row | None]
log = logging.getLogger(__name__)


def held(shop: Shopify, kind: Kind, asked: str | None) -> int:
    """How many rows a filter finds."""
    return int(shop.query(queries.count(kind), {"whole": asked})["held"]["count"])


def read(shop: Shopify, kind: Kind, window: Window) -> Iterator[Page]:
    """Position (under `bulk`): the window's ids are above `low` and up to `high`; `top`: the last
    id when the reading began; `most`: rows a window; `operation`: what reads it; `after`: the key
    of the last row taken from it."""
    at: Row | None = (window.position or {}).get("bulk")
    if not at:
        at = _begun(shop, kind, window)
    first = True  # says how many there are, and the last one how many there are by now
    while at:
        top = at["top"]
        for rows, following in _steps(shop, kind, window, at):
            asks = (first or following is None) and not kind.within
            claimed = held(shop, kind, _between(window, 0, top)) if asks else None
            first = False
            at = following
            yield Page(rows, claimed=claimed, position=at and {"bulk": at})


def _begun(shop: Shopify, kind: Kind, window: Window) -> Row:
    top = None if kind.within else _span(shop, kind, _between(window, 0, None))[2]
    return {"low": 0, "high": None, "top": top, "most": ROWS, "operation": None, "after": ""}


def _steps(shop: Shopify, kind: Kind, window: Window, at: Row) -> Iterator[Step]:
    """One window: rows, and where to go on after them."""
    if not at["operation"]:
        if not kind.within:
            at = _cut(shop, kind, window, at)
        query = queries.bulk(kind, _between(window, at["low"], at["high"]))
        at = {**at, "operation": run(shop, query), "after": ""}
        yield [], at
    result = ended(shop, at["operation"])
    if result.status == "COMPLETED":
        yield from _taken(shop, kind, at)
        return
    most = at["most"] // 4
    stops = _stops(shop, kind, result, most)
    yield [], {**at, "most": ROWS if stops else most, "operation": None}
    if stops:
        raise stops


def _stops(shop: Shopify, kind: Kind, result: Ended, most: int) -> ClientError | None:
    """What ends this run; None: the window is worth another try in smaller ones."""
    system = shop.http.system
    left = f" after {result.objects} objects" + (", not taken" if result.partial else "")
    cause = f"the bulk operation for {kind.connection} ended {result.status}{left}"
    log.warning("%s: %s (%s)", system, cause, result.error or "no reason given")
    if result.error == "ACCESS_DENIED":
        return Denied(system, cause, "Give the app the read scopes of its tables and release it")
    if result.status == "CANCELED" or most < FEWEST or kind.within:
        return Unavailable(system, f"{cause}: {result.error or 'no reason given'}")
    return None


def _taken(shop: Shopify, kind: Kind, at: Row) -> Iterator[Step]:
    """The rows of a result, page by page; then the next window."""
    with Spool(kind) as spool:
        if error := _filled(shop, at["operation"], spool):
            # Another operation reads it again; the pages before it still count.
            yield [], {**at, "operation": None}
            raise error
        for rows in spool.pages(at["after"], PAGE):
            after = rows[-1]["id"]
            if kind.connection == "orders":
                refunded(shop, rows)
            yield rows, {**at, "after": after}
    done = kind.within or at["high"] >= at["top"]
    following = {**at, "low": at["high"], "high": None, "operation": None, "after": ""}
    yield [], None if done else following


def _filled(shop: Shopify, operation: str, spool: Spool) -> ClientError | None:
    """Takes the whole result, or says why not."""
    error: ClientError | None = None
    for _ in range(TRIES):
        result = ended(shop, operation)  # a new address each time: they expire
        try:
            seen = spool.fill(lines(shop, result))
        except Unavailable as caught:
            error = caught
            continue
        if seen == result.objects:
            return None
        error = Implausible(
            shop.http.system,
            f"a bulk operation says it wrote {result.objects} objects, its result has {seen}",
        )
    return error


def _cut(shop: Shopify, kind: Kind, window: Window, at: Row) -> Row:
    """The next window: from the first id that is left, about `most` rows."""
    count, first, _ = _span(shop, kind, _between(window, at["low"], at["top"]))
    low, high = max(at["low"], first - 1), at["top"]
    while count > at["most"] and high > low + 1:
        high = low + max(1, (high - low) * at["most"] // count)
        count = held(shop, kind, _between(window, low, high))
    return {**at, "low": low, "high": high}


def _span(shop: Shopify, kind: Kind, asked: str | None) -> tuple[int, int, int]:
    """How many rows, their first id and their last one; 0 when there are none."""
    found = shop.query(queries.span(kind), {"whole": asked})
    first, last = found["first"]["nodes"], found["last"]["nodes"]
    count = int(found["held"]["count"])
    if count and not (first and last):
        raise Implausible(shop.http.system, f"{count} {kind.connection} were counted, none listed")
    return (count, number(first[0]["id"]), number(last[0]["id"])) if count else (0, 0, 0)


def _between(window: Window, low: int, high: int | None) -> str | None:
    return queries.both(
        f"id:>{low}" if low else None,
        f"id:<={high}" if high is not None else None,
        queries.since(window.since),
    )
