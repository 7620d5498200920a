"""A landed load of customers against 20 rules.

Ours is check as the DAG runs it: the newest row per key, typing with a reason for each cell that
cannot be read, the rules, the same rules by Great Expectations, quarantine and verdict. The
baseline is one statement over the same landed files that takes the values the rules need out of
the documents, typed, and counts the rows that break each of the 20 predicates. It keeps nothing:
no typed rows for the next step, no bad rows, no reasons.

A load in which not every bad row was found fails on either side.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import TIMES, Failed, Options, Row, figure, people, ratio
from benchmarks.apart import Cost, apart, cost

SIZE = 1_000_000
RULES = 20
LOAD = "1700000000.5"
TEXTS = {
    name: f"c[{position}]"
    for position, name in enumerate(
        (
            *("no", "name", "email", "phone", "tax_number", "birth_date", "city", "postcode"),
            *("country", "consent_email", "balance", "currency", "created_at", "updated_at"),
        ),
        start=1,
    )
}
TYPED = {
    "birth_date": "date",
    "consent_email": "boolean",
    "balance": "decimal(18, 2)",
    "created_at": "timestamp",
    "updated_at": "timestamp",
}
BARE = {
    "readable": "(c[6] is null or birth_date is not null) and (c[10] is null or consent_email is "
    "not null) and (c[11] is null or balance is not null) and (c[13] is null or created_at is not "
    "null) and (c[14] is null or updated_at is not null)",
    "customer_key.required": "no is not null",
    "name.required": "name is not null",
    "name.minLength": "len(name) >= 2",
    "name.maxLength": "len(name) <= 80",
    "email.pattern": r"regexp_matches(email, '^[^@\s]+@[^@\s]+$')",
    "email.maxLength": "len(email) <= 254",
    "phone.pattern": r"regexp_matches(phone, '^\+?[0-9 ]+$')",
    "tax_number.pattern": "regexp_matches(tax_number, '^[0-9]{10,11}$')",
    "birth_date.minimum": "birth_date >= date '1900-01-01'",
    "birth_date.maximum": "birth_date <= date '2020-01-01'",
    "city.required": "city is not null",
    "postcode.pattern": "regexp_matches(postcode, '^[0-9]{5}$')",
    "country.validValues": "country in ('TR', 'DE', 'NL')",
    "consent_email.required": "consent_email is not null",
    "balance.minimum": "balance >= -1000000",
    "balance.maximum": "balance <= 1000000",
    "currency.required": "currency is not null",
    "created_at.required": "created_at is not null",
    "created_at.minimum": "created_at >= timestamp '2000-01-01'",
}


def measure(options: Options) -> list[Row]:
    size, mine, bare = options.size, [], []
    rows = f"{size:,} rows, {RULES} rules"
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        apart(options.say, f"check: landing {size:,} rows", land, Path(folder), size)
        for _ in range(TIMES):
            mine.append(apart(options.say, f"check: ours, {rows}", ours, Path(folder), size))
            bare.append(
                apart(options.say, f"check: bare predicates, {rows}", theirs, Path(folder), size)
            )
    seconds, baseline = (median(run.seconds for run in runs) for runs in (mine, bare))
    return [
        ratio("check", "bare predicates", seconds, baseline, "s", size),
        figure("check", "memory", median(run.memory for run in mine), "MB", size),
    ]


def land(folder: Path, size: int) -> None:
    from sandbox import landed
    from warehouse import Places

    numbers = f"select range as n from range(1, {size + 1})"
    rows = people.documents(numbers)
    landed.land(Places.below(folder), people.SYSTEM.name, people.TABLE, LOAD, rows)


def ours(landed: Path, size: int) -> Cost:
    from warehouse import Places
    from warehouse.check import check

    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        shutil.copytree(landed, folder, dirs_exist_ok=True)
        contract = people.contract()
        with cost() as measured:
            [verdict] = check(Places.below(Path(folder)), people.SYSTEM, contract)
    _prove(size, verdict.rows, {one.rule: one.failed for one in verdict.results})
    bad = sum(people.broken(rule, size) for rule in people.BROKEN)
    if not verdict.accepted or verdict.quarantined != bad:
        raise Failed(f"{verdict.quarantined} rows in quarantine instead of {bad}: {verdict}")
    return measured


def theirs(landed: Path, size: int) -> Cost:
    from warehouse import memory

    paths = ", ".join(f"'$.{name}'" for name in TEXTS)
    values = ", ".join(
        f"try_cast({cell} as {TYPED[name]}) as {name}" if name in TYPED else f"{cell} as {name}"
        for name, cell in TEXTS.items()
    )
    counts = ", ".join(f"count(*) filter (not ({sql}))" for sql in BARE.values())
    connection = memory()
    with cost() as measured:
        [(rows, *failed)] = connection.execute(
            f"""with documents as (
                    select json_extract_string(_row, [{paths}]) as c
                    from read_parquet('{landed}/landing/*/*/*.parquet')
                ),
                typed as (select c, {values} from documents)
                select count(*), {counts} from typed"""
        ).fetchall()
    connection.close()
    _prove(size, rows, dict(zip(BARE, failed, strict=True)))
    return measured


def _prove(size: int, rows: int, failed: dict[str, int]) -> None:
    """Raises Failed unless every rule was looked at and every bad row found."""
    expected = {rule: people.broken(rule, size) for rule in BARE}
    if rows != size or failed != expected:
        raise Failed(f"{rows} rows, broken rules {failed}, instead of {size}, {expected}")
