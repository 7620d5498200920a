"""Are a SOAP table's settings what they can be? Said before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clients import Refused
from clients.soap.arguments import KNOWN, places

Spec = Mapping[str, Any]
MOMENTS = ("cursor", "cursor_format", "since_format", "timezone", "overlap", "first")
TABLE = {
    "": (
        *("operation", "arguments", "rows", "wsdl", "paging", "claimed", "detail"),
        *("each", "parent_key", "rows_leave", *MOMENTS),
    ),
    "paging": ("by", "size", "start", "row", "answer"),
    "detail": ("operation", "arguments", "row", "share", "workers", "wsdl"),
}
NEEDED = {"": ("operation", "rows"), "detail": ("operation", "arguments", "row"), "paging": ("by",)}
AUTHENTICATION = ("argument", "header", "members", "fixed", "basic", "username_token")
RESULT = ("code", "ok", "label", "error", "denied", "missing")
BY = ("offset", "page", "bookmark")


def mistake(system: str, table: str, settings: Spec) -> Refused | None:
    """The first one, of the system's settings or of the table's."""
    for cause, valid in (*_of_system(settings), *_of_table(table, settings)):
        return Refused(system, cause, f"Valid: {valid}. Correct it in systems.toml.")
    return None


def _of_system(settings: Spec) -> Iterator[tuple[str, str]]:
    if not settings.get("wsdl") and not all("wsdl" in t for t in settings["tables"].values()):
        yield "its settings name no wsdl", 'wsdl = ["/path/of/the/service?wsdl"]'
    if settings.get("soap", "1.1") not in ("1.1", "1.2"):
        yield f"soap is {settings['soap']!r}", '"1.1" or "1.2"'
    authentication, result = settings.get("authentication", {}), settings.get("result", {})
    yield from _names("authentication", authentication, AUTHENTICATION)
    yield from _names("result", result, RESULT)
    if authentication.get("username_token", "text") not in ("text", "digest"):
        way = authentication["username_token"]
        yield f"authentication.username_token is {way!r}", '"text" or "digest"'
    for field in _fields(authentication.get("members", {})):
        if field not in ("login", "password", "host") and not field.startswith("extra."):
            yield f"authentication.members names {field!r}", "login, password, extra.<name>"
    if result and "error" not in result and not {"code", "ok"} <= result.keys():
        yield "result has no rule", "code and ok, or error"


def _of_table(name: str, settings: Spec) -> Iterator[tuple[str, str]]:
    tables: Mapping[str, Spec] = settings["tables"]
    table, where = tables[name], f"tables.{name}"
    for part, names in TABLE.items():
        spec = table if not part else table.get(part)
        inside = f"{where}.{part}" if part else where
        if spec is None:
            continue
        if not isinstance(spec, Mapping):
            yield f"{inside} is {spec!r}", f"a table with {', '.join(names)}"
            return
        yield from _names(inside, spec, names)
        for needed in NEEDED[part]:
            if not spec.get(needed):
                yield f"{inside} has no {needed}", f"{', '.join(NEEDED[part])} are needed"
    yield from _numbers(where, table)
    given = _places(table)
    unknown = sorted(given - set(KNOWN))
    if unknown:
        yield f"{where} uses {{{unknown[0]}}}", ", ".join(f"{{{place}}}" for place in KNOWN)
    yield from _paging(where, table, given)
    yield from _moments(where, table, given)
    if "each" in table and table["each"] not in tables:
        yield f"{where}.each is {table['each']!r}", ", ".join(tables)
    if ("each" in table or "detail" in table) and "key" not in given:
        yield f"{where}: no argument is {{key}}", "the argument that takes a record's key"


def _numbers(where: str, table: Spec) -> Iterator[tuple[str, str]]:
    for part, name in (("paging", "size"), ("detail", "share"), ("detail", "workers")):
        number = table.get(part, {}).get(name, 2)
        if not isinstance(number, int) or number < 1:
            yield f"{where}.{part}.{name} is {number!r}", "a whole number from 1"


def _paging(where: str, table: Spec, given: set[str]) -> Iterator[tuple[str, str]]:
    paging = table.get("paging", {})
    by = paging.get("by")
    if not by:
        return
    if by not in BY:
        yield f"{where}.paging.by is {by!r}", ", ".join(BY)
    elif by not in given:
        yield f"{where} pages by {by}, and no argument is {{{by}}}", f'argument = "{{{by}}}"'
    if by == "bookmark" and len({"row", "answer"} & paging.keys()) != 1:
        yield f"{where}.paging does not say where the bookmark is", "row or answer, a path"
    if by == "offset" and paging.get("size", 2) < 2:
        yield f"{where}.paging.size is {paging['size']}", "2 and more"


def _moments(where: str, table: Spec, given: set[str]) -> Iterator[tuple[str, str]]:
    if "cursor" in table and "since" not in given:
        yield f"{where} has a cursor, and no argument is {{since}}", 'argument = "{since}"'
    if "since" in given and "cursor" not in table:
        yield f"{where} uses {{since}} and has no cursor", "cursor, the path of a row's last change"
    try:
        ZoneInfo(table.get("timezone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        yield f"{where}.timezone is {table['timezone']!r}", "a name such as Europe/Istanbul"
    try:
        timedelta(**table.get("overlap", {}))
    except TypeError:
        yield f"{where}.overlap is {table['overlap']!r}", "{ days = 1 }, { hours = 2 } ..."
    try:
        datetime.fromisoformat(table.get("first", "2020-01-01"))
    except (TypeError, ValueError):
        yield f"{where}.first is {table['first']!r}", 'a moment, "2020-01-01T00:00:00Z"'


def _names(where: str, spec: Spec, valid: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in spec:
        if name not in valid:
            yield f"{where} has {name}, which says nothing", ", ".join(valid)


def _places(table: Spec) -> set[str]:
    return places(table.get("arguments", {})) | places(table.get("detail", {}).get("arguments", {}))


def _fields(members: Spec) -> Iterator[str]:
    for field in members.values():
        if isinstance(field, Mapping):
            yield from _fields(field)
        else:
            yield str(field)
