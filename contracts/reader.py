"""Reads ODCS 3.1 contracts into plain values.

Light on purpose (YAML only): DAG files read contracts while they are parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from contracts.supported import ContractError, check
from systems import System

HERE = Path(__file__).parent
BAD_ROW_SHARE = 0.05
DEFAULT_SQL = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DECIMAL(18,2)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "time": "TIME",
    "object": "JSON",
}
GENERIC_KINDS = frozenset({"soap", "files"})


@dataclass(frozen=True)
class Column:
    """One property. `path`: where the value is in the landed document; dots walk in.

    `where`: file, table and property, for messages.
    """

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
    where: str = ""


@dataclass(frozen=True)
class Table:
    """One table promised. `bad_share`: above this share of bad rows a load is refused."""

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    quality: tuple[Mapping[str, Any], ...] = ()
    where: str = ""

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
    tables = [_table(path, entry) for entry in _entries(str(path), document, "schema")]
    _no_twins(str(path), [table.name for table in tables])
    return Contract(
        id=str(document.get("id", path.stem)),
        version=str(document.get("version", "")),
        path=path,
        digest=hashlib.sha256(text).hexdigest()[:16],
        tables={table.name: table for table in tables},
    )


def contract_of(system: System) -> Contract:
    """A system's own contract file where it names one, else its kind's.

    A bare name such as "dolibarr" is looked for among the shipped ones. The setting `only`
    narrows it to some of its tables.
    """
    name = system.contract or system.kind
    shipped = HERE / f"{name}.odcs.yaml"
    contract = load(shipped if shipped.exists() or "/" not in str(name) else Path(name))
    only = system.settings.get("only", list(contract.tables))
    unknown = [each for each in only if each not in contract.tables]
    if not isinstance(only, list) or unknown or not only:
        raise ContractError(
            f"{system.name}: only = {only!r} in systems.toml; write a list of some of the tables "
            f"of {contract.path.name}: {', '.join(contract.tables)}."
        )
    return replace(contract, tables={each: contract.tables[each] for each in only})


def _table(path: Path, entry: Mapping[str, Any]) -> Table:
    name = _name(str(path), "table", entry)
    where = f"{path}, table {name}"
    columns = _columns(where, entry)
    table = Table(
        name=name,
        columns=columns,
        description=str(entry.get("description", "")),
        settings=_settings(where, entry),
        quality=tuple(entry.get("quality") or ()),
        where=where,
    )
    if not table.key_columns:
        raise ContractError(f"{where}: no property has primaryKey: true; every table needs a key.")
    return table


def _columns(where: str, entry: Mapping[str, Any]) -> tuple[Column, ...]:
    columns = tuple(_column(where, item) for item in _entries(where, entry, "properties"))
    _no_twins(where, [column.name for column in columns])
    return columns


def _column(table: str, entry: Mapping[str, Any]) -> Column:
    name = _name(table, "property", entry)
    where = f"{table}, property {name}"
    logical = str(entry.get("logicalType", "string"))
    settings = _settings(where, entry)
    check(where, logical, entry, settings)
    items = _columns(where, entry.get("items") or {})
    return Column(
        name=name,
        path=_path(where, entry) or name,
        logical=logical,
        type=str(entry.get("physicalType") or _sql_type(logical, items)),
        description=str(entry.get("description", "")),
        required=bool(entry.get("required", False)),
        unique=bool(entry.get("unique", False)),
        key_position=int(entry.get("primaryKeyPosition", 1)) if entry.get("primaryKey") else None,
        personal=entry.get("classification") == "personal",
        options=entry.get("logicalTypeOptions") or {},
        settings=settings,
        quality=tuple(entry.get("quality") or ()),
        items=items,
        where=where,
    )


def _sql_type(logical: str, items: tuple[Column, ...]) -> str:
    if logical != "array":
        return DEFAULT_SQL[logical]
    if not items:
        return "JSON"
    inside = ", ".join(f'"{item.name}" {item.type}' for item in items)
    return f"STRUCT({inside})[]"


def _settings(where: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    settings = {}
    for item in _entries(where, entry, "customProperties"):
        if "property" not in item or "value" not in item:
            raise ContractError(f"{where}: customProperties {item} needs property and value.")
        settings[str(item["property"])] = item["value"]
    return settings


def _entries(where: str, entry: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = entry.get(key) or []
    if not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
        raise ContractError(f"{where}: {key} must be a list of entries such as - name: id.")
    return entries


def _name(where: str, what: str, entry: Mapping[str, Any]) -> str:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ContractError(f"{where}: a {what} has no name, or one that is not text: {name!r}.")
    return name


def _path(where: str, entry: Mapping[str, Any]) -> str | None:
    path = entry.get("physicalName")
    if path is None or isinstance(path, str):
        return path
    # YAML reads No, On and 2024 as something else than text.
    raise ContractError(f"{where}: physicalName is {path!r}; write it in quotes.")


def _no_twins(where: str, names: list[str]) -> None:
    # Upper and lower case are one name in SQL.
    twins = sorted({n for n in names if [m.lower() for m in names].count(n.lower()) > 1})
    if twins:
        raise ContractError(f"{where}: {', '.join(twins)} stands there more than once.")
