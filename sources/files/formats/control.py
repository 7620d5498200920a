"""The control line at the end of a file: `TOPLAM;<rows>;<sum>`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import IO

from sources.contract import Column
from sources.files.formats.dialect import Dialect
from sources.files.formats.shared import Spec, Unreadable
from sources.shapes import Row

TAIL = 1 << 16


@dataclass(frozen=True)
class Control:
    """`begin`: where the line begins, in bytes of UTF-8."""

    cells: Sequence[str]
    begin: int

    def hold(
        self, rows: int, pages: Iterable[Sequence[Row]], spec: Spec, wanted: Sequence[Column]
    ) -> None:
        """Raises Unreadable where the line says something else than what is there."""
        said = self._cell(2, spec).replace(".", "").replace(",", "")
        if said != str(rows):
            raise Unreadable(f"its {spec.trailer} line says {said} rows and {rows} are there")
        if not spec.totals:
            return
        found = dict.fromkeys(spec.totals, Decimal(0))
        comma = {column.path for column in wanted if column.settings.get("decimalComma")}
        for page in pages:
            for row in page:
                for name in found:
                    found[name] += _number(str(row.get(name, "")), name in comma)
        for name, total in found.items():
            said = self._cell(spec.totals[name], spec)
            if _number(said, name in comma) != total:
                raise Unreadable(
                    f"its {spec.trailer} line says {name} adds up to {said}, and it is {total}"
                )

    def _cell(self, number: int, spec: Spec) -> str:
        cells = [*self.cells, *[""] * number]
        return cells[number - 1].strip()


def found_control(text: IO[bytes], dialect: Dialect, spec: Spec) -> Control:
    """Raises Unreadable where the last line is not the control line."""
    end = text.seek(0, io.SEEK_END)
    begin = max(end - TAIL, dialect.begin)
    text.seek(begin)
    lines = text.read().splitlines(keepends=True)
    marked = None
    for line in lines:
        cells = _cells(line, dialect)
        if cells and cells[0].strip() == spec.trailer:
            marked = Control(cells, begin)
        elif cells and marked:
            raise Unreadable(f"rows follow its {spec.trailer} line; export it again")
        begin += len(line)
    if not marked:
        raise Unreadable(
            f"its last line {spec.trailer} is missing: it is cut off or still being written"
        )
    return marked


def _cells(line: bytes, dialect: Dialect) -> list[str]:
    """Of the tail's first line only a part may be there."""
    try:
        return next(dialect.reader([line.decode("utf-8", errors="ignore")]), [])
    except csv.Error:
        return []


def _number(text: str, comma: bool) -> Decimal:
    plain = text.strip().replace(".", "").replace(",", ".") if comma else text.strip()
    try:
        return Decimal(plain or "0")
    except InvalidOperation:
        return Decimal(0)
