"""The benchmarks of check, load, build and serve prove that both sides did the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import (
    Failed,
    Options,
    build_360,
    build_360_change,
    check,
    customer_value,
    load_merge,
    people,
    serve,
    shops,
)
from contracts.rules import row_rules
from warehouse import Places, opened


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    for benchmark in (build_360, check, customer_value, load_merge, serve):
        monkeypatch.setattr(benchmark, "TIMES", 1)


def measured(benchmark: Any, size: int) -> list[tuple[str, str]]:
    """What each row compares with, or is a figure of."""
    rows = benchmark.measure(Options(size, False, lambda words: None))
    return [(row["metric"], row.get("baseline", "")) for row in rows]


def test_both_sides_find_the_bad_rows_by_the_same_rules() -> None:
    assert [rule.id for rule in row_rules(people.contract().tables["customers"])] == [*check.BARE]
    assert len(check.BARE) == check.RULES
    assert people.broken("email.pattern", 1202) == 2
    assert measured(check, 1202) == [("ratio", "bare predicates"), ("memory", "")]


def test_a_bad_row_that_is_not_found_fails_it(tmp_path: Path) -> None:
    check.land(tmp_path, 1201)
    with pytest.raises(Failed, match="'email.pattern': 1,.* instead of 1202"):
        check.theirs(tmp_path, 1202)
    with pytest.raises(Failed, match="1201 rows"):
        check.ours(tmp_path, 1202)


def test_all_sides_merge_every_changed_row() -> None:
    assert measured(load_merge, 500) == [
        ("ratio", "bare MERGE"),
        ("ratio", "dlt merge"),
        ("ratio", "dlt merge, Arrow"),
        ("memory", ""),
    ]


def test_both_sides_serve_every_row() -> None:
    assert measured(serve, 200) == [
        ("ratio", "bare CTAS into an attached file"),
        ("memory", ""),
        ("memory at 1GB", ""),
    ]


def test_rows_that_are_not_served_fail_it(tmp_path: Path) -> None:
    serve.make(tmp_path, 20)
    with pytest.raises(Failed, match="21 customers"):
        serve.ours(tmp_path, 21)


def test_both_sides_build_every_order_and_amount() -> None:
    assert measured(build_360, 600) == [
        ("ratio", "bare SQL"),
        ("matching", ""),
        ("value", ""),
        ("memory", ""),
    ]


def test_an_amount_that_is_not_built_fails_it(tmp_path: Path) -> None:
    build_360.make(tmp_path, 600)
    with opened(Places.below(tmp_path)) as connection:
        connection.execute(
            "update raw_canonical.order_lines set total = total + 1 where line_id = '1'"
        )
    for side in (build_360.ours, build_360.theirs):
        with pytest.raises(Failed, match="instead of"):
            side(tmp_path, 600)


@pytest.mark.parametrize("figure", ["revenue", "favourite_shop"])
def test_a_figure_that_differs_from_the_bare_one_fails_it(tmp_path: Path, figure: str) -> None:
    build_360.make(tmp_path, 600)
    build_360.ours(tmp_path, 600)
    with opened(Places.below(tmp_path)) as connection:
        connection.execute(
            f"""update marts.customer_360 set {figure} = null
                where customer_id = (
                    select min(customer_id) from marts.customer_360 where order_count > 0
                )"""
        )
    with pytest.raises(Failed, match=f"{figure}: 1 customers differ"):
        build_360.theirs(tmp_path, 600)


def test_what_changed_is_built_as_everything_is() -> None:
    assert measured(build_360_change, 2000) == [("ratio", "full build"), ("memory", "")]


def test_an_order_that_is_not_built_fails_it(tmp_path: Path) -> None:
    build_360_change.make(tmp_path, 2000)
    with pytest.raises(Failed, match="instead of"):
        build_360_change._built(Places.below(tmp_path), 2000, shops.changed(2000))


def test_both_sides_foretell_as_many_purchases() -> None:
    assert measured(customer_value, 2000) == [
        ("ratio", "pandas"),
        ("memory", ""),
        ("error", ""),
    ]


def test_customers_without_a_value_fail_it(tmp_path: Path) -> None:
    customer_value.make(tmp_path, 500)
    with pytest.raises(Failed, match="500 of 501 customers"):
        customer_value.ours(tmp_path, 501, "marts.customer_value")
    with pytest.raises(Failed, match="500 of 501 customers"):
        customer_value.pandas(tmp_path, 501)
