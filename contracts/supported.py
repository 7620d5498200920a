"""What a property may say beyond its type. Anything else is refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

RANGE = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
OPTIONS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"pattern", "minLength", "maxLength"}),
    "integer": RANGE,
    "number": RANGE,
    "boolean": frozenset(),
    "date": RANGE | {"format"},
    "timestamp": RANGE | {"format"},
    "time": frozenset(),
    "object": frozenset(),
    "array": frozenset(),
}
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


class ContractError(ValueError):
    """A contract cannot be used; the message names file, table, property and what is valid."""


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


def check(where: str, logical: str, entry: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raises ContractError when a property says something that nobody here would look at."""
    if logical not in OPTIONS:
        raise ContractError(
            f"{where}: logicalType {logical!r}; valid: {', '.join(sorted(OPTIONS))}."
        )
    options = entry.get("logicalTypeOptions") or {}
    unknown = sorted(options.keys() - OPTIONS[logical])
    if unknown:
        raise ContractError(
            f"{where}: logicalTypeOptions {', '.join(unknown)} is not supported for {logical}; "
            f"valid: {', '.join(sorted(OPTIONS[logical])) or 'none'}."
        )
    if options.get("format") not in (None, "epoch"):
        try:
            strptime(str(options["format"]))
        except ContractError as error:
            raise ContractError(f"{where}: {error}") from None
    if "HUGEINT" in str(entry.get("physicalType", "")).upper():
        raise ContractError(f"{where}: parquet files cannot hold a HUGEINT; write DECIMAL(38,0).")
    _check_zone(where, settings.get("timezone"))


def _check_zone(where: str, zone: object) -> None:
    try:
        if zone is not None:
            ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise ContractError(
            f"{where}: timezone {zone!r} is not known; valid are names such as Europe/Istanbul."
        ) from None
