"""Fixed width: cells by their place in the line. Places count letters, from 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from sources.cells import Cells
from sources.contract import Column
from sources.files.formats.shared import Contents, Spec, Unreadable, hold_columns
from sources.files.formats.text import as_utf8
from sources.shapes import Row


def read(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> Contents:
    _hold_widths(spec)
    hold_columns(list(spec.widths), spec, wanted, "Give widths for it, or correct the contract")
    text = as_utf8(file, spec.encoding, spec.mojibake)
    needed = max(start + length - 1 for start, length in spec.widths.values())
    least = max(start for start, _ in spec.widths.values())
    count, said = 0, None
    for number, line in enumerate(_lines(text, spec), start=spec.skip + 1):
        if said is not None:
            raise Unreadable(f"rows follow its {spec.trailer} line; export it again")
        if spec.trailer is not None and line.startswith(spec.trailer):
            said = line.removeprefix(spec.trailer).split()
            continue
        # Programs leave out the blanks at the end of a line, and nothing else.
        if len(line) < least:
            raise Unreadable(
                f"line {number} has {len(line)} letters and its columns go up to {needed}: it is "
                "cut off, or widths is wrong"
            )
        if (found := len(line.rstrip())) > needed:
            raise Unreadable(
                f"line {number} has {found} letters and its columns go up to {needed}: "
                "correct widths, or name the rest in it"
            )
        count += 1
    if spec.trailer is not None and said is None:
        raise Unreadable(
            f"its last line {spec.trailer} is missing: it is cut off or still being written"
        )
    if said is not None and said[:1] != [str(count)]:
        claimed = said[0] if said else "no"
        raise Unreadable(f"its {spec.trailer} line says {claimed} rows and {count} are there")

    def pages(start: int, size: int) -> Iterator[Sequence[Row]]:
        rows = islice(_rows(text, spec), start, count)
        while page := list(islice(rows, size)):
            yield Cells.of(list(spec.widths), page)

    return Contents(_shape(spec), count, pages)


def shape(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> dict[str, str]:
    """What the settings say: the file says nothing about itself."""
    return _shape(spec)


def _shape(spec: Spec) -> dict[str, str]:
    return {name: f"text at {at[0]}, {at[1]} long" for name, at in spec.widths.items()}


def _hold_widths(spec: Spec) -> None:
    if not spec.widths:
        raise Unreadable("its settings have no widths; say widths = { column = [start, length] }")
    for name, at in spec.widths.items():
        if len(at) != 2 or min(at) < 1:
            raise Unreadable(f"widths.{name} is {list(at)}; say [start, length], from 1")


def _lines(text: IO[bytes], spec: Spec) -> Iterator[str]:
    text.seek(0)
    lines = (line.decode("utf-8").rstrip("\r\n") for line in text)
    return (line for line in islice(lines, spec.skip, None) if line.strip("\x1a "))


def _rows(text: IO[bytes], spec: Spec) -> Iterator[list[str]]:
    places = [(start - 1, start - 1 + length) for start, length in spec.widths.values()]
    for line in _lines(text, spec):
        yield [line[start:end].strip() for start, end in places]
