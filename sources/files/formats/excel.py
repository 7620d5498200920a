"""Excel workbooks, .xlsx, .xlsm, .xlsb and .xls: the values of one sheet, written one way.

Numbers with a point, dates as 2026-11-21 and 2026-11-21 10:20:00, true and false: except
where the contract says how the column is written (decimalComma, format), because cells that
somebody typed as text stand in the same column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import python_calamine as calamine

from sources.cells import Cells
from sources.contract import Column
from sources.files.formats.shared import Contents, Spec, Unreadable, hold_columns
from sources.shapes import Row

LARGEST = 500_000_000  # bytes of a workbook; it is read whole
STRFTIME = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
LETTERS = re.compile("[A-Za-z']+")


def read(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> Contents:
    sheet = _sheet(file, spec)
    names, begin = _names(sheet, spec)
    hold_columns(names, spec, wanted, "Correct sheet and skip in its settings, or the contract")
    writers = _writers(names, wanted)
    count = sum(1 for _ in _rows(sheet, begin, spec, writers))

    def pages(start: int, size: int) -> Iterator[Sequence[Row]]:
        rows = islice(_rows(sheet, begin, spec, writers), start, None)
        while page := list(islice(rows, size)):
            yield Cells.of(names, page)

    return Contents(dict.fromkeys(names, "text"), count, pages)


def shape(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> dict[str, str]:
    return dict.fromkeys(_names(_sheet(file, spec), spec)[0], "text")


def _sheet(file: IO[bytes], spec: Spec) -> Any:
    file.seek(0, 2)
    if file.tell() > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST:,} bytes; export it as CSV")
    file.seek(0)
    try:
        book = calamine.CalamineWorkbook.from_filelike(file)
    except calamine.PasswordError:
        raise Unreadable("it is protected by a password; save it without one") from None
    except calamine.CalamineError as error:
        raise Unreadable(f"it is no Excel workbook ({error}); export it again") from None
    if spec.sheet is not None and spec.sheet not in book.sheet_names:
        raise Unreadable(f"it has no sheet {spec.sheet!r}; it has {', '.join(book.sheet_names)}")
    return book.get_sheet_by_name(spec.sheet or book.sheet_names[0])


def _names(sheet: Any, spec: Spec) -> tuple[list[str], int]:
    """Names of the columns, and the number of rows before the first of data."""
    if not spec.header:
        return list(spec.columns), spec.skip
    for at, cells in enumerate(sheet.iter_rows()):
        if at >= spec.skip and any(cell != "" for cell in cells):
            names = [str(cell).strip() for cell in cells]
            while names and not names[-1]:
                names.pop()
            return names, at + 1
    raise Unreadable("it is empty: not even a header. Wait for the next export")


def _rows(sheet: Any, begin: int, spec: Spec, writers: Sequence[Any]) -> Iterator[list[str]]:
    for cells in islice(sheet.iter_rows(), begin, None):
        told = [write(cell) for write, cell in zip(writers, cells, strict=False)]
        told += [""] * (len(writers) - len(told))
        if not any(told):
            continue
        if spec.trailer is not None and told[0] == spec.trailer:
            return
        yield told


def _writers(names: Sequence[str], wanted: Sequence[Column]) -> list[Any]:
    by_path = {column.path: column for column in wanted}

    def writer(column: Column | None) -> Any:
        pattern = column.options.get("format") if column else None
        comma = bool(column and column.settings.get("decimalComma"))
        return lambda cell: _text(cell, pattern, comma)

    return [writer(by_path.get(name)) for name in names]


def _text(cell: Any, pattern: str | None, comma: bool) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        return _number(cell).replace(".", ",") if comma else _number(cell)
    if isinstance(cell, datetime | date):
        return _moment(cell, pattern)
    if isinstance(cell, time | timedelta):
        return str(cell)
    raise Unreadable(f"a cell holds {cell!r}, which is neither text nor a number nor a date")


def _number(value: float) -> str:
    """As Excel shows it: 15 digits, 0.3 and not 0.30000000000000004."""
    if not math.isfinite(value):
        return ""
    return f"{Decimal(f'{value:.15g}'):f}" if isinstance(value, float) else str(value)


def _moment(cell: datetime | date, pattern: str | None) -> str:
    if pattern and all(letters in STRFTIME for letters in LETTERS.findall(pattern)):
        return cell.strftime(LETTERS.sub(lambda found: STRFTIME[found.group()], pattern))
    if isinstance(cell, datetime) and cell.time() != time():
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return cell.strftime("%Y-%m-%d")
