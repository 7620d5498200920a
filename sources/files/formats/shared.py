"""What the formats of files share: their settings, what they find in a file, how they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import IO, Protocol

from sources.contract import Column
from sources.shapes import Row


class Unreadable(ValueError):
    """The file is not what was agreed; the message says where, why and what to do."""


@dataclass(frozen=True)
class Spec:
    """How a table's files are written, as its settings say; None is found out and proven.

    `format`: csv, fixed, excel or ubl. `skip`: lines before the header. `header`: false where
    the first line is data already; `columns` then names the cells. `trailer`: first cell of the
    control line, whose second is the number of rows; `totals`: column -> cell of the control
    line, the mark being cell 1, with that column's sum. `combine`: further columns made of
    others. `mojibake`: refuse letters that a wrong encoding leaves in Turkish text.
    `widths`: of fixed width, column -> [start, length], the first place being 1.
    `sheet`: of Excel; None: the first. `member`: pattern of the files taken out of a zip.
    `unpacked`: bytes a zip or gz may grow to.
    """

    format: str = "csv"
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    encoding: str | None = None
    skip: int = 0
    header: bool = True
    columns: Sequence[str] = ()
    trailer: str | None = None
    totals: Mapping[str, int] = field(default_factory=dict)
    combine: Mapping[str, str] = field(default_factory=dict)
    mojibake: bool = True
    widths: Mapping[str, Sequence[int]] = field(default_factory=dict)
    sheet: str | None = None
    member: str = "*"
    unpacked: int = 4_000_000_000


SETTINGS = frozenset(each.name for each in fields(Spec))


@dataclass(frozen=True)
class Contents:
    """A file that was believed. `shape`: column -> type. `pages(start, size)`: its rows from
    one on, at most so many at a time, always the same for the same start."""

    shape: Mapping[str, str]
    count: int
    pages: Callable[[int, int], Iterator[Sequence[Row]]]


class Format(Protocol):
    def read(self, file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> Contents:
        """Raises Unreadable unless the whole file is what was agreed."""

    def shape(self, file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> Mapping[str, str]:
        """Column -> type, from the beginning of a file."""


def hold_columns(names: Sequence[str], spec: Spec, wanted: Sequence[Column], remedy: str) -> None:
    """Raises Unreadable where the contract's columns are not all there, or one is there twice."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Unreadable(f"two columns are called {', '.join(sorted(twice))}; rename one")
    missing = missing_columns(names, spec, wanted)
    if missing:
        raise Unreadable(
            f"column {', '.join(missing)} is missing; it has {', '.join(names)}. {remedy}"
        )


def missing_columns(names: Sequence[str], spec: Spec, wanted: Sequence[Column]) -> list[str]:
    there = {*names, *spec.combine}
    return [column.path for column in wanted if column.path not in there]
