"""A SOAP list in pages: by offset, by page number, by bookmark, or all in one answer.

`paging` of a table: `by` offset, page or bookmark, `size`, `start` (of the first page; default
0 for offsets, 1 for pages). A bookmark is at the path `row` of the last row, or at the path
`answer` of the answer. `claimed`: path of the number of rows of the whole list in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from clients import Implausible
from clients.soap import Listing, Soap
from clients.soap.arguments import filled
from clients.soap.envelope import walk
from sources import Row, Window
from sources.soap.digests import digest
from sources.soap.moments import Moments

AGAIN = 2  # times a list that moved while it was read is begun anew
Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Piece:
    """Rows; how many the list says it has so far; where the next piece begins (None: the end)."""

    rows: list[Row]
    claimed: int | None = None
    position: Any = None


class Moved(Exception):
    """The list is not where it was: rows came or went while it was read."""


class Pages:
    """One table's list, in pieces of at most `size` rows, whatever its pages hold. `pieces` can
    begin anywhere an earlier piece said."""

    def __init__(
        self,
        client: Soap,
        name: str,
        spec: Spec,
        key: Callable[[Row], str],
        moments: Moments,
        size: int,
    ) -> None:
        self.client, self.name, self.spec, self.key, self.size = client, name, spec, key, size
        self.moments = moments
        self.paging: Spec = spec.get("paging", {})

    def pieces(self, window: Window) -> Iterator[Piece]:
        at = window.position
        for attempt in range(AGAIN + 1):
            try:
                yield from self._walk(at, window)
                return
            except Moved as moved:
                if attempt == AGAIN:
                    cause = (
                        f"{self.name} changes its order while it is read, or its operation "
                        f"does not heed the offset: {moved}"
                    )
                    raise Implausible(self.client.name, cause) from None
                at = None

    def rows(self, window: Window) -> Iterator[Row]:
        for piece in self.pieces(window):
            yield from piece.rows

    def _walk(self, at: Any, window: Window) -> Iterator[Piece]:
        at = at or self._start()
        while True:
            page = _Page(self, at)
            asked = {**page.asked(), **self.moments.asked(window.since)}
            arguments = filled(self.spec.get("arguments", {}), asked)
            operation, wsdl = self.spec["operation"], self.spec.get("wsdl")
            listing = self.client.rows(operation, arguments, self.spec["rows"], wsdl)
            held: list[Row] = []
            for rows in batched(page.checked(listing), self.size):
                if held:  # of one answer: it cannot be resumed inside
                    yield Piece(held, page.claimed(listing))
                held = rows
            following = page.following(listing) if self.paging else None
            yield Piece(held, page.claimed(listing), following)
            if following is None:
                return
            at = following

    def _start(self) -> dict[str, Any]:
        usual = {"page": 1}.get(self.paging.get("by", ""), 0)
        number = self.paging.get("start", usual)
        return {"number": number, "bookmark": None, "last": None, "digest": "", "claimed": 0}


class _Page:
    """One page of a list, while it is read."""

    def __init__(self, pages: Pages, at: Mapping[str, Any]) -> None:
        self.pages, self.at, self.by = pages, at, pages.paging.get("by")
        self.seen, self.last, self.digest = 0, "", ""
        self.last_row: Row = {}
        # An offset begins at the last row already seen: so a list that moves is noticed.
        self.overlap = 1 if self.by == "offset" and at["last"] else 0

    def asked(self) -> dict[str, str | None]:
        number = str(self.at["number"])
        return {
            "offset": number,
            "page": number,
            "bookmark": self.at["bookmark"],
            "size": str(self.pages.paging.get("size", "")),
        }

    def checked(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.seen += 1
            self.last, self.last_row = self.pages.key(row), row
            self.digest = digest([self.digest, row])
            if self.seen <= self.overlap:
                if self.last != self.at["last"]:
                    raise Moved(f"{self.at['last']} is no longer where it was")
                continue
            yield row
        if self.seen < self.overlap:
            raise Moved(f"{self.at['last']} is no longer there")

    def claimed(self, listing: Listing) -> int | None:
        """Of the whole list where the answer says so; else what its pages say, added up."""
        if "claimed" in self.pages.spec:
            text = str(walk(listing.parts, self.pages.spec["claimed"]) or "")
            return int(text) if text.isdigit() else None
        if listing.claimed is None or self.at["claimed"] is None:
            return None
        return int(self.at["claimed"] + listing.claimed - self.overlap)

    def following(self, listing: Listing) -> dict[str, Any] | None:
        """Where the next page begins; None after the last one, which is known by being empty."""
        if self.seen <= self.overlap:
            return None
        if self.digest == self.at["digest"]:
            size = self.pages.paging.get("size")
            if self.by == "page" and size and self.seen < int(size):
                return None  # beyond the end some servers give the last page again
            raise Implausible(
                self.pages.client.name,
                f"{self.pages.spec['operation']} gives the same rows whatever {self.by} it is "
                "asked for",
                "Compare the paging arguments in the settings with the system's documentation.",
            )
        bookmark = self._bookmark(listing) if self.by == "bookmark" else None
        if self.by == "bookmark" and not bookmark:
            return None
        step = {"offset": self.seen - 1, "page": 1}.get(self.by or "", 0)
        return {
            "number": self.at["number"] + step,
            "bookmark": bookmark,
            "last": self.last,
            "digest": self.digest,
            "claimed": None if listing.claimed is None else self.claimed(listing),
        }

    def _bookmark(self, listing: Listing) -> str | None:
        paging = self.pages.paging
        if "row" in paging:
            return walk(self.last_row, paging["row"]) or None
        return walk(listing.parts, paging["answer"]) or None


def batched(items: Any, size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
