"""Reads SOAP 1.1 and 1.2 answers as they are on the wire, not as the WSDL says they should be.

zeep decodes by the WSDL and loses what does not match it, without a word: items of a
SOAP-ENC:Array (Dolibarr answers `OK` and an empty list), dates sent as timestamps. So structs
become dicts, arrays lists, nil None, everything else text. An attribute becomes `@name` in its
struct, and `<price currency="TRY">1</price>` the two members `price` and `price@currency`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from lxml import etree

SOAP = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
TRUE = ("true", "1")
ARRAY_TYPE = "{http://schemas.xmlsoap.org/soap/encoding/}arrayType"
ARRAY_SIZE = "{http://www.w3.org/2003/05/soap-encoding}arraySize"
ARRAY = {ARRAY_TYPE, ARRAY_SIZE, "{http://www.w3.org/2003/05/soap-encoding}itemType"}
REF = "{http://www.w3.org/2003/05/soap-encoding}ref"
REFERENCES = (b'href="#', b':ref="#')
SIZE = re.compile(r"(?:\[|^)(\d+)\]?$")
SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
Targets = Mapping[str, etree._Element]
_Attribute = tuple[str, str]


class NotSoap(ValueError):
    """Not a SOAP envelope; the message says what is there instead."""


class Short(ValueError):
    """An array within a row holds another number of items than it says."""


class Fault(Exception):
    """`codes` without prefixes, the general one first: Server and Client are SOAP 1.1's words,
    Receiver and Sender those of 1.2, which has subcodes too."""

    def __init__(self, codes: Sequence[str], text: str) -> None:
        self.codes, self.text = codes, text
        super().__init__(f"{'/'.join(codes)}: {text}")


def whole(stream: IO[bytes]) -> dict[str, Any]:
    """The answer's parts by name, with references between elements followed."""
    body = _body(root_of(stream))
    answer = _answer(body)
    targets = _targets(body)
    return {name_of(part): decode(part, targets) for part in children(answer)}


def referred(stream: IO[bytes], path: str) -> tuple[list[Any], int | None, dict[str, Any]]:
    """Rows, what they claim to be, and all parts, of an answer whose elements refer to others."""
    body = _body(root_of(stream))
    targets = _targets(body)
    found = [_answer(body)]
    container, own = split(path)
    for name in container:
        found = [_followed(c, targets) for e in found for c in children(e) if name_of(c) == name]
    rows = [child for e in found for child in children(e) if own in (None, name_of(child))]
    sizes = [size for e in found if (size := size_of(e)) is not None]
    decoded = [decode(row, targets) for row in rows]
    for element in found:
        unsized(element)
        for row in rows:
            if row.getparent() is element:
                element.remove(row)
    parts = {name_of(part): decode(part, targets) for part in children(_answer(body))}
    return decoded, sum(sizes) if sizes else None, parts


def split(path: str) -> tuple[list[str], str | None]:
    """`a.b`: the children of b are the rows. `a.b[]`: the elements b of a are, and only they."""
    names = path.split(".") if path else []
    if path.endswith("[]"):
        return names[:-1], names[-1].removesuffix("[]")
    return names, None


def decode(element: etree._Element, targets: Targets | None = None) -> Any:
    """One value by SOAP section 5; a repeated member becomes a list."""
    return _decoded(element, targets)[0]


def _decoded(element: etree._Element, targets: Targets | None) -> tuple[Any, list[_Attribute]]:
    """The value, and the attributes that are data, if the value is a text."""
    if targets is not None and _reference(element):
        element = _followed(element, targets)
        rest = {name: e for name, e in targets.items() if name != element.get("id")}
        return _decoded(element, rest)
    data: list[_Attribute] = []
    for name, text in element.items():
        if name in ARRAY or (name == TYPE and text.endswith(":Array")):
            if element.get(NIL) not in TRUE:
                return _array(element, targets), []
        elif name == NIL and text in TRUE:
            return None, []
        elif _is_data(name, targets):
            data.append((name, text))
    said: str = element.text or ""
    if len(element) == 0 and (not data or said.strip()):
        return said, data
    return _struct(element, data, targets), []


def _array(element: etree._Element, targets: Targets | None) -> list[Any]:
    items = [decode(child, targets) for child in children(element)]
    claimed = size_of(element)
    if claimed not in (None, len(items)):
        raise Short(f"{name_of(element)} says {claimed} items and holds {len(items)}")
    return items


