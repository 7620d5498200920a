"""What a property may say beyond its type. Anything else is refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.places import ContractError, Place

RANGE = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
ZONES = frozenset({"timezone", "defaultTimezone"})
OPTIONS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"pattern", "minLength", "maxLength", "format"}),
    "integer": RANGE | {"multipleOf", "format"},
    "number": RANGE | {"multipleOf", "format"},
    "boolean": frozenset(),
    "date": RANGE | {"format"},
    "timestamp": RANGE | ZONES | {"format"},
    "time": RANGE | {"format"},
    "object": frozenset({"required", "minProperties", "maxProperties"}),
    "array": frozenset({"minItems", "maxItems", "uniqueItems"}),
}
COUNTS = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
)
HEX = "[0-9a-fA-F]"
OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DAY, CLOCK = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
# Regular expressions for RE2, which has no look-ahead. Passwords and binaries have no form.
STRING_FORMATS = {
    "byte": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    "date": f"^{DAY}$",
    "date-time": rf"^{DAY}T{CLOCK}(\.\d+)?(Z|[+-]\d\d:\d\d)$",
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "hostname": rf"^{LABEL}(\.{LABEL})*$",
    "ipv4": rf"^({OCTET}\.){{3}}{OCTET}$",
    "ipv6": (
        f"^(({HEX}{{1,4}}:){{7}}{HEX}{{1,4}}|(({HEX}{{1,4}}:){{0,6}}{HEX}{{1,4}})?::"
        f"(({HEX}{{1,4}}:){{0,6}}{HEX}{{1,4}})?)$"
    ),
    "time": rf"^{CLOCK}(\.\d+)?(Z|[+-]\d\d:\d\d)?$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$",
    "uuid": f"^{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}$",
}
INTEGER_FORMATS = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
# A format says how a number is stored, so it must say what the physicalType says.
NUMBER_FORMATS = {"f32": ("FLOAT", "REAL"), "f64": ("DOUBLE",)}
FORMAT_LETTERS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%g",
    "XXX": "%z",
}
TOKEN = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+")


def strptime(pattern: str) -> str:
    """ODCS formats are Java's (dd.MM.yyyy HH:mm:ss); DuckDB wants strptime's."""
    made = []
    for token in TOKEN.finditer(pattern):
        written = token.group()
        if token.group(2) and written not in FORMAT_LETTERS:
            valid = ", ".join(FORMAT_LETTERS)
            raise ContractError(
                f"format {pattern!r}: {written!r} is not supported; valid: {valid}."
            )
        literal = token.group(1) if token.group(1) is not None else written
        made.append(FORMAT_LETTERS.get(written) or literal.replace("%", "%%"))
    return "".join(made)


def check(
    place: Place, logical: str, entry: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """Raises ContractError when a property says something that nobody here would look at."""
    if logical not in OPTIONS:
        raise ContractError(
            f"{place.at('logicalType')}: logicalType {logical!r}; "
            f"valid: {', '.join(sorted(OPTIONS))}."
        )
    options = entry.get("logicalTypeOptions") or {}
    for option, value in options.items():
        where = place.at("logicalTypeOptions", option)
        if option not in OPTIONS[logical]:
            raise ContractError(
                f"{where}: logicalTypeOptions {option} is not supported for {logical}; "
                f"valid: {', '.join(sorted(OPTIONS[logical])) or 'none'}."
            )
        _check_option(where, logical, option, value, str(entry.get("physicalType") or ""))
    if "HUGEINT" in str(entry.get("physicalType", "")).upper():
        raise ContractError(
            f"{place.at('physicalType')}: parquet files cannot hold a HUGEINT; write DECIMAL(38,0)."
        )
    _check_zone(place, settings.get("timezone"))
    if ZONES & options.keys():
        _check_zones(place.at("logicalTypeOptions"), options, settings)


def _check_option(place: Place, logical: str, option: str, value: Any, physical: str) -> None:
    wrong = ""
    if option in COUNTS and not (_whole(value) and value >= 0):
        wrong = "a whole number from 0"
    elif option in RANGE:
        wrong = _wrong_bound(logical, value)
    elif option == "multipleOf" and not (_numeric(value) and value > 0):
        wrong = "a number above 0"
    elif option in ("timezone", "uniqueItems") and not isinstance(value, bool):
        wrong = "true or false"
    elif option in ("pattern", "defaultTimezone") and not isinstance(value, str):
        wrong = "text; write it in quotes"
    elif option == "required" and not (
        isinstance(value, list) and value and all(isinstance(name, str) for name in value)
    ):
        wrong = "a list of names"
    elif option == "format":
        wrong = _wrong_format(place, logical, value, physical)
    if wrong:
        raise ContractError(f"{place}: {option} is {value!r}; valid: {wrong}.")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _numeric(value: Any) -> bool:
    return _whole(value) or (isinstance(value, float) and Decimal(value).is_finite())


def _wrong_bound(logical: str, value: Any) -> str:
    try:
        bound(logical, value)
    except (ValueError, InvalidOperation):
        shapes = {"date": "2026-12-31", "timestamp": "2026-12-31T23:59:59Z", "time": "23:59:59"}
        return f"text such as '{shapes[logical]}'" if logical in shapes else "a number"
    return ""


def bound(logical: str, value: Any) -> str:
    """A limit as SQL writes it: plain digits, or an ISO moment in UTC. Raises ValueError."""
    if logical == "date":
        return date.fromisoformat(str(value)).isoformat()
    if logical == "time":
        return time.fromisoformat(str(value)).isoformat()
    if logical == "timestamp":
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat(" ")
    if not _numeric(value):
        raise ValueError(value)
    # 1e-05 would be a double in SQL, and compare a decimal inexactly.
    return format(Decimal(repr(value)), "f")


def _wrong_format(place: Place, logical: str, value: Any, physical: str) -> str:
    if logical == "string":
        return "" if value in STRING_FORMATS else ", ".join(STRING_FORMATS)
    if logical == "integer":
        return "" if value in INTEGER_FORMATS else ", ".join(INTEGER_FORMATS)
    if logical == "number":
        fits = physical.upper() in NUMBER_FORMATS.get(value, ())
        return "" if fits else "f32 with physicalType FLOAT, f64 with DOUBLE"
    if value != "epoch" or logical != "timestamp":
        try:
            strptime(str(value))
        except ContractError as error:
            raise ContractError(f"{place}: {error}") from None
    return ""


def _check_zone(place: Place, zone: object) -> None:
    try:
        if zone is not None:
            ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ContractError(
            f"{place}: timezone {zone!r} is not known; valid are names such as Europe/Istanbul."
        ) from None


def _check_zones(place: Place, options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    _check_zone(place.at("defaultTimezone"), options.get("defaultTimezone"))
    pattern, shown = str(options.get("format", "")), options.get("timezone")
    if "timezone" in settings:
        wrong = "the custom property timezone says it already"
    elif pattern == "epoch":
        wrong = "the format epoch is UTC"
    elif pattern and shown is not None and shown != ("XXX" in pattern):
        wrong = f"timezone: {str(shown).lower()} contradicts the format {pattern!r} (XXX is a zone)"
    elif "defaultTimezone" in options and (shown or "XXX" in pattern):
        wrong = "defaultTimezone is for values without a zone, and these have one"
    else:
        return
    raise ContractError(f"{place}: {wrong}. Leave one of them out.")
