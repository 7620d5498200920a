"""10,000 of 1,000,000 records changed: another telephone and another town.

Ours is what a build does then for identity, within the version that holds. The baseline is what
`resolve` measures, of the same records: from nothing, learning a version included.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import Options, Row, figure, labelled, ratio
from benchmarks.apart import Cost, cost
from benchmarks.resolve import INPUTS, hold, make, run
from warehouse import Places, opened, tables

SIZE = 1_000_000  # records
EVERY = 100  # of so many records one changes


def measure(options: Options) -> list[Row]:
    size = options.size
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        run(options, "resolve_change", "making the records", make, folder)
        full = run(options, "resolve_change", "full resolve", theirs, folder)
        changed = run(options, "resolve_change", "ours", ours, folder)
    return [
        ratio("resolve_change", "full resolve", changed.seconds, full.seconds, "s", size),
        figure("resolve_change", "memory", changed.memory, "MB", size),
    ]


def theirs(folder: Path, size: int) -> Cost:
    return _resolved(folder)


def ours(folder: Path, size: int) -> Cost:
    places = Places.below(folder)
    with opened(places) as connection:
        name = tables.raw_name(labelled.SYSTEM, "customers")
        connection.execute(
            f"""update {name}
                set city = 'Van', phone = concat('0599', right(md5_number(_key)::varchar, 7))
                where hash(_key) % {EVERY} = 0"""
        )
        tables.bump(connection, name, "changed")
        labelled.build(places, connection, INPUTS)
    return _resolved(folder)


def _resolved(folder: Path) -> Cost:
    places = Places.below(folder)
    with opened(places) as connection:
        with cost() as whole:
            labelled.build(places, connection, [labelled.RESOLVED])
        hold(folder, labelled.customers(connection))
    return whole
