"""A contract as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from contracts.places import Place

BAD_ROW_SHARE = 0.05


@dataclass(frozen=True)
class Column:
    """One property. `path`: where the value is in the landed document; dots walk in."""

    name: str
    path: str
    logical: str
    type: str
    description: str = ""
    required: bool = False
    unique: bool = False
    key_position: int | None = None
    personal: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    quality: tuple[Mapping[str, Any], ...] = ()
    items: tuple[Column, ...] = ()
    where: Place = Place()

    @property
    def about_people(self) -> bool:
        """Whether it, or anything in its elements, is personal."""
        return self.personal or any(item.about_people for item in self.items)

    @property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """Where its path may lead: to a name with dots in it, or down by its parts."""
        walk = tuple(self.path.split("."))
        return (walk,) if len(walk) == 1 else ((self.path,), walk)


@dataclass(frozen=True)
class Relationship:
    """`columns` of the table hold values that `to_columns` of `to_table` have, pair by pair."""

    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    where: Place = Place()


@dataclass(frozen=True)
class Freshness:
    """The newest value of `column` is at most `seconds` old."""

    column: str
    seconds: int
    where: Place = Place()


@dataclass(frozen=True)
class Table:
    """One table promised. `bad_share`: above this share of bad rows a load is refused."""

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    quality: tuple[Mapping[str, Any], ...] = ()
    relationships: tuple[Relationship, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    where: Place = Place()

    @property
    def key_columns(self) -> list[Column]:
        return sorted(
            (column for column in self.columns if column.key_position is not None),
            key=lambda column: column.key_position or 0,
        )

    @property
    def key(self) -> list[str]:
        """Paths of the primary key in the landed document."""
        return [column.path for column in self.key_columns]

    @cached_property
    def fields(self) -> frozenset[str]:
        """Top fields of the landed document that its columns are read from."""
        return frozenset(column.path.split(".")[0] for column in self.columns)

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Names of columns whose cells may hold a personal value: theirs, or one around or
        inside it."""
        people = [s for column in self.columns if column.about_people for s in column.spellings]
        return frozenset(
            column.name
            for column in self.columns
            for mine in column.spellings
            if any(mine[: len(s)] == s or s[: len(mine)] == mine for s in people)
        )

    @property
    def bad_share(self) -> float:
        return float(self.settings.get("badRowShare", BAD_ROW_SHARE))

    @property
    def volatile(self) -> tuple[str, ...]:
        """Paths left out of a row's hash: they change without the row changing."""
        return tuple(self.settings.get("volatilePaths", ()))


@dataclass(frozen=True)
class Contract:
    id: str
    version: str
    path: Path
    digest: str
    tables: Mapping[str, Table]
