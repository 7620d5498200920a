"""One cell's text, and the SQL that casts it: NULL where it is not exactly what was promised."""

from __future__ import annotations

import re

from contracts.model import Column
from contracts.supported import ZONES, strptime

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
# Up to 15 digits are told apart by a double, which the exact value is compared with.
WITH_EXPONENT = r"^[+-]?\d{1,8}(\.\d{0,7})?[eE][+-]?\d{1,2}$"
DATED = r"^\d{4}-\d"
FOUR_DIGITS = r"\d{4}"
OFFSET = r"(:\d\d(\.\d+)?) ?(Z|[+-]\d\d(:?\d\d)?)$"
FIRST, LAST = "0001-01-01", "9999-12-31 23:59:59.999999"  # what others can read, too


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """An SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def clean(column: Column, found: list[str]) -> str:
    """The text of one cell; empty is absent, and absent is the contract's default."""
    whole = f"coalesce({', '.join(found)})"
    # trim looks at every character. Where all are ASCII, the two ends tell as much.
    spaced = f"{whole} like ' %' or {whole} like '% ' or strlen({whole}) > length({whole})"
    cell = f"nullif(case when {spaced} then trim({whole}) else {whole} end, '')"
    if column.logical in ("array", "object"):
        # There is nothing to trim, and trim looks at every character of a long list.
        cell = f"case when {whole}[1] in ('[', '{{') then {whole} else {cell} end"
    default = column.settings.get("default")
    return cell if default is None else f"coalesce({cell}, {text(_written(default))})"


def typed_cell(column: Column, cell: str) -> str:
    """SQL expression of the column's type; NULL where the cell cannot be read as it."""
    if column.settings.get("decimalComma") and column.logical in ("number", "integer"):
        plain = f"replace(replace({cell}, '.', ''), ',', '.')"
        if column.logical == "number" and _is_decimal(column.type):
            exact = _decimal_comma(rf"\d{{0,{scale(column.type)}}}0*")
            return f"case when {_matches(cell, exact)} then try_cast({plain} as {column.type}) end"
        cell = f"case when {_matches(cell, _decimal_comma())} then {plain} end"
    cast = CASTS.get(column.logical, _plain)
    return cast(column, cell)


def _decimal_comma(decimals: str = r"\d*") -> str:
    # A lone dot before three digits groups thousands; before any others it is a mistake.
    return rf"^[+-]?(\d{{1,3}}(\.\d{{3}})+|\d+)(,{decimals})?$"


def _is_decimal(kind: str) -> bool:
    return kind.upper().startswith(("DECIMAL", "NUMERIC"))


def _matches(cell: str, pattern: str) -> str:
    return f"regexp_matches({cell}, {text(pattern)})"


def _plain(column: Column, cell: str) -> str:
    return cell if column.type == "VARCHAR" else f"try_cast({cell} as {column.type})"


def _integer(column: Column, cell: str) -> str:
    # A cast of '12.7' would round; whole numbers written as 12.0 or 12.000 are still whole.
    whole = f"regexp_extract({cell}, '^([+-]?\\d+)(\\.0*)?$', 1)"
    return f"try_cast(nullif({whole}, '') as {column.type})"


def _number(column: Column, cell: str) -> str:
    kind = column.type.upper()
    value = f"try_cast({cell} as {column.type})"
    if kind in ("DOUBLE", "FLOAT", "REAL"):
        return f"case when {_matches(cell, NUMBER)} and isfinite({value}) then {value} end"
    if not _is_decimal(kind):
        return _integer(column, cell)
    # try_cast rounds in silence; money with more decimals than promised must be seen.
    plain = rf"^[+-]?\d*(\.\d{{0,{scale(kind)}}}0*)?$"
    double = f"try_cast({cell} as DOUBLE)"
    exact = f"{_matches(cell, WITH_EXPONENT)} and {value}::DOUBLE = {double}"
    return f"case when {_matches(cell, plain)} or ({exact}) then {value} end"


def scale(kind: str) -> int:
    """Decimals an SQL type keeps; DECIMAL alone is DECIMAL(18,3) in DuckDB."""
    if not _is_decimal(kind):
        return 0
    found = re.search(r"\(\s*\d+\s*(?:,\s*(\d+)\s*)?\)", kind)
    return int(found.group(1) or 0) if found else 3


