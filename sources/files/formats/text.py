"""Bytes of unknown encoding to UTF-8 that is proven: never letters that nobody wrote.

Turkish exports are cp1254 or UTF-8 and rarely say which; read with the wrong one they give
`Ý Þ ð ý þ` or `Ã§ ÄŸ` and no error. cp1254 holds all of iso-8859-9, and what distinguishes it
from cp1252 are six letters: it is believed where the letters beyond ASCII are Turkish ones.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO

from sources.files.formats.shared import Unreadable

CHUNK = 1 << 20
TURKISH = "çÇğĞıİöÖşŞüÜâÂîÎûÛ"
SIGNS = "€£§©®°´·«»–—‘’“”…•™½¼×\xa0"
WESTERN = "äÄßéÉèÈàÀñÑ"  # together with ç ö ü â î û, the same in all of the west's encodings
SIX = "ğĞıİşŞ"  # where cp1254 and cp1252 differ
ENOUGH = 0.8  # of the letters beyond ASCII
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ASCII = bytes(range(128))
# cp1254's İ Ş ğ ı ş read as latin-1, and UTF-8 read as a single-byte encoding.
TWICE = {
    letter.encode("utf-8").decode(wrong, errors="ignore")
    for letter in TURKISH
    for wrong in ("cp1254", "cp1252", "latin-1")
}
MOJIBAKE = re.compile("|".join(["[ÝÞðýþ�]", *(re.escape(two) for two in TWICE if len(two) > 1)]))
SUSPECT = "ÝÞðýþ�" + "".join({two[0] for two in TWICE if len(two) > 1})
C1 = re.compile("[\x80-\x9f]")


def as_utf8(file: IO[bytes], encoding: str | None, mojibake: bool = True) -> IO[bytes]:
    """A temporary file of the same text in UTF-8, without a byte order mark."""
    said = known(encoding) if encoding else None
    found = said or detected(file)
    if said:
        _hold(file, said)
    decoder = codecs.getincrementaldecoder(found)()
    made = TemporaryFile()  # noqa: SIM115 - the caller reads and closes it
    tail = ""
    try:
        for place, chunk in _chunks(file):
            try:
                text = decoder.decode(chunk, final=not chunk)
                made.write(text.encode("utf-8"))
            except UnicodeDecodeError as error:
                raise Unreadable(
                    f"byte {place + error.start} is not {found}; set encoding"
                ) from None
            except UnicodeEncodeError:
                raise Unreadable(f"it is no text in {found}; set encoding") from None
            _look(tail + text, found, mojibake)
            tail = (tail + text)[-2:]
    except BaseException:  # whatever stopped it, nobody else will close the file
        made.close()
        raise
    made.seek(0)
    return made


def known(encoding: str) -> str:
    """A codec's name; a byte order mark is taken off where there is one."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise Unreadable(f"encoding {encoding!r} is not known; cp1254 and utf-8 are") from None
    return "utf-8-sig" if name == "utf-8" else name


def detected(file: IO[bytes]) -> str:
    """The encoding, where only one can be meant; raises Unreadable otherwise."""
    file.seek(0)
    start = file.read(4096)
    marked = _marked(start) or _unmarked_utf16(start)
    if marked:
        return marked
    if _is_utf8(file):
        return "utf-8"
    high: Counter[int] = Counter()
    for _, chunk in _chunks(file):
        high.update(chunk.translate(None, ASCII))
    possible = {name: _letters(high, name) for name in ("cp1254", "cp857")}
    believed = [name for name, letters in possible.items() if letters is not None]
    if len(believed) == 1 and possible[believed[0]]:
        return believed[0]
    shown = bytes(byte for byte, _ in high.most_common(8))
    raise Unreadable(
        f"its encoding cannot be told: it is not UTF-8, and {shown.hex(' ')} are its most frequent "
        f"bytes beyond ASCII, as cp1254 {shown.decode('cp1254', 'replace')!r}. Set encoding to "
        "what the program writes (cp1254, cp1252, iso-8859-9, cp857 ...)"
    )


def _letters(high: Counter[int], name: str) -> bool | None:
    """Whether these bytes can be text of this encoding that a Turkish company writes: None for
    no; False where there are signs more than letters, which prove nothing."""
    turkish = western = other = signs = six = 0
    for byte, times in high.items():
        letter = bytes([byte]).decode(name, errors="replace")
        if letter in TURKISH:
            turkish += times
            six += times * (letter in SIX)
        elif letter in WESTERN:
            western += times
        elif unicodedata.category(letter).startswith("L"):
            other += times
        elif letter in SIGNS:
            signs += times
        else:
            return None
    letters = turkish + western + other
    if name == "cp1254" and not six:
        turkish += western
    return letters > signs if turkish >= ENOUGH * letters else None


def _hold(file: IO[bytes], said: str) -> None:
    """Raises Unreadable where the file shows that it is in another encoding than was said."""
    file.seek(0)
    found = _marked(file.read(4096))
    wide = said.startswith(("utf-16", "utf-32"))
    if found is None and not wide and said != "utf-8-sig" and _is_utf8(file, beyond_ascii=True):
        found = "utf-8"
    if found and _family(found) != _family(said):
        raise Unreadable(f"it is {_family(found)}, not {said}; set encoding, or export it anew")


def _family(encoding: str) -> str:
    return re.sub("-(sig|le|be)$", "", encoding)


def _marked(start: bytes) -> str | None:
    return next((name for bom, name in BOMS.items() if start.startswith(bom)), None)


def _unmarked_utf16(start: bytes) -> str | None:
    """Text has a zero in every other byte, nearly."""
    half = len(start) // 2
    for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
        if half and zeros.count(0) > half * 0.7:
            return name
    return None


def _is_utf8(file: IO[bytes], *, beyond_ascii: bool = False) -> bool:
    """`beyond_ascii`: and there is a letter that shows it; valid UTF-8 is UTF-8, whatever it is
    called."""
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    try:
        for _, chunk in _chunks(file):
            plain = plain and chunk.isascii()
            decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        return False
    return not (beyond_ascii and plain)


def _look(text: str, encoding: str, mojibake: bool) -> None:
    """Raises Unreadable for letters that only a wrong encoding leaves."""
    bad = None
    if encoding.startswith(("iso8859", "latin")):
        bad = C1.search(text)
    if mojibake and not bad and any(letter in text for letter in SUSPECT):
        bad = MOJIBAKE.search(text)
    if bad:
        around = " ".join(text[max(0, bad.start() - 12) : bad.end() + 12].split())
        raise Unreadable(
            f"its letters are broken ({around!r}); it was written or is read with the wrong "
            "encoding. Set encoding, or export it anew"
        )


def _chunks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Place and bytes; an empty one ends them."""
    file.seek(0)
    read: Callable[[int], bytes] = file.read
    place = 0
    while chunk := read(CHUNK):
        yield place, chunk
        place += len(chunk)
    yield place, b""
