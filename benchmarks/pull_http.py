"""Orders of a WooCommerce store, over real HTTP, from page to landing.

Ours is the product's own pull: requests signed, pages verified in order, rows hashed, compared
and landed. The baseline, `requests loop`, gets the same pages over one connection and keeps
nothing of them. Once against a store that answers at once, one page at a time; and once against
one that takes 250 ms for a page (real ones were seen to take 250 to 800), with as many requests
at a time as are usual.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from benchmarks import TIMES, Failed, Options, Row, figure, orders, page_server, ratio
from benchmarks.apart import Cost, apart, cost

SIZE = 100_000  # orders
SLOW_PART = 20  # a store that takes its time is read at this part of the size
WAIT = 0.25  # seconds a slow store takes for a page


def measure(options: Options) -> list[Row]:
    size, slow = options.size, max(options.size // SLOW_PART, 1)
    quick, loop = _compared(options, "a quick store", size, 0.0, {"concurrency": 1})
    patient, waiting = _compared(options, f"{WAIT * 1000:.0f} ms a page", slow, WAIT, {})
    baseline = f"requests loop, {WAIT * 1000:.0f} ms a page"
    return [
        ratio("pull_http", "requests loop", _middle(quick), _middle(loop), "s", size),
        ratio("pull_http", baseline, _middle(patient), _middle(waiting), "s", slow),
        figure("pull_http", "seconds", _middle(quick), "s", size),
        figure("pull_http", "memory", median(run.memory for run in quick), "MB", size),
    ]


def _compared(
    options: Options, what: str, size: int, wait: float, settings: dict[str, int]
) -> tuple[list[Cost], list[Cost]]:
    """In turn, against one store."""
    mine, loops = [], []
    with page_server.serving(size, wait) as url:
        for _ in range(TIMES):
            say, said = options.say, f"pull_http: {{}}, {size:,} orders, {what}"
            mine.append(apart(say, said.format("ours"), ours, url, size, settings))
            loops.append(apart(say, said.format("requests loop"), theirs, url, size))
    return mine, loops


def _middle(runs: list[Cost]) -> float:
    return median(run.seconds for run in runs)


def ours(url: str, size: int, settings: dict[str, int]) -> Cost:
    from contracts import contract_of
    from systems import Connection, System
    from warehouse import Places, memory, pull

    connection = Connection(host=url, login="ck_bench", password="cs_bench")  # noqa: S106 - no shop's
    system = System("store", "woocommerce", settings=settings, connection=connection)
    contract = contract_of(system)
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        data = Path(folder)
        places = Places.below(data)
        with cost() as measured:
            [done] = pull.pull(places, system, contract, tables=["orders"])
        if done.problem:
            raise Failed(done.problem)
        landed = memory().execute(
            f"""select count(*), count(distinct _key), max(_key::bigint), sum(length(_row) > 500)
                from '{data}/landing/store/orders/*.parquet'"""  # noqa: S608 - our own folder
        )
        if landed.fetchall() != [(size, size, size, size)]:
            raise Failed(f"{size} orders were served, and something else landed")
    return measured


def theirs(url: str, size: int) -> Cost:
    import requests

    seen, session = 0, requests.Session()
    with cost() as measured:
        for offset in range(0, max(size - 1, 1), orders.PER_PAGE - 1):
            asked = {"per_page": orders.PER_PAGE, "offset": offset, "orderby": "id", "order": "asc"}
            seen += len(session.get(url + page_server.PATH, params=asked, timeout=60).json())
    pages = len(range(0, max(size - 1, 1), orders.PER_PAGE - 1))
    if seen != size + pages - 1:
        raise Failed(f"the loop saw {seen} orders on {pages} pages, of {size}")
    return measured
