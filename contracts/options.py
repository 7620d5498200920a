"""logicalTypeOptions as SQL predicates over one typed value; NULL where the value is NULL."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.cells import text
from contracts.model import Column
from contracts.places import ContractError
from contracts.supported import INTEGER_FORMATS, STRING_FORMATS, bound

SIGNS = {
    "minimum": ">=",
    "maximum": "<=",
    "exclusiveMinimum": ">",
    "exclusiveMaximum": "<",
    "minLength": ">=",
    "maxLength": "<=",
    "minItems": ">=",
    "maxItems": "<=",
    "minProperties": ">=",
    "maxProperties": "<=",
}


def predicates(column: Column, name: str) -> Iterator[tuple[str, str]]:
    """Option and predicate. `name`: SQL that gives the value. What only says how a value is
    read (formats of moments, zones) was kept while it was typed."""
    for option, value in column.options.items():
        if option in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            yield option, f"{name} {SIGNS[option]} {literal(column, value)}"
        elif option in SIGNS:
            yield option, f"{_size(column, name)} {SIGNS[option]} {int(value)}"
        elif option == "pattern":
            yield option, f"regexp_matches({name}, {text(value)})"
        elif option == "multipleOf":
            yield option, f"{name} % {literal(column, value)} = 0"
        elif option == "required":
            names = ", ".join(text(key) for key in value)
            yield option, f"list_has_all({_keys(column, name)}, [{names}])"
        elif option == "uniqueItems" and value:
            yield option, _distinct(column, name)
        elif option == "format" and column.logical == "string":
            yield option, f"regexp_matches({name}, {text(STRING_FORMATS[value])})"
        elif option == "format" and column.logical == "integer":
            lowest, highest = INTEGER_FORMATS[value]
            yield option, f"{name} between {lowest} and {highest}"


def literal(column: Column, value: Any) -> str:
    """SQL of a value as the column's type has it. Raises ContractError where it has none such."""
    if column.logical == "string":
        if isinstance(value, bool):
            raise ContractError(f"{column.where}: write yes, no, on and off in quotes.")
        return text(str(value))
    if column.logical == "boolean" and isinstance(value, bool):
        return str(value).lower()
    try:
        # A quoted number is exact where YAML would make a float of it.
        number = isinstance(value, str) and column.logical in ("number", "integer")
        made = format(Decimal(value), "f") if number else bound(column.logical, value)
    except (ValueError, InvalidOperation):
        raise ContractError(
            f"{column.where}: {value!r} is no {column.logical}; write one."
        ) from None
    return f"{text(made)}::{column.type}" if column.logical in MOMENTS else made


MOMENTS = ("date", "timestamp", "time")


def _size(column: Column, name: str) -> str:
    if column.logical == "object":
        return f"len({_keys(column, name)})"
    is_json = column.logical == "array" and column.type.upper() == "JSON"
    return f"json_array_length({name}::JSON)" if is_json else f"len({name})"


def _keys(column: Column, name: str) -> str:
    if column.type.upper().startswith("MAP"):
        return f"map_keys({name})"
    return f"json_keys({name}::JSON)"


def _distinct(column: Column, name: str) -> str:
    if column.type.upper() == "JSON":
        listed = f"json_extract({name}::JSON, '$[*]')"
        return f"len(list_distinct({listed})) = len({listed})"
    # Not counted by list_distinct: missing elements, of which one alone is still distinct.
    missing = f"len(list_filter({name}, lambda v: v is null))"
    return f"len(list_distinct({name})) + {missing} = len({name}) and {missing} <= 1"
