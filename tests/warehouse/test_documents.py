"""Rows in columns become the same documents, with the same hashes, as rows one by one."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import Page
from sources.cells import Cells
from warehouse import memory
from warehouse.documents import told

NAMES = ["b", 'a "quoted"', "Şehir", "z.y", "_link"]
CONNECTION = memory()
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@pytest.mark.parametrize("volatile", [(), ("_link",)])
@given(rows=st.lists(st.lists(LETTERS, min_size=5, max_size=5), min_size=1, max_size=5))
def test_columns_and_rows_say_the_same(volatile: tuple[str, ...], rows: list[list[str]]) -> None:
    cells = Cells.of(NAMES, rows)
    one_by_one = [dict(zip(NAMES, row, strict=True)) for row in rows]
    assert list(cells) == one_by_one
    keys, cursors = [str(at) for at in range(len(rows))], ["x.csv"] * len(rows)
    columns, plain = (
        told(CONNECTION, [Page(given, keys=keys, cursors=[*cursors])], volatile)
        for given in (cells, one_by_one)
    )
    filled = [{name: cell for name, cell in row.items() if cell} for row in one_by_one]
    assert [json.loads(text) for text in columns["_row"].to_pylist()] == filled
    assert columns["_key"].to_pylist() == keys
    # Control characters are escaped in upper case here and in lower case there.
    same = [not any(ord(letter) < 32 for cell in row for letter in cell) for row in rows]
    for one, other, alike in zip(columns["_hash"], plain["_hash"], same, strict=True):
        assert one == other or not alike


def test_a_slice_and_an_empty_page() -> None:
    cells = Cells.of(["a", "b"], [["1", "x"], ["2", "y"], ["3", "z"]])
    assert cells[1] == {"a": "2", "b": "y"}
    assert list(cells[1:]) == [{"a": "2", "b": "y"}, {"a": "3", "b": "z"}]
    assert cells.with_combined("c", "{a}-{b}")[2]["c"] == "3-z"
    assert cells.joined(["a", "b"]) == ["1/x", "2/y", "3/z"]
    assert len(Cells.of(["a"], [])) == 0
    assert isinstance(cells.batch, pa.RecordBatch)
