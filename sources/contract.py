"""What a source needs to know of its contract: which tables, and where their columns are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Column(Protocol):
    @property
    def path(self) -> str: ...

    @property
    def items(self) -> Sequence[Column]: ...


class ContractTable(Protocol):
    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def key(self) -> Sequence[str]: ...


class Contract(Protocol):
    @property
    def tables(self) -> Mapping[str, ContractTable]: ...
