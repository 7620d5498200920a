"""What is inside a zip or gz: its files, never larger than was agreed, never written by name."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from sources.files.formats import Spec, Unreadable

CHUNK = 1 << 20
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
MEMBERS = 10_000
BROKEN = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class Member(NamedTuple):
    """`name`: "" of a file that is not packed."""

    name: str
    file: IO[bytes]


@contextmanager
def unpacked(file: IO[bytes], spec: Spec) -> Iterator[list[Member]]:
    """The files in a file, in the order of their names; itself where it is not packed."""
    file.seek(0)
    start = file.read(4)
    with ExitStack() as opened:
        try:
            if start.startswith(GZIP):
                made = opened.enter_context(TemporaryFile())
                _copied(gzip.GzipFile(fileobj=_rewound(file)).read, made, 0, spec)
                members = [Member("", made)]
            elif start.startswith(ZIP) and not _is_workbook(file):
                members = _members(file, spec, opened)
            else:
                members = [Member("", _rewound(file))]
        except BROKEN as error:
            raise Unreadable(
                f"it cannot be unpacked ({error}): it may still be being written"
            ) from None
        yield members


def _members(file: IO[bytes], spec: Spec, opened: ExitStack) -> list[Member]:
    members, size = [], 0
    with zipfile.ZipFile(file) as archive:
        if len(archive.infolist()) > MEMBERS:
            raise Unreadable(f"it holds more than {MEMBERS:,} files")
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            base = info.filename.rpartition("/")[2]
            hidden = not base or base[0] == "." or info.filename.startswith("__MACOSX/")
            if hidden or not fnmatchcase(base, spec.member):
                continue
            if info.flag_bits & 1:
                raise Unreadable(f"{info.filename} in it is encrypted; send it without a password")
            made = opened.enter_context(TemporaryFile())  # noqa: SIM115 - entered right there
            with archive.open(info) as packed:
                size += _copied(packed.read, made, size, spec)
            members.append(Member(info.filename, made))
    if not members:
        raise Unreadable(f"no file in it is called {spec.member}; correct member in the settings")
    return members


def _copied(read: Callable[[int], bytes], made: IO[bytes], before: int, spec: Spec) -> int:
    """Bytes written; raises Unreadable before they are more than was agreed. What a packed file
    says of its own size is not asked: it may lie."""
    size = 0
    while chunk := read(CHUNK):
        size += len(chunk)
        if before + size > spec.unpacked:
            raise Unreadable(
                f"it unpacks to more than {spec.unpacked:,} bytes; if that is right, set unpacked "
                "to more"
            )
        made.write(chunk)
    made.seek(0)
    return size


def _is_workbook(file: IO[bytes]) -> bool:
    with zipfile.ZipFile(_rewound(file)) as archive:
        return "[Content_Types].xml" in archive.namelist()


def _rewound(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file