def _struct(element: etree._Element, marks: list[_Attribute], targets: Targets | None) -> Any:
    struct: dict[str, Any] = {f"@{name}": text for name, text in marks}
    repeated: set[str] = set()
    for child in children(element):
        name = name_of(child)
        value, beside = _decoded(child, targets)
        if name not in struct:
            struct[name] = value
        elif name in repeated:
            struct[name].append(value)
        else:
            struct[name] = [struct[name], value]
            repeated.add(name)
        if beside:
            struct |= {f"{name}@{key}": text for key, text in beside}
    return struct or element.text or ""


def walk(value: Any, path: str) -> Any:
    """What is at a dotted path of decoded parts; None where the path ends early."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def refers(stream: IO[bytes]) -> bool:
    """Whether the answer refers from element to element, so that it cannot be streamed."""
    tail, found = b"", False
    while not found and (chunk := stream.read(1 << 20)):
        found = any(mark in tail + chunk for mark in REFERENCES)
        tail = chunk[-8:]
    stream.seek(0)
    return found


def checked(root: etree._Element) -> None:
    """Raises NotSoap for what is no envelope, or brings a DTD, which SOAP forbids."""
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in SOAP:
        raise NotSoap(f"a <{name.localname}> document")
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotSoap("an envelope with a DTD, which SOAP forbids")


def fault_of(element: etree._Element) -> Fault:
    """SOAP 1.1 has faultcode and faultstring; 1.2 Code/Value, subcodes and Reason/Text."""
    found = [element.findtext("faultcode") or ""]
    found += [value.text or "" for value in element.iterfind("{*}Code//{*}Value")]
    codes = [code for text in found if (code := text.strip().rpartition(":")[2])]
    text = element.findtext("faultstring") or element.findtext("{*}Reason/{*}Text") or ""
    return Fault(codes or ["unknown"], " ".join(text.split()))


def answer_of(root: etree._Element) -> etree._Element:
    return _answer(_body(root))


def children(element: etree._Element) -> Iterator[etree._Element]:
    return (child for child in element if isinstance(child.tag, str))


def root_of(stream: IO[bytes]) -> etree._Element:
    try:
        root = etree.parse(stream, etree.XMLParser(**SAFE)).getroot()
    except etree.XMLSyntaxError as error:
        raise NotSoap(f"not well-formed XML ({error.msg})") from None
    checked(root)
    return root


def _body(root: etree._Element) -> etree._Element:
    body = root.find(f"{{{etree.QName(root).namespace}}}Body")
    if body is None:
        raise NotSoap("an envelope without a body")
    for child in children(body):
        if child.tag == body.tag.replace("}Body", "}Fault"):
            raise fault_of(child)
    return body


def _answer(body: etree._Element) -> etree._Element:
    answer = next(children(body), None)
    if answer is None:
        raise NotSoap("an envelope with an empty body")
    return answer


def _targets(body: etree._Element) -> Targets | None:
    """What may be referred to; None in an answer without references, where an id is data."""
    if not any(_reference(element) for element in body.iter(etree.Element)):
        return None
    return {element.get("id"): element for element in body.iter() if element.get("id")}


def _reference(element: etree._Element) -> str | None:
    reference: str | None = element.get("href") or element.get(REF)
    return reference if reference and reference.startswith("#") and len(element) == 0 else None


def _followed(element: etree._Element, targets: Targets | None) -> etree._Element:
    reference = _reference(element)
    if reference is None:
        return element
    if not targets or reference[1:] not in targets:
        raise NotSoap(f"a reference to {reference} that is not there")
    return targets[reference[1:]]


def _is_data(name: str, targets: Targets | None) -> bool:
    """What is of a namespace, and the ids that references point to, are not."""
    return name[0] != "{" and (targets is None or name not in ("id", "href"))


def size_of(element: etree._Element) -> int | None:
    found = SIZE.search(element.get(ARRAY_TYPE) or element.get(ARRAY_SIZE) or "")
    return int(found[1]) if found else None


def unsized(element: etree._Element) -> None:
    """So that an array whose rows were taken out is not found short."""
    for name in (ARRAY_TYPE, ARRAY_SIZE):
        element.attrib.pop(name, None)


def name_of(element: etree._Element) -> str:
    name: str = element.tag.rpartition("}")[2]
    return name
