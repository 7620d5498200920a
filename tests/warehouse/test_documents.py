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
from warehouse.documents import document, told_cells

NAMES = ["b", 'a "quoted"', "Şehir", "z.y", "_link"]
CONNECTION = memory()
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@pytest.mark.parametrize("volatile", [(), ("_link",)])
@given(rows=st.lists(st.lists(LETTERS, min_size=5, max_size=5), min_size=1, max_size=5))
def test_columns_and_rows_say_the_same(volatile: tuple[str, ...], rows: list[list[str]]) -> None:
    cells = Cells.of(NAMES, rows)
    keys, cursors = [str(at) for at in range(len(rows))], ["x.csv"] * len(rows)
    made = told_cells(CONNECTION, Page(cells, keys=keys, cursors=cursors), cells, volatile)
    one_by_one = [dict(zip(NAMES, row, strict=True)) for row in rows]
    assert list(cells) == one_by_one
    filled = [{name: cell for name, cell in row.items() if cell} for row in one_by_one]
    assert [json.loads(text) for text in made["_row"].to_pylist()] == filled
    assert made["_key"].to_pylist() == keys
    hashes = made["_hash"].to_pylist()
    plain = [
        not any(ord(letter) < 32 for cell in row for letter in cell) for row in rows
    ]  # control characters are escaped in upper case here and lower case there
    for row, digest, same in zip(one_by_one, hashes, plain, strict=True):
        assert (digest == document(row, volatile)[0]) or not same


def test_a_slice_and_an_empty_page() -> None:
    cells = Cells.of(["a", "b"], [["1", "x"], ["2", "y"], ["3", "z"]])
    assert cells[1] == {"a": "2", "b": "y"}
    assert list(cells[1:]) == [{"a": "2", "b": "y"}, {"a": "3", "b": "z"}]
    assert cells.with_combined("c", "{a}-{b}")[2]["c"] == "3-z"
    assert cells.joined(["a", "b"]) == ["1/x", "2/y", "3/z"]
    assert len(Cells.of(["a"], [])) == 0
    assert isinstance(cells.batch, pa.RecordBatch)
