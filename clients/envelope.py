"""Reads SOAP 1.1 answers as they are on the wire, not as the WSDL says they should be.

zeep decodes by the WSDL and loses what does not match it, without a word: items of a
SOAP-ENC:Array (Dolibarr answers `OK` and an empty list), dates sent as timestamps. So structs
become dicts, arrays lists, nil None, everything else text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from lxml import etree

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENCODING = "{http://schemas.xmlsoap.org/soap/encoding/}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
SIZE = re.compile(r"\[(\d+)\]$")
SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False}


class NotSoap(ValueError):
    """Not a SOAP envelope; the message says what is there instead."""


class Short(ValueError):
    """An array holds another number of items than it says."""


class Fault(Exception):
    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code}: {text}")


class Rows:
    """The items of the element at `path`, one at a time, memory flat; the stream must seek.

    Once iterated, `claimed` is the number the array itself states (None: it states none) and
    `parts` are the answer's other parts; those that come before the rows are there before the
    first row is.
    """

    def __init__(self, stream: IO[bytes], path: str) -> None:
        self.stream, self.path = stream, path.split(".")
        self.claimed: int | None = None
        self.parts: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Any]:
        seen = 0
        try:
            first = self._first()
            if first is not None:
                self.stream.seek(0)
                for row in self._items(first):
                    seen += 1
                    yield row
        except etree.XMLSyntaxError as error:
            raise NotSoap(f"not well-formed XML ({error.msg})") from None
        if self.claimed not in (None, seen):
            raise Short(f"{'.'.join(self.path)} says {self.claimed} items and holds {seen}")

    def _first(self) -> str | None:
        """The tag of the first row, None without one; reads no further than there."""
        stack: list[str] = []  # Envelope, Body, the answer, its part ...
        for event, element in etree.iterparse(self.stream, events=("start", "end"), **SAFE):
            if not isinstance(element.tag, str):
                continue
            if event == "start":
                stack.append(_name(element))
                if len(stack) == 1 and element.tag != f"{ENVELOPE}Envelope":
                    raise NotSoap(f"a <{stack[0]}> document")
                if stack[3:-1] == self.path:
                    return str(element.tag)
                if stack[3:] == self.path:
                    self.claimed = _size(element)
            else:
                if stack[1:] == ["Body", "Fault"]:
                    raise _fault(element)
                if len(stack) == 4 and stack[3] != self.path[0]:
                    self.parts[stack[3]] = decode(element)
                stack.pop()
        return None

    def _items(self, tag: str) -> Iterator[Any]:
        """Told the tag, lxml stops at rows only: five times as fast as at every element."""
        depth = 3 + len(self.path)
        context = etree.iterparse(self.stream, events=("end",), tag=tag, **SAFE)
        listed = None
        for _, element in context:
            if sum(1 for _ in element.iterancestors()) == depth:
                listed = element.getparent()
                yield decode(element)
                _forget(element)
        for left in _children(listed) if listed is not None else ():
            _same(left, tag)
        answer = next(_children(context.root.find(f"{ENVELOPE}Body")))
        for part in _children(answer):
            if _name(part) != self.path[0]:
                self.parts[_name(part)] = decode(part)


def whole(stream: IO[bytes]) -> dict[str, Any]:
    """The answer's parts by name, with references between elements followed."""
    try:
        root = etree.parse(stream, etree.XMLParser(**SAFE)).getroot()
    except etree.XMLSyntaxError as error:
        raise NotSoap(f"not well-formed XML ({error.msg})") from None
    body = root.find(f"{ENVELOPE}Body")
    if root.tag != f"{ENVELOPE}Envelope" or body is None:
        raise NotSoap(f"a <{etree.QName(root).localname}> document")
    fault = body.find(f"{ENVELOPE}Fault")
    if fault is not None:
        raise _fault(fault)
    answer = next(_children(body), None)
    if answer is None:
        raise NotSoap("an envelope with an empty body")
    targets = {element.get("id"): element for element in body if element.get("id")}
    return {_name(part): decode(part, targets) for part in _children(answer)}


def decode(element: etree._Element, targets: Mapping[str, etree._Element] | None = None) -> Any:
    """One value by SOAP section 5; a repeated member becomes a list."""
    reference = element.get("href")
    if reference and reference.startswith("#"):
        if not targets or reference[1:] not in targets:
            raise NotSoap(f"a reference to {reference} that is not there")
        rest = {name: target for name, target in targets.items() if name != reference[1:]}
        return decode(targets[reference[1:]], rest)
    if element.get(f"{XSI}nil") in ("true", "1"):
        return None
    if element.get(f"{ENCODING}arrayType") or element.get(f"{XSI}type", "").endswith(":Array"):
        items = [decode(child, targets) for child in _children(element)]
        claimed = _size(element)
        if claimed not in (None, len(items)):
            raise Short(f"{_name(element)} says {claimed} items and holds {len(items)}")
        return items
    return (_struct(element, targets) if len(element) else None) or element.text or ""


def _struct(element: etree._Element, targets: Mapping[str, etree._Element] | None) -> Any:
    struct: dict[str, Any] = {}
    repeated: set[str] = set()
    for child in _children(element):
        name, value = _name(child), decode(child, targets)
        if name not in struct:
            struct[name] = value
        elif name in repeated:
            struct[name].append(value)
        else:
            struct[name] = [struct[name], value]
            repeated.add(name)
    return struct


def walk(value: Any, path: str) -> Any:
    """What is at a dotted path of decoded parts; None where the path ends early."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _size(element: etree._Element) -> int | None:
    found = SIZE.search(element.get(f"{ENCODING}arrayType", ""))
    return int(found[1]) if found else None


def _fault(element: etree._Element) -> Fault:
    texts = {_name(child): (child.text or "").strip() for child in _children(element)}
    code = texts.get("faultcode", "").rpartition(":")[2]
    return Fault(code or "unknown", texts.get("faultstring", ""))


def _forget(element: etree._Element) -> None:
    element.clear()
    before = element.getprevious()
    while before is not None:
        if isinstance(before.tag, str):
            _same(before, element.tag)
        element.getparent().remove(before)
        before = element.getprevious()


def _same(element: etree._Element, tag: str) -> None:
    if element.tag != tag:
        raise NotSoap(f"a list in which {_name(element)} stands among {tag.rpartition('}')[2]}")


def _children(element: etree._Element) -> Iterator[etree._Element]:
    return (child for child in element if isinstance(child.tag, str))


def _name(element: etree._Element) -> str:
    return str(element.tag.rpartition("}")[2])


def refers(stream: IO[bytes]) -> bool:
    """Whether the answer refers from element to element, so that it cannot be streamed."""
    tail, found = b"", False
    while not found and (chunk := stream.read(1 << 20)):
        found = b'href="#' in tail + chunk
        tail = chunk[-8:]
    stream.seek(0)
    return found
