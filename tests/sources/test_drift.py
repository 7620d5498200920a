"""Shapes: what is gone or of another type stops a table; what is new goes on."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import Page, Reading, Row, Table, Window, resource
from sources.drift import ENOUGH, Sample, differences, joined
from tests.pulled import Landed

ROW = {"id": 1, "mail": "a@b.tr", "card": {"no": "7", "limit": 5}, "tags": ["x"], "extra": {}}


class Desk:
    def __init__(self, rows: list[Row], shape: dict[str, str] | None = None) -> None:
        self.rows, self.shape = rows, shape

    def read(self, window: Window) -> Iterator[Page]:
        for start in range(0, len(self.rows), 5):
            more = start + 5 < len(self.rows)
            yield Page(self.rows[start : start + 5], position=start + 5 if more else None)

    def table(self) -> Table:
        shape = None if self.shape is None else (lambda: dict(self.shape or {}))
        return Table("cards", lambda row: str(row["id"]), self.read, lists_all=False, shape=shape)


def rows(count: int = 2 * ENOUGH, **values: Any) -> list[Row]:
    return [{**copy.deepcopy(ROW), "id": n, **values} for n in range(count)]


def pull(folder: Landed, desk: Desk, **options: Any) -> Reading:
    return folder.take([resource("bank", desk.table(), folder.held("cards"), **options)])["cards"]


@pytest.fixture
def landed(tmp_path: Path) -> Landed:
    return Landed(tmp_path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"card": {"limit": 5}}, "card.no is gone (it was text)"),
        ({"mail": 7}, "mail is number (it was text)"),
        ({"tags": "x, y"}, "tags is text (it was list)"),
        ({"card": "7"}, "card is text (it was object)"),
    ],
)
def test_a_field_gone_or_retyped_stops_the_table_until_confirmed(
    landed: Landed, values: dict[str, Any], words: str
) -> None:
    pull(landed, Desk(rows()))
    for _ in range(2):
        drifted = pull(landed, Desk(rows(**values)))
        assert words in str(drifted.error)
        assert not drifted.finished
    assert pull(landed, Desk(rows(**values)), confirm=True).complete
    assert pull(landed, Desk(rows(**values))).complete


@pytest.mark.parametrize(
    "values",
    [
        {"new": 1},
        {"mail": None},
        {"card": None},  # then nobody can say that card.no is gone
        {"card": {}},
        {"extra": []},  # PHP's empty object
        {"extra": {"a": 1}},
        {"mail": ""},
    ],
)
def test_what_is_new_or_empty_goes_on(landed: Landed, values: dict[str, Any]) -> None:
    pull(landed, Desk(rows()))
    assert pull(landed, Desk(rows(**values))).complete


def test_a_field_that_was_rare_may_be_absent(landed: Landed) -> None:
    some = rows()
    del some[3]["mail"]
    pull(landed, Desk(some))
    for row in some:
        row.pop("mail", None)
    assert pull(landed, Desk(some)).complete


def test_what_the_contract_calls_volatile_may_come_and_go(landed: Landed) -> None:
    volatile = {"volatile": ("card.no", "mail")}
    pull(landed, Desk(rows()), **volatile)
    assert pull(landed, Desk(rows(card={"limit": 5}, mail=7)), **volatile).complete
    assert not pull(landed, Desk(rows(card={"no": "7"})), **volatile).complete


def test_few_rows_prove_no_loss(landed: Landed) -> None:
    pull(landed, Desk(rows()))
    few = rows(ENOUGH - 1)
    for row in few:
        del row["mail"]
    assert pull(landed, Desk(few)).complete


def test_a_system_that_describes_itself_is_believed_at_once(landed: Landed) -> None:
    pull(landed, Desk(rows(1), {"id": "int", "mail": "string"}))
    drifted = pull(landed, Desk(rows(1), {"id": "int"}))
    assert "mail is gone (it was string)" in str(drifted.error)
    assert pull(landed, Desk(rows(1), {"id": "int", "mail": "string", "new": "date"})).complete


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), values), min_size=1, max_size=8))
def test_rows_never_differ_from_the_shape_they_made(found: list[Row]) -> None:
    whole, half = Sample(), Sample()
    whole.add(found)
    half.add(found[::2])
    assert differences(whole.shape(), whole.shape(), ENOUGH) == []
    both = joined(half.shape(), whole.shape())
    assert differences(both, whole.shape(), ENOUGH) == []
