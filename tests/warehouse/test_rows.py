"""What counts as the same row, and that no row is lost or mixed up on its way into Arrow."""

from __future__ import annotations

import pytest

from sources import Page, Row
from warehouse.documents import document, told
from warehouse.landing import SCHEMA
from warehouse.pages import Batch

ROW: Row = {"id": 1, "name": "Ayşe", "at": "2026-01-01", "sub": {"at": 1, "deep": {"n": 2}}}


def hashed(row: Row, volatile: tuple[str, ...] = (), change: str | None = None) -> str:
    return document(row, volatile, change)[0]


@pytest.mark.parametrize(
    "same",
    [
        {**ROW, "at": "2026-02-02"},
        {name: value for name, value in ROW.items() if name != "at"},
        {**ROW, "sub": {"at": 1, "deep": {"n": 3}}},
        {**ROW, "note": None},
        {**ROW, "note": ""},
        dict(reversed(ROW.items())),
    ],
)
def test_what_is_volatile_or_empty_is_no_difference(same: Row) -> None:
    assert hashed(same, ("at", "sub.deep.n")) == hashed(ROW, ("at", "sub.deep.n"))


@pytest.mark.parametrize(
    "other",
    [{**ROW, "name": "Ayse"}, {**ROW, "sub": {"at": 2, "deep": {"n": 2}}}, {**ROW, "note": 0}],
)
def test_anything_else_is(other: Row) -> None:
    assert hashed(other, ("at", "sub.deep.n")) != hashed(ROW, ("at", "sub.deep.n"))


def test_a_deleted_row_differs_from_itself() -> None:
    assert hashed(ROW, change="deleted") != hashed(ROW)


def test_hashing_leaves_the_row_as_it_was() -> None:
    row = {"at": 1, "sub": {"deep": {"n": 2}}}
    document(row, ("at", "sub.deep.n", "not.there"))
    assert row == {"at": 1, "sub": {"deep": {"n": 2}}}


def test_a_batch_becomes_the_six_columns() -> None:
    batch = Batch()
    page = Page([{"ad": "Işıl"}], keys=["1"], cursors=["2026"], gone={"2": "deleted"})
    batch.put(told(page))
    table = batch.table("load")
    assert table.schema == SCHEMA
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("1", "2026", hashed({"ad": "Işıl"}), '{"ad":"Işıl"}', None, "load"),
        ("2", None, "deleted", None, "deleted", "load"),
    ]
