"""What a source needs to know of its contract: which tables, where their columns are, and how
their cells are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Column(Protocol):
    @property
    def path(self) -> str: ...

    @property
    def items(self) -> Sequence[Column]: ...

    @property
    def logical(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Any]: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...


class ContractTable(Protocol):
    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def key(self) -> Sequence[str]: ...

    @property
    def volatile(self) -> Sequence[str]: ...


class Contract(Protocol):
    @property
    def tables(self) -> Mapping[str, ContractTable]: ...
