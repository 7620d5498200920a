"""Records that nobody parsed say what the standard library reads in them."""

from __future__ import annotations

import json
from typing import Any, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.records import Records, records

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LISTS = st.lists(
    st.dictionaries(st.text(), VALUES, max_size=4).map(lambda row: {**row, "id": len(row)}),
    max_size=4,
)


class Head(TypedDict, total=False):
    id: int


HEADS = msgspec.json.Decoder(list[Head])


@given(rows=LISTS, escaped=st.booleans(), indent=st.sampled_from([None, 2]))
def test_every_record_is_there_whole(
    rows: list[dict[str, Any]], escaped: bool, indent: int | None
) -> None:
    found = records(json.dumps(rows, ensure_ascii=escaped, indent=indent).encode(), HEADS)
    assert [json.loads(each) for each in found.texts] == rows == list(found)
    assert [head["id"] for head in found.heads] == [row["id"] for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"{}",
        b"[1]",
        b"[{}, null]",
        b"[{}",
        b"[{}] x",
        b'[{"id":1,}]',
        b'[{"a":"\xff"}]',
    ],
)
def test_anything_else_is_none(content: bytes) -> None:
    with pytest.raises(ValueError):
        records(content, HEADS)


def test_what_only_the_standard_library_reads_is_read_too() -> None:
    found = records(b'\xef\xbb\xbf[{"id":1,"a":"\\ud83d"}, {"id":2}]', HEADS)
    assert found.texts == [b'{"a":"?","id":1}', b'{"id":2}']
    assert found[1] == {"id": 2}


def test_some_of_them() -> None:
    found = records(b'[{"id":1},{"id":2},{"id":3}]', HEADS)
    assert list(found.where([True, False, True])) == [{"id": 1}, {"id": 3}]
    assert [head["id"] for head in found[1:].heads] == [2, 3]
    both = found[:1] + Records([b'{"id":9}'], [{"id": 9}])
    assert (len(both), both.nbytes, [head["id"] for head in both.heads]) == (2, 16, [1, 9])
