"""Rows of texts held in columns: a million of them make no Python objects until asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from string import Formatter
from typing import overload

import pyarrow as pa
import pyarrow.compute as pc

from sources.shapes import Row


class Cells(Sequence[Row]):
    """`batch`: one column of text for each name; every row has all of them."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch

    @classmethod
    def of(cls, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Cells:
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        arrays = [pa.array(column, pa.string()) for column in columns]
        return cls(pa.RecordBatch.from_arrays(arrays, names=list(names)))

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    @property
    def nbytes(self) -> int:
        return int(self.batch.nbytes)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> Cells: ...

    def __getitem__(self, at: int | slice) -> Row | Cells:
        if isinstance(at, int):
            row: Row = self.batch.slice(range(len(self))[at], 1).to_pylist()[0]
            return row
        start, stop, _ = at.indices(len(self))
        return Cells(self.batch.slice(start, max(stop - start, 0)))

    def __iter__(self) -> Iterator[Row]:
        yield from self.batch.to_pylist()

    def with_combined(self, name: str, template: str) -> Cells:
        """A further column made of others: "{Tarih} {Saat}"."""
        parts: list[object] = []
        for literal, field, _, _ in Formatter().parse(template):
            parts += [literal] if literal else []
            parts += [self.batch.column(field)] if field else []
        made = pc.binary_join_element_wise(*parts, "")
        if isinstance(made, pa.Scalar):
            made = pa.repeat(made, len(self))
        return Cells(self.batch.append_column(name, made))

    def joined(self, names: Sequence[str]) -> list[str]:
        """The named cells of each row, with / between."""
        columns = [self.batch.column(name) for name in names]
        made = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "/")
        texts: list[str] = made.to_pylist()
        return texts

    def all_filled(self, names: Sequence[str]) -> bool:
        """Whether every row has all the named cells."""
        return not any(pc.any(pc.equal(self.batch.column(name), "")).as_py() for name in names)
