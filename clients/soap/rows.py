"""The rows of a SOAP answer one at a time, memory flat however long the answer is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from clients.soap.envelope import (
    SAFE,
    NotSoap,
    Short,
    answer_of,
    checked,
    children,
    decode,
    fault_of,
    name_of,
    size_of,
    split,
    unsized,
)


class Rows:
    """The rows at `path` (see `envelope.split`); the stream must seek.

    Once iterated, `claimed` is the number the list itself states (None: it states none), `found`
    whether the answer has the place at all, and `parts` all of the answer but the rows. Parts
    that come before the rows are there before the first row is.
    """

    def __init__(self, stream: IO[bytes], path: str) -> None:
        self.stream, self.path = stream, path
        self.container, self.own = split(path)
        self.claimed: int | None = None
        self.found = False
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
        if self.claimed is not None and seen > self.claimed:
            raise Short(f"{self.path} says {self.claimed} items and holds {seen}")

    def _first(self) -> str | None:
        """The tag of the first row, None without one; reads no further than there."""
        stack: list[str] = []  # Envelope, Body, the answer, its part ...
        context = etree.iterparse(self.stream, events=("start", "end"), **SAFE)
        for event, element in context:
            if not isinstance(element.tag, str):
                continue
            if event == "end":
                if stack[1:] == ["Body", "Fault"]:
                    raise fault_of(element)
                if len(stack) == 4 and stack[3:] != self.container[:1]:
                    self.parts[stack[3]] = decode(element)
                stack.pop()
                continue
            stack.append(name_of(element))
            if len(stack) == 1:
                checked(element)
            if len(stack) > 3 and stack[3:-1] == self.container and self.own in (None, stack[-1]):
                return str(element.tag)
            if len(stack) > 2 and stack[3:] == self.container:
                self.found, self.claimed = True, size_of(element)
        answer = answer_of(context.root)
        self.parts = {name_of(part): _lenient(part) for part in children(answer)}
        return None

    def _items(self, tag: str) -> Iterator[Any]:
        """Told the tag, lxml stops at rows only: five times as fast as at every element."""
        context = etree.iterparse(self.stream, events=("end",), tag=tag, **SAFE)
        self.claimed, self.found = None, True
        lists: list[etree._Element] = []
        last = None
        for _, element in context:
            parent = element.getparent()
            if not lists or parent is not lists[-1]:
                if not self._holds(parent):
                    continue
                lists.append(parent)
                size = size_of(parent)
                self.claimed = self.claimed if size is None else (self.claimed or 0) + size
            yield decode(element)
            element.clear()
            if last is not None:
                last.getparent().remove(last)
            last = element
        if last is not None:
            last.getparent().remove(last)
        self._rest(context.root, lists, tag)

    def _holds(self, parent: etree._Element) -> bool:
        above = [name_of(element) for element in parent.iterancestors()][::-1]
        return len(above) >= 2 and [*above, name_of(parent)][3:] == self.container

    def _rest(self, root: etree._Element, lists: list[etree._Element], tag: str) -> None:
        """What is left without the rows; only named rows (`[]`) may have others beside them."""
        for held in lists:
            unsized(held)
            for left in children(held) if self.own is None else ():
                of = tag.rpartition("}")[2]
                raise NotSoap(f"a list in which {name_of(left)} stands among {of}")
        self.parts = {name_of(part): decode(part) for part in children(answer_of(root))}


def _lenient(part: etree._Element) -> Any:
    """A list that holds nothing may say that it should: its claim was taken already."""
    try:
        return decode(part)
    except Short:
        return []
