"""Which delimiter and quotes a CSV has: tried out on its head, and believed when only one fits."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sources.contract import Column
from sources.files.formats.shared import Spec, Unreadable, missing_columns

DELIMITERS = (";", ",", "\t", "|")
QUOTES = ('"', "'")
SAMPLE = 50  # lines looked at where there is no header
NAMED = {"\t": "tab"}


@dataclass(frozen=True)
class Dialect:
    """`quote` "": none. `names`: of the cells; `unnamed`: each line ends in one more, without a
    name. `begin`: bytes before the first row."""

    delimiter: str
    quote: str
    escape: str | None
    names: tuple[str, ...] = ()
    begin: int = 0
    unnamed: bool = False

    @property
    def width(self) -> int:
        return len(self.names) + self.unnamed

    def reader(self, lines: Any) -> Any:
        """Strict: a quote that is not closed where a cell ends is an error, not a guess."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape,
            strict=True,
        )


def found(head: str, spec: Spec, wanted: Sequence[Column]) -> Dialect:
    """Raises Unreadable where none or several can be meant."""
    csv.field_size_limit(1 << 24)
    head, begin, spec = _said_inside(head, spec)
    tried = list(_candidates(spec))
    read = _headers(head, begin, spec, tried) if spec.header else _bodies(head, spec, tried)
    if not read:
        raise Unreadable("it is empty: not even a header. Wait for the next export")
    if spec.header:
        fitting = [each for each in read if not missing_columns(each.names, spec, wanted)]
        # Told apart by the header only: where it has no quotes, the usual ones are meant.
        read = fitting or read
    most = max(len(each.names) for each in read)
    best = [each for each in read if len(each.names) == most]
    delimiters = dict.fromkeys(NAMED.get(each.delimiter, each.delimiter) for each in best)
    if len(delimiters) > 1 and most > 1:
        shown = " ".join(delimiters)
        raise Unreadable(f"its cells may be separated by any of {shown}: set delimiter")
    return best[0]


def _candidates(spec: Spec) -> Iterator[Dialect]:
    for quote in QUOTES if spec.quote is None else (spec.quote,):
        for delimiter in DELIMITERS if spec.delimiter is None else (spec.delimiter,):
            if len(delimiter) != 1 or not delimiter.isascii() or delimiter in "\r\n":
                raise Unreadable(f"delimiter {delimiter!r} must be one ASCII character")
            yield Dialect(delimiter, quote, spec.escape)


def _said_inside(head: str, spec: Spec) -> tuple[str, int, Spec]:
    """Excel's own hint: a first line sep=; says the delimiter."""
    line, newline, rest = head.partition("\n")
    mark = line.strip().strip('"')
    if not mark.lower().startswith("sep=") or len(mark) != 5:
        return head, 0, spec
    return rest, len((line + newline).encode()), replace(spec, delimiter=mark[4])


def _headers(head: str, begin: int, spec: Spec, tried: list[Dialect]) -> list[Dialect]:
    """The candidates with the header they read."""
    read = []
    for dialect in tried:
        lines = _Counted(head)
        try:
            cells = next(islice(_filled(dialect.reader(lines)), spec.skip, None), None)
        except csv.Error:
            continue
        if cells is not None:
            names = tuple(cell.strip() for cell in cells)
            unnamed = len(names) > 1 and not names[-1]
            named = names[:-1] if unnamed else names
            read.append(replace(dialect, names=named, begin=begin + lines.taken, unnamed=unnamed))
    return read


def _bodies(head: str, spec: Spec, tried: list[Dialect]) -> list[Dialect]:
    """The candidates under which the first lines have as many cells as there are names."""
    if not spec.columns:
        raise Unreadable("it has no header by its settings; set columns, a list of their names")
    read, counts = [], set()
    for dialect in tried:
        lines = _Counted(head)
        try:
            reader = _filled(dialect.reader(lines))
            for _ in range(spec.skip):
                next(reader, None)
            begin = lines.taken
            rows = list(islice(reader, SAMPLE))
        except csv.Error:
            continue
        if rows and rows[-1][:1] == [spec.trailer]:
            rows.pop()
        counts |= {len(cells) for cells in rows}
        if rows and all(len(cells) == len(spec.columns) for cells in rows):
            names = tuple(spec.columns)
            read.append(replace(dialect, names=names, begin=begin))
    if not read and counts:
        raise Unreadable(
            f"its lines have {', '.join(map(str, sorted(counts)))} cells and its settings name "
            f"{len(spec.columns)} columns; correct columns, or set delimiter"
        )
    return read


def _filled(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    return (cells for cells in rows if cells)


class _Counted:
    """Lines of a text, and how many bytes of UTF-8 were taken."""

    def __init__(self, text: str) -> None:
        self.lines, self.taken = iter(io.StringIO(text, newline="")), 0

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.taken += len(line.encode())
        return line
