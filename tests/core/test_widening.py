"""Columns that an older version made with another type: widened, or refused; never rounded into."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.typed import text
from tests.core.house import NOON, House
from tests.core.test_build import company, content, order
from tests.core.test_check import rows
from warehouse import memory
from warehouse.rebuild import rebuild
from warehouse.widening import Retyped, both

CONNECTION = memory()
SCALARS = (
    *("TINYINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL(4,1)", "DECIMAL(18,2)", "DECIMAL(9,4)"),
    *("DECIMAL(38,2)", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP", "VARCHAR", "BOOLEAN"),
)
VALUES = ("0", "1", "-7", "1.6", "99.95", "1234567.8912", "9007199254740993", "2026-05-01 22:30:00")
TABLES = "raw_canonical.orders"


def nested(kinds: Any) -> Any:
    inside = st.lists(kinds, min_size=1, max_size=3)
    return st.one_of(
        kinds.map(lambda kind: f"{kind}[]"),
        kinds.map(lambda kind: f"MAP(VARCHAR, {kind})"),
        inside.map(lambda some: f"STRUCT({', '.join(f'f{n} {k}' for n, k in enumerate(some))})"),
    )


KINDS = st.recursive(st.sampled_from(SCALARS), nested, max_leaves=4)


def filled(kind: Any, value: str) -> str:
    """SQL of a value of the type, with the given one in all its places."""
    if kind.id == "list":
        return f"[{filled(kind.children[0][1], value)}]"
    if kind.id == "map":
        return f"map {{'k': {filled(kind.children[1][1], value)}}}"
    if kind.id == "struct":
        return f"{{{', '.join(f'{name}: {filled(k, value)}' for name, k in kind.children)}}}"
    return f"try_cast({text(value)} as {kind})"


@given(KINDS, KINDS, st.sampled_from(VALUES))
def test_what_takes_both_gives_each_value_back(old: str, new: str, value: str) -> None:
    target = both(CONNECTION.sqltype(old), CONNECTION.sqltype(new))
    if target is None:
        return
    for kind in (old, new):
        given_value = f"({filled(CONNECTION.sqltype(kind), value)})::{kind}"
        back = f"select {given_value}::{target}::{kind} is not distinct from {given_value}"
        try:
            assert CONNECTION.execute(back).fetchall() == [(True,)]
        except duckdb.ConversionException:
            continue  # said, and nothing was lost


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("BIGINT", "INTEGER"),
        ("DECIMAL(18,4)", "DECIMAL(18,2)"),
        ("DECIMAL(38,2)", "DECIMAL(18,2)"),
        ("DECIMAL(18,2)", "BIGINT"),
        ("DOUBLE", "FLOAT"),
        ("TIMESTAMP", "DATE"),
        ("STRUCT(a VARCHAR, b DATE)[]", "STRUCT(a VARCHAR)[]"),
        ("STRUCT(a VARCHAR, b DATE)", "STRUCT(b DATE, a VARCHAR)"),
        ("MAP(VARCHAR, DECIMAL(38,4))", "MAP(VARCHAR, DECIMAL(38,2))"),
    ],
)
def test_the_wider_stays_and_the_narrower_becomes_it(wide: str, narrow: str) -> None:
    one, other = CONNECTION.sqltype(wide), CONNECTION.sqltype(narrow)
    assert both(one, other) == str(one)
    assert set(re.findall(r"\w+", str(both(other, one)))) == set(re.findall(r"\w+", wide))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "STRUCT(a VARCHAR, b INTEGER)[]",
            "STRUCT(b BIGINT, c DATE)[]",
            "a VARCHAR b BIGINT c DATE",
        ),
        ("VARCHAR", "JSON", None),
        ("VARCHAR", "BIGINT", None),
        ("STRUCT(a VARCHAR)", "STRUCT(a DATE)", None),
        ("DOUBLE", "DECIMAL(18,2)", None),
    ],
)
def test_what_each_has_alone_is_kept_and_what_is_at_odds_is_refused(
    old: str, new: str, expected: str | None
) -> None:
    found = both(CONNECTION.sqltype(old), CONNECTION.sqltype(new))
    fields = re.findall(r'"?(\w+)"? (\w+)', found or "")
    assert (" ".join(" ".join(one) for one in fields) or None) == expected


def older(house: House, column: str, kind: str) -> None:
    """As if an older version had made it."""
    house.sql(f"alter table {TABLES} alter column {column} set data type {kind}")


@pytest.mark.parametrize(
    ("column", "kind"),
    [("total", "BIGINT"), ("total", "DECIMAL(9,1)"), ("lines", "STRUCT(line_id VARCHAR)[]")],
)
def test_an_older_column_is_widened_and_nothing_is_lost(
    house: House, column: str, kind: str
) -> None:
    house.land(order(1, 1, total="12.00", lines=[{"line_id": 1}]), table="orders")
    house.land(*rows(1))
    house.check()
    house.load()
    older(house, column, kind)
    house.build()
    house.land(order(2, 1, total="12.55"), table="orders")
    house.check()
    house.load()
    house.build()
    sums = "select sum(total) from marts."
    assert house.served(f"{sums}orders") == [(Decimal("24.55"),)]
    assert house.served(f"{sums}order_lines where order_id like '%o2'") == [(Decimal("12.50"),)]
    before = content(house)
    rebuild(house.places, [house.erp], now=NOON)
    assert content(house) == before
    assert house.build().built == []


def test_no_table_of_the_old_types_is_brought_up_to_date(house: House) -> None:
    company(house).build()
    kept = "select name from ops.versions where starts_with(name, 'built.')"
    assert house.sql(kept)
    older(house, "total", "BIGINT")
    house.load()
    assert house.sql(kept) == []


def test_what_cannot_be_widened_is_refused_with_the_statement(house: House) -> None:
    company(house).build()
    before = content(house)
    older(house, "total", "VARCHAR")
    statement = f'alter table {TABLES} alter column "total" set data type DECIMAL'
    for step in (house.load, house.build):
        with pytest.raises(Retyped, match="Start the DAG rebuild") as raised:
            step()
        assert statement in str(raised.value).replace('"orders"', "orders")
    rebuild(house.places, [house.erp], now=NOON)
    assert content(house) == before


def test_a_value_that_does_not_fit_keeps_the_column_as_it_is(house: House) -> None:
    company(house)
    older(house, "total", "HUGEINT")
    house.sql(f"update {TABLES} set total = 10::hugeint ** 20 where _key = 'o1'")
    with pytest.raises(Retyped, match="Nothing was changed.*this was tried") as raised:
        house.load()
    assert isinstance(raised.value.__cause__, duckdb.Error)
    kinds = f"select typeof(total) from {TABLES}"
    assert set(house.sql(kinds)) == {("HUGEINT",)}
