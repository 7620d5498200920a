"""One in a hundred of 1,000,000 customers changed, against building everything.

Ours is a whole build, contracts and serving included, after half a percent of the customers got
another city and telephone, and another half percent a new order. The baseline is the same build of
the same warehouse when nothing of an earlier one may be used.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks import Failed, Options, Row, figure, ratio, shops
from benchmarks.apart import Cost, apart, cost
from warehouse import Places, opened
from warehouse.build import build
from warehouse.serve import served

SIZE = 1_000_000  # customers


def measure(options: Options) -> list[Row]:
    size = options.size
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        _run(options, "making raw tables, issuing ids", make, folder)
        changed = _run(options, "ours", ours, folder)
        full = _run(options, "full build", theirs, folder)
    return [
        ratio("build_360_change", "full build", changed.seconds, full.seconds, "s", size),
        figure("build_360_change", "memory", changed.memory, "MB", size),
    ]


def _run(options: Options, named: str, what: Any, folder: str) -> Any:
    words = f"build_360_change: {named}, {options.size:,} customers"
    return apart(options.say, words, what, Path(folder), options.size)


def make(folder: Path, size: int) -> None:
    places = Places.below(folder)
    with opened(places) as connection:
        shops.fill(connection, size)
    build(places, shops.SYSTEMS)


def ours(folder: Path, size: int) -> Cost:
    places = Places.below(folder)
    with opened(places) as connection:
        orders = shops.change(connection, size)
    return _built(places, size, orders)


def theirs(folder: Path, size: int) -> Cost:
    places = Places.below(folder)
    with opened(places) as connection:
        connection.execute("delete from ops.versions where not starts_with(name, 'raw_')")
    return _built(places, size, shops.changed(size))


def _built(places: Places, size: int, new: int) -> Cost:
    with cost() as whole:
        build(places, shops.SYSTEMS)
    with served(places) as connection:
        found = connection.execute(
            """select sum(order_count), (select count(*) from marts.order_lines),
                count(*) filter (where city = 'Van') from marts.customer_360"""
        ).fetchall()[0]
    orders = sum(shops.counts(system.name, size)["orders"] for system in shops.SYSTEMS) + new
    if found[:2] != (orders, orders * 3) or not found[2]:
        raise Failed(f"orders, lines, moved: {found} instead of {(orders, orders * 3)}")
    return whole
