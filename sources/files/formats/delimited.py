"""CSV: proven whole by one parser, taken out in columns by another; both must agree.

The strict parser (the standard library's) says how many rows and cells there are, line by line
where no cell spans lines. A row of another number of cells than the header is kept apart as
`_cells`: nobody knows which of them is which.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from operator import methodcaller
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as arrow

from sources.cells import Cells
from sources.contract import Column
from sources.files.formats import dialect as dialects
from sources.files.formats.control import found_control
from sources.files.formats.dialect import Dialect
from sources.files.formats.shared import Contents, Spec, Unreadable, hold_columns
from sources.files.formats.text import as_utf8
from sources.shapes import Row

HEAD = 1 << 20
BLOCK = 1 << 21  # bytes; lines of a block become Python texts, four times as large
PAGE = 50_000  # rows, where totals are added up
LONGEST = 1 << 26  # bytes of a line
UNNAMED = "\0"
REMEDY = "Correct the export, or the contract's physicalName"


@dataclass(frozen=True)
class Survey:
    """`ragged`: rows of another number of cells; `plain`: every line is one row."""

    rows: int
    ragged: int
    plain: bool


def read(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> Contents:
    text = as_utf8(file, spec.encoding, spec.mojibake)
    dialect = dialects.found(_head(text), spec, wanted)
    hold_columns(dialect.names, spec, wanted, REMEDY)
    control = found_control(text, dialect, spec) if spec.trailer is not None else None
    body = Body(text, dialect, control.begin if control else text.seek(0, io.SEEK_END))
    survey = body.survey()
    if control:
        control.hold(survey.rows, body.pages(survey, 0, PAGE), spec, wanted)
    elif survey.ragged and body.ends_in_a_row():
        raise Unreadable("its last line is cut off: it is still being written, or was lost")
    return Contents(_shape(dialect), survey.rows, partial(body.pages, survey))


def shape(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> dict[str, str]:
    with as_utf8(file, spec.encoding, spec.mojibake) as text:
        return _shape(dialects.found(_head(text), spec, wanted))


def _shape(dialect: Dialect) -> dict[str, str]:
    return dict.fromkeys(dialect.names, "text")


def _head(text: IO[bytes]) -> str:
    text.seek(0)
    return text.read(HEAD).decode("utf-8", errors="ignore")


@dataclass
class Body:
    """The rows of a file, without header and control line; `end`: where they end, in bytes."""

    text: IO[bytes]
    dialect: Dialect
    end: int

    def ends_in_a_row(self) -> bool:
        self.text.seek(max(self.end - 1, 0))
        return self.text.read(1) not in (b"\n", b"\r")

    def survey(self) -> Survey:
        """Line by line, which is fast; as soon as a line is not a row, by the strict parser."""
        rows = ragged = 0
        for block in self._blocks():
            counted = _lines(block, self.dialect)
            if counted is None:
                return self._parsed()
            rows, ragged = rows + counted[0], ragged + counted[1]
        return Survey(rows, ragged, plain=True)

    def _parsed(self) -> Survey:
        rows = ragged = 0
        for cells in self._rows():
            rows += 1
            ragged += len(cells) != self.dialect.width
        return Survey(rows, ragged, plain=False)

    def pages(self, survey: Survey, start: int, size: int) -> Iterator[Sequence[Row]]:
        taken = 0
        by_columns = survey.plain and not survey.ragged
        for rows in self._columns() if by_columns else self._cells(size):
            for at in range(max(start - taken, 0), len(rows), size):
                yield rows[at : at + size]
            taken += len(rows)
        if taken != survey.rows:
            raise Unreadable(
                f"two parsers found {survey.rows} and {taken} rows in it; export it again with "
                "every cell in quotes"
            )

    def _columns(self) -> Iterator[Sequence[Row]]:
        """Whole lines at a time, by the parser that makes columns."""
        dialect, names = self.dialect, list(self.dialect.names)
        options: dict[str, Any] = {
            "read_options": arrow.ReadOptions(
                column_names=[*names, UNNAMED] if dialect.unnamed else names
            ),
            "parse_options": arrow.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                escape_char=dialect.escape or False,
            ),
            "convert_options": arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=names,
                strings_can_be_null=False,
            ),
        }
        try:
            for block in self._blocks():
                if block.strip(b"\r\n"):
                    table = arrow.read_csv(pa.BufferReader(block), **options)
                    yield from map(Cells, table.combine_chunks().to_batches())
        except pa.ArrowInvalid as error:
            raise Unreadable(f"it is not CSV ({error}); export it again") from None

    def _cells(self, size: int) -> Iterator[Sequence[Row]]:
        names, width = self.dialect.names, self.dialect.width
        rows = self._rows()
        while page := list(islice(rows, size)):
            if all(len(cells) == width for cells in page):
                yield Cells.of(names, [cells[: len(names)] for cells in page])
                continue
            yield [
                dict(zip(names, cells, strict=False)) if len(cells) == width else {"_cells": cells}
                for cells in page
            ]

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines."""
        rest, place = b"", self.dialect.begin
        while place < self.end:
            self.text.seek(place)
            block = self.text.read(min(BLOCK, self.end - place))
            place += len(block)
            lines, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                yield lines + newline
            elif len(rest) > LONGEST:
                raise Unreadable(f"a line is longer than {LONGEST:,} bytes: it is not CSV")
        if rest:
            yield rest

    def _rows(self) -> Iterator[list[str]]:
        """By the strict parser; raises Unreadable where the file is no CSV."""
        reader = self.dialect.reader(chain.from_iterable(map(_split, self._blocks())))
        try:
            yield from (cells for cells in reader if cells)
        except csv.Error as error:
            raise Unreadable(
                f"line {reader.line_num} after the header is not CSV ({error}); export it again"
            ) from None


def _split(block: bytes) -> Iterator[str]:
    return iter(io.StringIO(block.decode("utf-8"), newline=""))


def _lines(block: bytes, dialect: Dialect) -> tuple[int, int] | None:
    """Rows and ragged ones of a block in which each line is a row; None where one may not be."""
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    if block.count(b"\r") != block.count(b"\r\n") + block.endswith(b"\r"):
        return None
    if dialect.escape and dialect.escape.encode() in block:
        return None
    lines = block.rstrip(b"\r\n").split(b"\n")
    if b"" in lines or b"\r" in lines:
        lines = [line for line in lines if line not in (b"", b"\r")]
    quoted = [line for line in lines if quote in line] if quote and quote in block else []
    plain = [line for line in lines if quote not in line] if quoted else lines
    if any(line.count(quote) % 2 for line in quoted):
        return None
    try:
        parsed = list(map(len, dialect.reader(map(bytes.decode, quoted))))
    except csv.Error:
        return None
    if len(parsed) != len(quoted):
        return None
    widths = Counter(map(methodcaller("count", delimiter), plain))
    return len(lines), len(lines) - widths[dialect.width - 1] - parsed.count(dialect.width)
