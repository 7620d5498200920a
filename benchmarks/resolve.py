"""1,000,000 records of the company in a box, from as they were typed to customer ids.

Ours: normal forms, versions learnt anew, comparing, brakes, ids. The baseline is Splink alone
with a usual model, on the records that ours has already brought to normal form: training,
predicting, clustering. It has no ids, brakes or explanations, and links what we would not.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq

from benchmarks import TIMES, Failed, Options, Row, figure, labelled, ratio, splinks
from benchmarks.apart import Cost, apart, cost
from sandbox.truth import score
from warehouse import Places, opened

SIZE = 1_000_000  # records
A_PERSON = 2.76  # records
LEAST = 0.98  # precision, below which speed means nothing
INPUTS = ("staging.known_records",)


def measure(options: Options) -> list[Row]:
    size, mine, bare = options.size, [], []
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        made = f"{folder}/made"
        Path(made).mkdir()
        run(options, "resolve", "making the records", make, made)
        for number in range(TIMES):
            again = shutil.copytree(made, f"{folder}/{number}")
            mine.append(run(options, "resolve", "ours", ours, again))
            bare.append(run(options, "resolve", "bare Splink", theirs, again))
            shutil.rmtree(again)
    seconds, baseline = (median(one.seconds for one in runs) for runs in (mine, bare))
    return [
        ratio("resolve", "bare Splink", seconds, baseline, "s", size),
        figure("resolve", "memory", median(one.memory for one in mine), "MB", size),
    ]


def run(options: Options, name: str, words: str, what: Any, folder: str) -> Any:
    said = f"{name}: {words}, {options.size:,} records"
    return apart(options.say, said, what, Path(folder), options.size)


def make(folder: Path, size: int) -> None:
    """The raw table, and staging.known_records, which reads it."""
    given = labelled.named(f"sandbox_{round(size / A_PERSON)}")
    pq.write_table(
        given.records.append_column("person", [[*given.truth.values()]]), folder / "truth.parquet"
    )
    with opened(Places.below(folder)) as connection:
        labelled.fill(connection, given.records)
        labelled.build(Places.below(folder), connection, INPUTS)


def ours(folder: Path, size: int) -> Cost:
    places = Places.below(folder)
    with opened(places) as connection:
        with cost() as whole:
            labelled.build(places, connection, [labelled.RESOLVED])
        hold(folder, labelled.customers(connection))
    return whole


def hold(folder: Path, found: dict[str, str]) -> None:
    given = pq.read_table(folder / "truth.parquet", columns=["record", "person"])
    truth = dict(zip(given["record"].to_pylist(), given["person"].to_pylist(), strict=True))
    result = score(found, truth)
    if found.keys() != truth.keys() or result.precision < LEAST:
        raise Failed(f"{len(found):,} records of {len(truth):,} have a customer: {result}")


def theirs(folder: Path, size: int) -> Cost:
    with opened(Places.below(folder)) as connection:
        connection.execute(
            "create table memory.main.people as select * exclude (profile) from matching.people"
        )
        with cost() as whole:
            clusters = splinks.bare(connection, "memory.main.people")
    if not clusters:
        raise Failed("bare Splink found no clusters")
    return whole
