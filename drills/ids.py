"""Ids that stay: built again, made of shuffled records, learnt anew, and rebuilt from the journal.

At least 999 in 1,000 of the records, none of which changed, must keep their customer's id after
each of these, one upon the other.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from benchmarks import labelled
from drills.killing import say
from transforms.matching._relearning import relearn
from warehouse import Places, opened

SIZE, FULL_SIZE = 10_000, 100_000  # people
KEPT = 0.999
Ids = dict[str, str]


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """`kills` is of other drills."""
    places = Places.below(folder)
    given = labelled.named(f"sandbox_{size}")
    first = _built(places, given)
    kept = {"built_again": _kept(first, _built(places, given))}
    order = list(range(len(given.records)))
    random.Random(seed).shuffle(order)
    given.records = given.records.take(order)
    _forget(places)
    kept["shuffled_and_rebuilt"] = _kept(first, _built(places, given))
    done = relearn(places, "the drill", "to see what stays", apply=True)
    kept["learnt_anew"] = _kept(first, _built(places, given))
    _forget(places)
    kept["rebuilt_after_that"] = _kept(first, _built(places, given))
    return {
        "records": len(first),
        "customers": len(set(first.values())),
        "to_change": done.changed,
        **{name: round(share, 5) for name, share in kept.items()},
        "proven": min(kept.values()) >= KEPT,
    }


def _built(places: Places, given: labelled.Labelled) -> Ids:
    say(f"building {len(given.records):,} records")
    with opened(places) as connection:
        connection.execute("drop table if exists raw_canonical.customers")
        labelled.fill(connection, given.records)
        labelled.build(places, connection)
        return labelled.customers(connection)


def _forget(places: Places) -> None:
    assert places.warehouse_file
    places.warehouse_file.unlink()


def _kept(before: Ids, now: Ids) -> float:
    return sum(now.get(record) == customer for record, customer in before.items()) / len(before)