def _boolean(column: Column, cell: str) -> str:
    true, false = column.settings.get("trueValues"), column.settings.get("falseValues")
    if not true and not false:
        return f"try_cast({cell} as BOOLEAN)"
    branches = [
        f"when {cell} in ({', '.join(text(_written(value)) for value in values)}) then {result}"
        for values, result in ((true, "true"), (false, "false"))
        if values
    ]
    return f"case {' '.join(branches)} end"


def _written(value: object) -> str:
    """A contract's value as JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _date(column: Column, cell: str) -> str:
    pattern = column.options.get("format")
    if pattern:
        day = f"try_cast({_parsed(str(pattern), cell)} as DATE)"
    else:
        day = f"case when {_matches(cell, DATED)} then try_cast({cell} as DATE) end"
    return _within(day, "DATE")


def _timestamp(column: Column, cell: str) -> str:
    """UTC. A `timezone` setting says the cell is local time there, whatever it claims."""
    pattern, zone = column.options.get("format"), column.settings.get("timezone")
    zone = zone or column.options.get("defaultTimezone")
    dated = f"case when {_matches(cell, DATED)} then {cell} end"
    if pattern == "epoch":
        whole = f"try_cast(nullif(regexp_extract({cell}, '^-?\\d+$'), '') as BIGINT)"
        return _within(f"make_timestamp({whole} * 1000000)", "TIMESTAMP")
    if not pattern and column.options.keys() & ZONES:
        return _within(_zoned(column, dated), "TIMESTAMP")
    if not pattern and not zone:
        return _within(_utc(f"try_cast({dated} as TIMESTAMPTZ)"), "TIMESTAMP")
    if pattern and "XXX" in str(pattern):
        return _within(_utc(_parsed(str(pattern), cell)), "TIMESTAMP")
    if pattern:
        local = f"try_cast({_parsed(str(pattern), cell)} as TIMESTAMP)"
    else:
        local = f"try_cast(regexp_replace({dated}, {text(OFFSET)}, '\\1') as TIMESTAMP)"
    moment = _utc(f"({local} at time zone {text(str(zone or 'UTC'))})")
    return _within(moment, "TIMESTAMP")


def _utc(moment: str) -> str:
    """Of a TIMESTAMPTZ; `at time zone 'UTC'` says the same and asks a calendar for it."""
    return f"make_timestamp(epoch_us({moment}))"


def _zoned(column: Column, dated: str) -> str:
    """As `timezone` promises: every moment has a zone, none has one, or both are fine."""
    shown, zone = column.options.get("timezone"), column.options.get("defaultTimezone", "UTC")
    with_zone = _utc(f"try_cast({dated} as TIMESTAMPTZ)")
    there = _matches(dated, OFFSET)
    local = _utc(f"(try_cast({dated} as TIMESTAMP) at time zone {text(zone)})")
    branches = f"when {there} then {with_zone} " if shown is not False else ""
    branches += f"when not {there} then {local} " if not shown else ""
    return f"case {branches}end"


def _time(column: Column, cell: str) -> str:
    pattern = column.options.get("format")
    read = f"try_strptime({cell}, {text(strptime(str(pattern)))})" if pattern else cell
    return f"try_cast({read} as {column.type})"


def _parsed(pattern: str, cell: str) -> str:
    # %Y takes 26 for the year 26: who promises four digits must show them.
    shown = f"case when {_matches(cell, FOUR_DIGITS)} then {cell} end"
    return f"try_strptime({shown if 'yyyy' in pattern else cell}, {text(strptime(pattern))})"


def _within(moment: str, kind: str) -> str:
    """NULL for moments that cannot be computed, and for those only DuckDB knows (infinity)."""
    limits = f"{kind} {text(FIRST)} and {kind} {text(LAST)}"
    return f"case when try({moment}) between {limits} then try({moment}) end"


def _list(column: Column, cell: str) -> str:
    return f"case when try_cast({cell} as JSON[]) is not null then {cell}::JSON end"


CASTS = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "array": _list,
}
