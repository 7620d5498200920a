"""Counts over the people something is to be learnt from, in tables that are thrown away."""

from __future__ import annotations

from typing import Any

from transforms.matching._fields import TERMS
from warehouse import Database

SCRATCH = "memory.matching_learning"
SHARED_EMAIL, SHARED_PHONE = 3, 5  # differently named people


def table(connection: Database, name: str, sql: str) -> None:
    connection.execute(f"create or replace table {SCRATCH}.{name} as {sql}")


def one(connection: Database, sql: str) -> Any:
    return connection.execute(sql).fetchall()[0][0]


def shared_values(connection: Database) -> list[tuple[str, str, int]]:
    """E-mails and telephones of more differently named people than a family has."""
    table(
        connection,
        "shared",
        f"""with held as (
                unpivot (select coalesce(first, company) as who, email, phone from matching.people)
                on email, phone into name type value value
            )
            select type, value, count(distinct who) as people from held
            group by type, value
            having people > case when type = 'email' then {SHARED_EMAIL} else {SHARED_PHONE} end
            order by type, value""",
    )
    return connection.execute(f"from {SCRATCH}.shared").fetchall()


def common_terms(connection: Database) -> list[tuple[str, str, float]]:
    """Shares of the values that more than two people have."""
    columns = [column for column in TERMS if column not in ("first", "last")]
    counted = " union all ".join(
        f"""select '{column}' as field, {column}::varchar as value, count(*) as people,
                count(*) / sum(count(*)) over () as share
            from {SCRATCH}.plain where {column} is not null group by {column}"""
        for column in (*columns, "first", "last")
    )
    table(
        connection,
        "terms",
        f"""select case when field in ('first', 'last') then 'name' else field end as field,
                value, max(share) as share
            from ({counted}) group by all having max(people) > 2 order by all""",
    )
    return connection.execute(f"from {SCRATCH}.terms").fetchall()


def is_filled(connection: Database, column: str, count: int) -> bool:
    found, values = connection.execute(
        f"select count({column}), count(distinct {column}) from {SCRATCH}.plain"
    ).fetchall()[0]
    return bool(found >= max(2, 0.01 * count) and values > 1)


def pairs_of(connection: Database, rule: tuple[str, ...]) -> int:
    """Of people who agree on all of the rule's columns."""
    there = " and ".join(f"{column} is not null" for column in rule)
    return int(
        one(
            connection,
            f"""select coalesce(sum(n * (n - 1) // 2), 0) from (
                    select count(*) as n from {SCRATCH}.plain where {there}
                    group by {", ".join(rule)})""",
        )
    )


def filled_share(connection: Database, column: str) -> float:
    return float(one(connection, f"select count({column}) / count(*) from {SCRATCH}.plain"))


def agreement(connection: Database, column: str, among: str) -> tuple[float, float]:
    """Share of the pairs that have `among` which agree on `column`, and how many such pairs."""
    equal, people = connection.execute(
        f"""select coalesce(sum(n * (n - 1)), 0), (
                select count(*) from {SCRATCH}.plain where {among} is not null)
            from (select count(*) as n from {SCRATCH}.plain
                where {column} is not null group by {column})"""
    ).fetchall()[0]
    pairs = people * (people - 1)
    return (float(equal) / pairs if pairs else 0.0), pairs / 2
