"""What sources are made of: a table as data, the window of a read, pages, and how it ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from clients import ClientError, Implausible

Row = dict[str, Any]
READ, LISTED = "read", "listed"


class Doubtful(Implausible):
    """What was read may be true, but a person has to say so: a shrunken table, a new shape."""


class Held(Mapping[str, str | None], ABC):
    """What the landing holds of one table, and the keys this pull has met: on disk, not in memory.

    As a mapping: key -> cursor of the rows that are there. Keys are met as READ, with their row,
    or as LISTED, without.
    """

    id: str  # of this pull

    @abstractmethod
    def meet(self, keys: Iterable[str], how: str = READ) -> None: ...

    @abstractmethod
    def met(self, how: str = READ) -> int:
        """How many different keys."""

    @abstractmethod
    def missed(self, listed: Mapping[str, str | None]) -> list[str]:
        """Of the listed keys those neither read in this pull nor held with this cursor."""

    @abstractmethod
    def unmet(self, cursor: str | None = None) -> Iterator[list[str]]:
        """Keys that are held, where it is given with this cursor, and were not met, in batches."""


Memory = Callable[[str], Held]  # by the table's name


@dataclass(frozen=True)
class Window:
    """What one read asks for.

    `since`: UTC, ISO 8601 with Z, overlap already taken off; None reads everything.
    `position`: where a stopped read goes on, the source's own JSON value; None starts over.
    `full`: a person asked for everything again: trust no memory.
    """

    since: str | None = None
    position: Any = None
    full: bool = False


@dataclass(frozen=True)
class Page:
    """Rows as the system gave them, and what it said about them.

    `claimed`: how many rows the system says the whole window holds; the last one said counts.
    `position`: where the next page starts; None after the last one.
    `unchanged`: keys seen but not read again, because memory shows they did not change.
    `change`: what happened to all rows of this page (archived, trashed ...); None: they are.
    `gone`: key -> what happened to it (deleted, merged into 17 ...), where no row is left.
    `keys` and `cursors`, one per row, are filled in by `resource` where the source did not.
    """

    rows: Sequence[Row]
    claimed: int | None = None
    position: Any = None
    unchanged: list[str] = field(default_factory=list)
    change: str | None = None
    gone: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    cursors: list[str | None] = field(default_factory=list)


@dataclass(frozen=True)
class Listed:
    """Keys that a system lists, without their rows: the cheap proof of what is there.

    `cursors`: key -> when it last changed, in the form of `Table.cursor`; None: it does not say.
    `claimed`: how many keys the system says the whole list has.
    """

    cursors: Mapping[str, str | None]
    claimed: int | None = None


@dataclass(frozen=True)
class Table:
    """One table of a system.

    `key`: a row's identity as text. `cursor`: when it last changed, in a form that sorts as
    text. `changed_since`: the system can be asked for changes; otherwise every read is a full
    scan. `lists_all`: a full read shows every row there is, so a key that no longer appears is
    gone; false where old rows leave by themselves (last year's files). `overlap`: how far before
    the watermark a read starts again, because clocks and indexes lag.
    `listing`: the keys inside a window, archived and trashed ones left out. `fetch`: the rows of
    some keys; those no longer there are left out. With both, a short read is repaired key by
    key, and every `sweep_every` all keys are compared with the landing: what is gone becomes
    "deleted", what was missed is fetched.
    `shape`: what the system says its rows look like (path -> type), where it says so at all; a
    field that is gone or has another type than last time stops the table until a person
    confirms.
    """

    name: str
    key: Callable[[Row], str]
    read: Callable[[Window], Iterator[Page]]
    cursor: Callable[[Row], str | None] = lambda row: None
    changed_since: bool = False
    overlap: timedelta = timedelta(minutes=5)
    lists_all: bool = True
    listing: Callable[[Window], Iterator[Listed]] | None = None
    fetch: Callable[[Sequence[str]], Sequence[Row]] | None = None
    sweep_every: timedelta = timedelta(days=1)
    shape: Callable[[], Mapping[str, str]] | None = None


@dataclass(frozen=True)
class Reading:
    """What one load of a table read, yielded after its last page.

    `claimed`, `seen`: of the whole window so far, earlier loads of it included; seen are distinct
    keys. `finished`: the window ended here. `repaired`: rows fetched by key because the read was
    short or a sweep missed them. `listed`: keys of the sweep, when there was one.
    `error`: what stopped it; the pages before it still count, and the next run goes on there.
    """

    since: str | None
    claimed: int | None
    seen: int
    finished: bool
    repaired: int = 0
    listed: int | None = None
    error: ClientError | None = None

    @property
    def complete(self) -> bool:
        return self.error is None and (self.claimed is None or self.seen >= self.claimed)
