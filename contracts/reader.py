"""Reads ODCS 3.1 contracts into plain values.

Light on purpose (YAML only): DAG files read contracts while they are parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from systems import System

HERE = Path(__file__).parent
BAD_ROW_SHARE = 0.05
LOGICAL_TYPES = frozenset(
    {"string", "integer", "number", "boolean", "date", "timestamp", "object", "array"}
)
DEFAULT_SQL = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DECIMAL(18,2)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "object": "JSON",
}
GENERIC_KINDS = frozenset({"soap", "files"})


class ContractError(ValueError):
    """A contract cannot be used; the message names file, table, property and what is valid."""


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


@dataclass(frozen=True)
class Table:
    """One table promised. `bad_share`: above this share of bad rows a load is refused."""

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    quality: tuple[Mapping[str, Any], ...] = ()

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


def load(path: Path) -> Contract:
    """Raises ContractError with the place and the remedy when the file cannot be used."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(sorted(p.name for p in HERE.glob("*.odcs.yaml")))
        raise ContractError(f"{path} does not exist. Contracts shipped here: {known}.") from None
    return _read(path, text)


@cache
def _read(path: Path, text: bytes) -> Contract:
    """By content: many systems share a contract, and a changed file is read anew."""
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - the C twin of SafeLoader
    except yaml.YAMLError as error:
        raise ContractError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict) or not str(document.get("apiVersion", "")).startswith("v3."):
        raise ContractError(f"{path}: expected an ODCS document with apiVersion v3.1.0.")
    tables = [_table(path, entry) for entry in document.get("schema") or []]
    return Contract(
        id=str(document.get("id", path.stem)),
        version=str(document.get("version", "")),
        path=path,
        digest=hashlib.sha256(text).hexdigest()[:16],
        tables={table.name: table for table in tables},
    )


def contract_of(system: System) -> Contract:
    """A system's own contract file where it names one, else its kind's.

    A bare name such as "dolibarr" is looked for among the shipped ones.
    """
    name = system.contract or system.kind
    shipped = HERE / f"{name}.odcs.yaml"
    return load(shipped if shipped.exists() or "/" not in str(name) else Path(name))


def _table(path: Path, entry: Mapping[str, Any]) -> Table:
    name = str(entry.get("name", ""))
    where = f"{path}, table {name}"
    columns = tuple(_column(where, item) for item in entry.get("properties") or [])
    table = Table(
        name=name,
        columns=columns,
        description=str(entry.get("description", "")),
        settings=_settings(entry),
        quality=tuple(entry.get("quality") or ()),
    )
    if not table.key_columns:
        raise ContractError(f"{where}: no property has primaryKey: true; every table needs a key.")
    return table


def _column(where: str, entry: Mapping[str, Any]) -> Column:
    name = str(entry.get("name", ""))
    logical = str(entry.get("logicalType", "string"))
    if logical not in LOGICAL_TYPES:
        valid = ", ".join(sorted(LOGICAL_TYPES))
        raise ContractError(f"{where}, property {name}: logicalType {logical!r}; valid: {valid}.")
    items = tuple(_column(where, item) for item in _item_properties(entry))
    return Column(
        name=name,
        path=str(entry.get("physicalName") or name),
        logical=logical,
        type=str(entry.get("physicalType") or _sql_type(logical, items)),
        description=str(entry.get("description", "")),
        required=bool(entry.get("required", False)),
        unique=bool(entry.get("unique", False)),
        key_position=int(entry.get("primaryKeyPosition", 1)) if entry.get("primaryKey") else None,
        personal=entry.get("classification") == "personal",
        options=entry.get("logicalTypeOptions") or {},
        settings=_settings(entry),
        quality=tuple(entry.get("quality") or ()),
        items=items,
    )


def _item_properties(entry: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (entry.get("items") or {}).get("properties") or ()


def _sql_type(logical: str, items: tuple[Column, ...]) -> str:
    if logical != "array":
        return DEFAULT_SQL[logical]
    if not items:
        return "JSON"
    inside = ", ".join(f'"{item.name}" {item.type}' for item in items)
    return f"STRUCT({inside})[]"


def _settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties") or ()}
