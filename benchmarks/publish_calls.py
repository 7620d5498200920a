"""Calls that write, as the tools count them, against the fewest that their vendors' rules allow.

25 values a call (Shopify, those to be emptied apart), 100 records (WooCommerce, HubSpot), one
record (the ERP), one file of 10,000 records. Counted over a first run and one in which values of
every third record changed and of some others went; what exists once for all (definitions of fields)
was made before. Then the same again, which must write nothing: more than no call fails.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import Failed, Options, Row, figure, ratio
from benchmarks.apart import apart
from benchmarks.giving import CITY, MODELS, wanted
from benchmarks.tools import Tools, running
from systems import System
from warehouse import Places

SIZE = 2_030  # records of each tool
CHANGED = f"case when n % 3 = 0 then 'Van' when n % 11 = 0 then null else {CITY} end"
FEWEST: Mapping[str, Callable[[int, int, int], int]] = {
    "shopify": lambda records, given, emptied: -(-given // 25) + -(-emptied // 25),
    "woocommerce": lambda records, given, emptied: -(-records // 100),
    "hubspot": lambda records, given, emptied: -(-records // 100),
    "soap": lambda records, given, emptied: records,
    "files": lambda records, given, emptied: -(-records // 10_000),
}


def measure(options: Options) -> list[Row]:
    size, rows = options.size, []
    with (
        tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder,
        running(size, options.say) as tools,
    ):
        places = Places.below(Path(folder))
        apart(options.say, "publish_calls: making fields", prepare, places, tools.systems)
        tools.counted()
        made, fewest = dict.fromkeys(MODELS, 0), dict.fromkeys(MODELS, 0)
        for city in (CITY, CHANGED):
            due = _round(options, places, tools, city)
            for kind, counts in tools.counted().items():
                made[kind] += counts["calls"]
                fewest[kind] += FEWEST[kind](*due[kind])
        _round(options, places, tools, CHANGED)
        again = {kind: counts["calls"] for kind, counts in tools.counted().items()}
    if any(again.values()) or not all(made.values()):
        raise Failed(f"calls that write: {made}, and for the same again {again}")
    for kind in MODELS:
        name = f"publish_calls {kind}"
        rows.append(ratio(name, "vendor's least", made[kind], fewest[kind], "calls", size))
        rows.append(figure(name, "again", again[kind], "calls", size))
    return rows


def _round(
    options: Options, places: Places, tools: Tools, city: str
) -> dict[str, tuple[int, int, int]]:
    words = f"publish_calls: {options.size:,} records of each tool"
    return apart(options.say, words, publish, places, tools.systems, options.size, city)


def prepare(places: Places, systems: Mapping[str, System]) -> None:
    """The tools know our fields."""
    from publishers.plan import promised_fields

    wanted(places, {kind: system.name for kind, system in systems.items()}, 1)
    for kind, system in systems.items():
        module = importlib.import_module(f"publishers.{kind}")
        module.prepare(module.connect(system), promised_fields(places, MODELS[kind]))


def publish(
    places: Places, systems: Mapping[str, System], size: int, city: str
) -> dict[str, tuple[int, int, int]]:
    """Records due, values to be given and to be emptied, by kind; raises Failed unless all went."""
    from publishers import engine
    from publishers.creating import Creations
    from publishers.ledger import Ledger
    from publishers.plan import plan
    from warehouse.journal import Journal

    wanted(places, {kind: system.name for kind, system in systems.items()}, size, city)
    due = {}
    for kind, system in systems.items():
        module = importlib.import_module(f"publishers.{kind}")
        journal = Journal(places.journal)
        ledger, creations = Ledger(journal, system.name), Creations(journal, system.name)
        rows = plan(places, module, system, ledger, creations).rows
        values = [value for row in rows for value in row.values.values()]
        emptied = sum(not value for value in values)
        due[kind] = len(rows), len(values) - emptied, emptied
        done = engine.publish(places, system, approved_by="bench")
        if done.accepted != len(rows):
            raise Failed(f"{kind}: {done.accepted} of {len(rows)} rows were accepted")
    return due
