"""What to send among 1,000,000 customers of a tool, of which one in a hundred changed.

Ours is the plan that a publish makes of what is served and of the journal: whose the fields are,
what was refused, declined or never answered, and the lines of the journal since the last build,
which are one in a thousand customers'. The baseline, `bare anti-join`, is the served table against
a table of the values last sent, both in files, and the rows that changed, fetched.

`ledger anew` is what it costs to make the served ledger of the whole journal, `ledger` to bring it
up to date by what one in a hundred were sent.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks import TIMES, Failed, Options, Row, figure, ratio
from benchmarks.apart import Cost, apart, cost
from benchmarks.giving import CITY, FACTS, MODELS, wanted
from systems import System
from warehouse import Places, ledger

SIZE = 1_000_000  # customers
CRM = System("crm", "hubspot", publish=True)
MODEL = MODELS["hubspot"]
BATCH = 100  # records in a file of the journal, as a publish leaves them
CHANGED = f"case when n % 100 = 7 then 'Van' else {CITY} end"
NEWER = 1_000  # one in so many was given its value after the build


def measure(options: Options) -> list[Row]:
    size, mine, bare = options.size, [], []
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        anew, again = _run(options, "making journal, ledger and tables", make, folder)
        for _ in range(TIMES):
            mine.append(_run(options, "ours", ours, folder))
            bare.append(_run(options, "bare anti-join", theirs, folder))
    seconds, baseline = (median(run.seconds for run in runs) for runs in (mine, bare))
    return [
        ratio("publish_diff", "bare anti-join", seconds, baseline, "s", size),
        figure("publish_diff", "memory", median(run.memory for run in mine), "MB", size),
        figure("publish_diff", "bare memory", median(r.memory for r in bare), "MB", size),
        figure("publish_diff", "ledger anew", anew, "s", size),
        figure("publish_diff", "ledger", again, "s", size),
    ]


def _run(options: Options, named: str, what: Any, folder: str) -> Any:
    words = f"publish_diff: {named}, {options.size:,} customers"
    return apart(options.say, words, what, Path(folder), options.size)


def make(folder: Path, size: int) -> tuple[float, float]:
    """Seconds of the ledger anew, and brought up to date."""
    places = Places.below(folder)
    given = f"from ({FACTS.format(system='crm', size=size, city=CITY)})"
    _write(places, given, 0)
    anew = _timed(places, size, CITY)
    _write(places, f"{given} where record::int % 100 = 3", 1)  # what stands there, once more
    again = _timed(places, size, CHANGED)
    changed = f"from ({FACTS.format(system='crm', size=size, city=CHANGED)})"
    _write(places, f"{changed} where record::int % {NEWER} = 7", 2)
    _last_sent(places, size)
    return anew, again


def _timed(places: Places, size: int, city: str) -> float:
    """Seconds that serving spent on the ledger."""
    spent, keep = [], ledger.keep

    def timed(*arguments: Any) -> None:
        started = time.perf_counter()
        keep(*arguments)
        spent.append(time.perf_counter() - started)

    with patch.object(ledger, "keep", timed):
        wanted(places, {"hubspot": "crm"}, size, city)
    return sum(spent)


def _write(places: Places, rows: str, day: int) -> None:
    """The journal's files of a run that gave these rows all their values."""
    from warehouse import memory

    folder = places.journal / "sends"
    folder.mkdir(parents=True, exist_ok=True)
    found = memory().execute(f"select * {rows} order by record::int")
    names = [column[0] for column in found.description or []][2:]
    number = 0
    while batch := found.fetchmany(BATCH):
        for state in ("intent", "accepted"):
            moment = f"2026-11-{20 + day}T{number // 36_000_000:02}:"
            moment += f"{number // 600_000 % 60:02}:{number // 10_000 % 60:02}.{number % 10_000:06}"
            number += 1
            lines = (json.dumps(line) for line in _lines(names, batch, state, moment))
            compact = moment.replace("-", "").replace(":", "")
            (folder / f"{compact}-0000000{day}.jsonl").write_text("\n".join(lines) + "\n")


def _lines(
    names: list[str], batch: list[tuple[Any, ...]], state: str, moment: str
) -> Iterator[dict[str, Any]]:
    for system, record, *values in batch:
        given = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in zip(names, values, strict=True)
            if value is not None
        }
        yield {
            **{"format": 1, "recorded_at": f"{moment}Z", "run": "bench", "system": system},
            **{"record": record, "customer_id": values[0], "state": state, "values": given},
            **{"before": dict.fromkeys(given), "detail": "", "answer": ""},
        }


def _last_sent(places: Places, size: int) -> None:
    """The baseline's table, in a file of the same storage version."""
    from warehouse import memory
    from warehouse.snapshot import STORAGE_VERSION

    newer = f"case when n % {NEWER} = 7 then 'Van' else {CITY} end"
    connection = memory()
    connection.execute(
        f"attach '{places.data}/sent.duckdb' as sent (storage_version '{STORAGE_VERSION}')"
    )
    facts = FACTS.format(system="crm", size=size, city=newer)
    connection.execute(f"create table sent.last_sent as {facts}")
    connection.close()


def ours(folder: Path, size: int) -> Cost:
    import publishers.hubspot
    from publishers.creating import Creations
    from publishers.ledger import Ledger
    from publishers.plan import plan
    from warehouse.journal import Journal

    places = Places.below(folder)
    with cost() as measured:
        journal = Journal(places.journal)
        ledger, creations = Ledger(journal, "crm"), Creations(journal, "crm")
        planned = plan(places, publishers.hubspot, CRM, ledger, creations)
    _prove(size, [row.record for row in planned.rows])
    cities = {tuple(row.values.items()) for row in planned.rows}
    if (cities, planned.of, planned.is_first) != ({(("city", "Van"),)}, size, False):
        raise Failed(f"to be sent: {sorted(cities)[:3]} among {planned.of} records")
    return measured


def theirs(folder: Path, size: int) -> Cost:
    from warehouse import memory

    places = Places.below(folder)
    with cost() as measured:
        connection = memory()
        connection.execute(f"attach '{places.serving}/desk.duckdb' as served (read_only)")
        connection.execute(f"attach '{places.data}/sent.duckdb' as sent (read_only)")
        columns = [name for name, *_ in connection.execute(f"describe served.{MODEL}").fetchall()]
        same = " and ".join(f"now.{name} is not distinct from sent.{name}" for name in columns)
        found = connection.execute(
            f"""select now.* from served.{MODEL} as now
                anti join sent.last_sent as sent on {same}
                where now.system = 'crm'"""
        ).fetchall()
    _prove(size, [row[1] for row in found])
    return measured


def _prove(size: int, records: list[str]) -> None:
    """Raises Failed unless those that changed, and were not given it since, were found."""
    numbers = (n for n in range(1, size + 1) if n % 100 == 7 and n % NEWER != 7)
    if sorted(records) != sorted(map(str, numbers)):
        raise Failed(f"{len(records)} of {size} customers were found, not those that changed")
