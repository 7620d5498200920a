"""Formats of the files that outlive a version: each document says its own, as a number.

Older documents are read through steps, each from one format to the next, and stay as they are on
disk. What a version does not know it refuses. The kinds are below; a new format is a step more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


class FormatError(RuntimeError):
    """A file is of a format that this version does not read; says what to do."""


@dataclass(frozen=True)
class Kind:
    """`steps`: from that format to the next; the oldest readable one has the first."""

    name: str
    format: int
    steps: Mapping[int, Callable[[Document], Document]]

    def read(self, document: Document, where: object) -> Document:
        """In the present format. One that says none is of format 0."""
        found = document.get("format", 0)
        if found == self.format:
            return document
        if found not in self.steps:
            newer = isinstance(found, int) and found > self.format
            oldest = min(self.steps, default=self.format)
            raise FormatError(
                f"{where}: this {self.name} has format {found!r}; this version of Köprü reads "
                f"{oldest} to {self.format}. Nothing was changed. "
                + (
                    "A newer version wrote it: install that version, or a newer one."
                    if newer
                    else "Read it with the version of Köprü that wrote it, or restore the file."
                )
            )
        for number in range(found, self.format):
            document = {**self.steps[number](document), "format": number + 1}
        return document


def _not_compacted(manifest: Document) -> Document:
    return {**manifest, "compacted": None}


def _without_replays(verdict: Document) -> Document:
    """The first verdicts knew neither replays nor when they were found."""
    return {"revision": 0, "checked_at": None, "docs": None, **verdict}


MANIFEST = Kind("manifest", 2, {1: _not_compacted})
VERDICT = Kind("verdict", 1, {0: _without_replays})
LINE = Kind("line of the journal", 1, {})
