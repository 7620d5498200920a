"""What counts as the same row, and that no row is lost or mixed up on its way into Arrow."""

from __future__ import annotations

import json

import pytest

from sources import Page, Records, Row
from warehouse import memory
from warehouse.documents import names, told
from warehouse.landing import SCHEMA

ROW: Row = {"id": 1, "name": "Ayşe", "at": "2026-01-01", "sub": {"at": 1, "deep": {"n": 2}}}
VOLATILE = ("at", "sub.deep.n", "not.there")
CONNECTION = memory()


def hashed(row: Row, volatile: tuple[str, ...] = (), change: str | None = None) -> str:
    page = Page([row], keys=["1"], cursors=[None], change=change)
    [digest] = told(CONNECTION, [page], volatile)["_hash"].to_pylist()
    return str(digest)


def cut(*texts: str) -> Page:
    rows = Records([text.encode() for text in texts])
    return Page(rows, keys=[str(at) for at in range(len(rows))], cursors=[None] * len(rows))


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
    assert hashed(same, VOLATILE) == hashed(ROW, VOLATILE)


@pytest.mark.parametrize(
    "other",
    [
        {**ROW, "name": "Ayse"},
        {**ROW, "sub": {"at": 2, "deep": {"n": 2}}},
        {**ROW, "note": 0},
        {**ROW, "sub": [1]},
        {**ROW, "sub": [2]},
        {**ROW, "sub": {"at": 1, "deep": [{"n": 2}]}},
        {**ROW, "sub": {"at": 1, "deep": [{"n": 3}]}},
    ],
)
def test_anything_else_is(other: Row) -> None:
    others = [ROW, {**ROW, "sub": [3]}, {**ROW, "sub": {"at": 1, "deep": [{"n": 4}]}}]
    assert hashed(other, VOLATILE) not in [hashed(each, VOLATILE) for each in others]


def test_a_deleted_row_differs_from_itself() -> None:
    assert hashed(ROW, change="deleted") != hashed(ROW)


def test_a_number_that_no_machine_holds_and_half_an_emoji_can_be_landed() -> None:
    odd: Row = {"id": 10**30, "name": "\ud83d"}
    page = Page([odd], keys=["1"], cursors=[None])
    [text] = told(CONNECTION, [page])["_row"].to_pylist()
    assert json.loads(text) == {"id": str(10**30), "name": "?"}


def test_records_land_as_their_system_wrote_them() -> None:
    one, two = '{"b": "Işıl",  "a":null}', '{"\\u0131d":2,"a":{"z":1}}'
    landed = told(CONNECTION, [cut(one, two)])
    assert landed["_row"].to_pylist() == [one, two]
    assert names(CONNECTION, landed) == {"a", "b", "ıd"}


def test_a_records_volatile_paths_are_no_difference_either() -> None:
    texts = ('{"a":1,"at":1,"s":{"t":1,"u":2}}', '{"a":1,"at":2,"s":{"t":5,"u":2}}')
    other = ('{"a":1,"at":1,"s":{"t":1,"u":3}}', '{"a":2,"at":1,"s":{"t":1,"u":2}}')
    first, second, *others = told(CONNECTION, [cut(*texts, *other)], ("at", "s.t"))[
        "_hash"
    ].to_pylist()
    assert first == second
    assert len({first, *others}) == 3


def test_pages_become_the_five_columns_in_their_order() -> None:
    page = Page([{"ad": "Işıl"}], keys=["1"], cursors=["2026"], gone={"2": "deleted"})
    archived = Page([{"ad": "Ali"}], keys=["3"], cursors=["2025"], change="archived")
    landed = told(CONNECTION, [page, archived])
    assert landed.schema.names == SCHEMA.names[:5]
    assert [tuple(row.values()) for row in landed.to_pylist()] == [
        ("1", "2026", hashed({"ad": "Işıl"}), '{"ad":"Işıl"}', None),
        ("2", None, "deleted", None, "deleted"),
        ("3", "2025", hashed({"ad": "Ali"}, change="archived"), '{"ad":"Ali"}', "archived"),
    ]
