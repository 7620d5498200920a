"""One CSV file: is it what it should be, and what are its rows.

A file is looked at whole before any of its rows is believed: its encoding, its header, its
control line. Turkish exports are cp1254 or UTF-8 and rarely say which; read with the wrong one
they give `Ý Þ ð ý þ` or `Ã§ ÄŸ` and no error.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

CHUNK = 1 << 20
TURKISH = "çÇğĞıİöÖşŞüÜ"
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# cp1254's İ Ş ğ ı ş read as latin-1, and UTF-8 read as a single-byte encoding.
TWICE = {
    letter.encode("utf-8").decode(wrong, errors="ignore")
    for letter in TURKISH
    for wrong in ("cp1254", "cp1252", "latin-1")
}
MOJIBAKE = re.compile("|".join(["[ÝÞðýþ�]", *(re.escape(two) for two in TWICE if len(two) > 1)]))


class Unreadable(ValueError):
    """The file is not what the settings say; the message says where and what to do."""


@dataclass(frozen=True)
class Format:
    """`trailer`: first cell of the control line `<trailer>;<rows>`, None where there is none.
    `combine`: further columns made of others, e.g. {"Zaman": "{Tarih} {Saat}"}.
    `mojibake`: refuse letters that a wrong encoding leaves in Turkish text.
    """

    delimiter: str = ";"
    encoding: str = "cp1254"
    trailer: str | None = None
    combine: Mapping[str, str] = field(default_factory=dict)
    mojibake: bool = True


def check(file: IO[bytes], form: Format, wanted: Iterable[str]) -> int:
    """The number of rows; raises Unreadable for a file that must not be believed."""
    _check_encoding(file, form)
    with _table(file, form) as (header, lines):
        there = {*header, *form.combine}
        missing = [column for column in wanted if column not in there]
        if missing:
            raise Unreadable(
                f"column {', '.join(missing)} is missing; it has {', '.join(header)}. "
                "Correct the export, or the contract's physicalName"
            )
        return _count(lines, form)


def rows(file: IO[bytes], form: Format) -> Iterator[dict[str, str | list[str]]]:
    """Cells as in the file. A line of too few cells lacks columns, of too many has `_surplus`."""
    with _table(file, form) as (header, lines):
        for cells in lines:
            if form.trailer is not None and cells[0] == form.trailer:
                return
            row: dict[str, str | list[str]] = dict(zip(header, cells, strict=False))
            if len(cells) == len(header):
                row |= {name: text.format_map(row) for name, text in form.combine.items()}
            elif len(cells) > len(header):
                row["_surplus"] = cells[len(header) :]
            yield row


@contextmanager
def _table(file: IO[bytes], form: Format) -> Iterator[tuple[Sequence[str], Iterator[list[str]]]]:
    """Header, and the lines that are not empty."""
    file.seek(0)
    encoding = "utf-8-sig" if _canonical(form.encoding) == "utf-8" else form.encoding
    text = io.TextIOWrapper(file, encoding, newline="")
    reader = csv.reader(text, delimiter=form.delimiter)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not any(header):
            raise Unreadable("it is empty: not even a header. Wait for the next export")
        twice = {name for name in header if header.count(name) > 1}
        if twice:
            raise Unreadable(f"two columns are called {', '.join(sorted(twice))}; rename one")
        yield header, (cells for cells in reader if cells)
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num} is not CSV ({error}); export it again") from None
    finally:
        text.detach()


def _count(lines: Iterator[list[str]], form: Format) -> int:
    if form.trailer is None:
        return sum(1 for _ in lines)
    for count, cells in enumerate(lines):
        if cells[0] != form.trailer:
            continue
        if next(lines, None) is not None:
            raise Unreadable(f"rows follow its {form.trailer} line; export it again")
        said = "".join(cells[1:2]).replace(".", "").strip()
        if said != str(count):
            raise Unreadable(f"its {form.trailer} line says {said} rows and {count} are there")
        return count
    raise Unreadable(
        f"its last line {form.trailer} is missing: it is cut off or still being written"
    )


def _check_encoding(file: IO[bytes], form: Format) -> None:
    wanted = _canonical(form.encoding)
    file.seek(0)
    start = file.read(3)
    found = next((name for bom, name in BOMS.items() if start.startswith(bom)), None)
    if found is None and wanted not in ("utf-8", "utf-16") and _is_utf8(file):
        found = "utf-8"
    if found and found != wanted:
        raise Unreadable(f"it is {found}, not {form.encoding}; set encoding, or export it anew")
    decoder = codecs.getincrementaldecoder(form.encoding)()
    tail = ""
    for place, chunk in _chunks(file):
        try:
            text = tail + decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"byte {place + error.start} is not {form.encoding}; set encoding"
            ) from None
        bad = MOJIBAKE.search(text) if form.mojibake else None
        if bad:
            around = text[max(0, bad.start() - 12) : bad.end() + 12].strip()
            raise Unreadable(
                f"its letters are broken ({around!r}); it was written or is read with the wrong "
                "encoding. Set encoding, or export it anew"
            )
        tail = text[-2:]


def _is_utf8(file: IO[bytes]) -> bool:
    """Text with letters beyond ASCII that is valid UTF-8 is UTF-8, whatever it is called."""
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    try:
        for _, chunk in _chunks(file):
            plain = plain and chunk.isascii()
            decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        return False
    return not plain


def _chunks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Place and bytes; an empty one ends them."""
    file.seek(0)
    read: Callable[[int], bytes] = file.read
    place = 0
    while chunk := read(CHUNK):
        yield place, chunk
        place += len(chunk)
    yield place, b""


def _canonical(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    return {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(name, name)
