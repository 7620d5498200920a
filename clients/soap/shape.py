"""What a WSDL says an answer looks like: the fields of a row and their types, by path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clients.soap.envelope import split
from clients.soap.request import elements
from clients.soap.wsdl import Operation

TEXT = "_value_1"  # zeep's name for the text of an element that has attributes too
DEEPEST = 6  # some types contain themselves


def fields(operation: Operation, path: str) -> dict[str, str] | None:
    """Path -> XSD type of the rows at `path`; None where the answer has no such place.

    Empty where the WSDL leaves open what is there (any, an XML document).
    """
    container, own = split(path)
    element = getattr(operation.known.output, "body", None)
    for name in [*container, *([own] if own else [])]:
        if not members(element):
            return {}
        element = dict(members(element)).get(name)
        if element is None:
            return None
    if own is None:
        rows = members(element)
        if len(rows) != 1:
            return {}
        element = rows[0][1]
    return dict(_walk(element, "", DEEPEST))


def row_fields(operation: Operation, path: str) -> dict[str, str] | None:
    """The same of the one record at a path."""
    container, _, last = path.rpartition(".")
    return fields(operation, f"{container}.{last}[]" if container else f"{last}[]")


def answers(operation: Operation) -> list[str]:
    """Names of the answer's parts."""
    return [name for name, _ in members(getattr(operation.known.output, "body", None))]


def members(element: Any) -> list[tuple[str, Any]]:
    """Named elements inside; the items of a section-5 array are `item`."""
    array = getattr(getattr(element, "type", None), "_array_type", None)
    if array is not None and array.array_type is not None:
        return [("item", _Item(array.array_type))]
    named = [(e.name, e) for _, e in elements(element) if getattr(e, "name", None)]
    return [] if [name for name, _ in named] == [TEXT] else named


def repeats(element: Any) -> bool:
    most = getattr(element, "max_occurs", 1)
    return most == "unbounded" or (isinstance(most, int) and most > 1)


class _Item:
    """An array's item, which has a type and no name of its own."""

    max_occurs = "unbounded"

    def __init__(self, kind: Any) -> None:
        self.type, self.name = kind, "item"


def _walk(element: Any, path: str, left: int) -> Iterator[tuple[str, str]]:
    for name, attribute in getattr(element.type, "attributes", None) or []:
        if not name.startswith("_attr") and not _is_array(element):
            holder = f"{path}.@" if path and members(element) else f"{path}@"
            yield f"{holder}{name}", kind_of(attribute)
    inside = members(element)
    if not inside or not left:
        if path:
            yield path, kind_of(element)
        return
    for name, member in inside:
        here = f"{path}.{name}" if path else name
        here = f"{here}[]" if repeats(member) else here
        if members(member):
            yield here, "object"
        yield from _walk(member, here, left - 1)


def _is_array(element: Any) -> bool:
    return getattr(element.type, "_array_type", None) is not None


def kind_of(element: Any) -> str:
    kind = element.type
    inner = dict(elements(element)).get(TEXT)
    if inner is not None:
        return kind_of(inner)
    return str(getattr(kind, "name", None) or type(kind).__name__)
