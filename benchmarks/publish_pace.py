"""How much of what a vendor allows is used by a long publish, and what it refuses as too much.

Shopify: a bucket of points that refills; the share is the least time in which so many points can
be spent, by the time it took. HubSpot: requests in any ten seconds; the share is that of whole
windows, from the first request on. A share of 1 is the limit. The other tools state none. Anything
refused as too much was avoidable, for nobody else asks these tools: it fails.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import Failed, Options, Row, figure
from benchmarks.apart import apart
from benchmarks.giving import wanted
from benchmarks.tools import BUCKET, REQUESTS, RESTORE, WINDOW, running
from systems import System
from warehouse import Places

SIZE = 60  # seconds that it takes, at the limit
LIMITS = (BUCKET, RESTORE, REQUESTS, WINDOW)
Asked = list[tuple[float, float]]  # moment in seconds, points


def measure(options: Options) -> list[Row]:
    points, restore, requests, window = LIMITS
    # 25 customers cost 25 points to read while they have no values, and 132 to be given a dozen
    # each; a batch of HubSpot's is read and written.
    records = {
        "shopify": int((points + options.size * restore) / 157 * 25) + 25,
        "hubspot": int((options.size / window + 1) * requests / 2 * 100),
    }
    rows = []
    with running(max(records.values()), options.say, LIMITS) as tools:
        for kind, size in records.items():
            tools.counted()
            with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
                words = f"publish_pace: {kind}, {size:,} records"
                apart(options.say, words, publish, Path(folder), tools.systems[kind], size)
            counted = tools.counted()[kind]
            asked = [tuple(one) for one in counted["asked"]]
            share = (by_points if kind == "shopify" else by_windows)(asked)
            if counted["throttled"]:
                raise Failed(f"{kind}: {counted['throttled']} answers said that it was too much")
            rows += [
                figure(f"publish_pace {kind}", "share", share, "of the limit", size),
                figure(f"publish_pace {kind}", "throttled", counted["throttled"], "answers", size),
            ]
    return rows


def by_points(asked: Asked) -> float:
    points, restore, *_ = LIMITS
    least = (sum(spent for _, spent in asked) - points) / restore
    if least <= 0:
        raise Failed("the bucket was never empty, so nothing had to wait")
    return least / (asked[-1][0] - asked[0][0])


def by_windows(asked: Asked) -> float:
    *_, requests, window = LIMITS
    windows = (len(asked) - 1) // requests
    if not windows:
        raise Failed("no window was ever full, so nothing had to wait")
    return windows * window / (asked[windows * requests][0] - asked[0][0])


def publish(folder: Path, system: System, size: int) -> None:
    from publishers import engine

    places = Places.below(folder)
    wanted(places, {system.kind: system.name}, size)
    done = engine.publish(places, system, approved_by="bench")
    if done.accepted != size:
        raise Failed(f"{system.kind}: {done.accepted} of {size} records were written")
