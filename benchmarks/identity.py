"""How well people are found without any setting, on records whose truth is known.

identity_febrl3, identity_febrl4     beside the best threshold of Splink's own documented model
identity_sandbox_3000, _100000       beside exact e-mail, telephone and tax number alone

Pairs of records within final customers: precision, recall and their F1; and B-cubed F1. Each set
goes through the models as a company's records do. Another labelled set of yours:

    python -m benchmarks.identity FILE.csv --person COLUMN

whose columns are named as in `labelled.COLUMNS`, as far as it has them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import Failed, Options, Row, figure, labelled, splinks
from benchmarks.apart import apart
from sandbox.truth import Found, score
from warehouse import Places, opened

SIZE = 0  # sets have their own
EXACT = """
    select distinct l.record, r.record
    from matching.people as l inner join matching.people as r
        on {key} and l.record < r.record and l.is_company = r.is_company
    inner join matching.comparable as kept_l on l.profile = kept_l.profile
    inner join matching.comparable as kept_r on r.profile = kept_r.profile
    where kept_l.{column} is not null and kept_r.{column} is not null
"""


def measure(options: Options, name: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        words = f"identity_{name}: ours"
        ours, exact, records = apart(options.say, words, found, Path(folder), name)
    rows = _rows(f"identity_{name}", "", ours, records)
    if name.startswith("febrl"):
        words = f"identity_{name}: Splink's documented model, at its best threshold"
        theirs = apart(options.say, words, splinks.best, name)
        return rows + _rows(f"identity_{name}", "splink_", theirs, records)
    return rows + _rows(f"identity_{name}", "exact_", exact, records)


def _rows(name: str, whose: str, result: Found, records: int) -> list[Row]:
    figures = {
        "pair_precision": result.precision,
        "pair_recall": result.recall,
        "pair_f1": result.f1,
        "b3_f1": result.b3_f1,
    }
    return [
        {**figure(name, whose + metric, 0, "share", records), "value": round(value, 5)}
        for metric, value in figures.items()
    ]


def found(folder: Path, name: str) -> tuple[Found, Found, int]:
    """Ours, exact keys alone, and the number of records."""
    given = labelled.named(name)
    return *of(folder, given), len(given.truth)


def of(folder: Path, given: labelled.Labelled) -> tuple[Found, Found]:
    places = Places.below(folder)
    ours = labelled.resolved(places, given)
    if ours.keys() != given.truth.keys():
        raise Failed(f"{len(ours)} records got a customer, of {len(given.truth)}")
    with opened(places) as connection:
        links = []
        for column in ("email", "phone", "valid_tax"):
            key = f"l.{column} = r.{column}"
            links += connection.execute(EXACT.format(key=key, column=column)).fetchall()
    return score(ours, given.truth), score(_joined(given.truth, links), given.truth)


def _joined(truth: Mapping[str, str], links: list[tuple[str, str]]) -> dict[str, str]:
    """Record -> the least record it is linked with, however far."""
    parent = {record: record for record in truth}

    def root(record: str) -> str:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for left, right in links:
        one, other = (root(one.removeprefix("labelled/customers/")) for one in (left, right))
        parent[max(one, other)] = min(one, other)
    return {record: root(record) for record in truth}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--person", required=True, help="the column that says who a record is")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        ours, exact = of(Path(folder), labelled.file(chosen.file, chosen.person))
    for name, result in (("ours", ours), ("exact keys alone", exact)):
        print(
            f"{name}: {result.customers:,} customers for {result.people:,} people; pairs: "
            f"precision {result.precision:.4f}, recall {result.recall:.4f}, F1 {result.f1:.4f}; "
            f"B-cubed F1 {result.b3_f1:.4f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
