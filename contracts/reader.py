"""Reads ODCS 3.1 contracts into plain values.

Light on purpose (YAML only): DAG files read contracts while they are parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts import grammar
from contracts.model import Column, Contract, Table
from contracts.places import ContractError, Loader, Place
from contracts.references import freshness, relationships
from contracts.supported import check
from systems import System

HERE = Path(__file__).parent
VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0")
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


class _NoTwins(Loader):  # type: ignore[misc, valid-type]  # the C loader where there is one
    """YAML lets the last of two same keys win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            twin = next(key for key, _ in node.value if keys.count(key.value) > 1)
            raise yaml.constructor.ConstructorError(
                None, None, f"{twin.value} stands there more than once", twin.start_mark
            )
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


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
        document = yaml.load(text, Loader=_NoTwins)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ContractError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict) or document.get("apiVersion") not in VERSIONS:
        raise ContractError(
            f"{path}: expected an ODCS document with apiVersion v3.1.0; "
            f"valid: {', '.join(VERSIONS)}."
        )
    root = Place(path)
    grammar.hold(root, document)
    tables = list(_tables(root, document))
    _no_twins(root.at("schema"), [table.name for table in tables])
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


def _tables(root: Place, document: Mapping[str, Any]) -> Iterator[Table]:
    entries = document.get("schema") or []
    tables = [_table(root.at("schema", n), entry) for n, entry in enumerate(entries)]
    promised = freshness(root, document, tables)
    for table, related in zip(tables, relationships(tables, entries), strict=True):
        yield replace(table, relationships=related, freshness=tuple(promised.get(table.name, ())))


def _table(place: Place, entry: Mapping[str, Any]) -> Table:
    if entry.get("logicalType", "object") != "object":
        raise ContractError(f"{place.at('logicalType')}: the logicalType of a table is object.")
    table = Table(
        name=_name(place, "table", entry),
        columns=_columns(place, entry),
        description=str(entry.get("description", "")),
        settings=_settings(entry),
        quality=tuple(entry.get("quality") or ()),
        where=place,
    )
    positions = [column.key_position for column in table.key_columns]
    if not positions:
        raise ContractError(f"{place}: no property has primaryKey: true; every table needs a key.")
    if len(set(positions)) < len(positions):
        raise ContractError(
            f"{place}: {', '.join(column.name for column in table.key_columns)} share a "
            "primaryKeyPosition; number them from 1, the key is written in that order."
        )
    return table


def _columns(place: Place, entry: Mapping[str, Any]) -> tuple[Column, ...]:
    entries = enumerate(entry.get("properties") or [])
    columns = tuple(_column(place.at("properties", number), item) for number, item in entries)
    _no_twins(place.at("properties"), [column.name for column in columns])
    return columns


def _column(place: Place, entry: Mapping[str, Any]) -> Column:
    name = _name(place, "property", entry)
    logical = str(entry.get("logicalType", "string"))
    settings = _settings(entry)
    check(place, logical, entry, settings)
    items = _items(place, logical, entry)
    return Column(
        name=name,
        path=_path(place, entry) or name,
        logical=logical,
        type=str(entry.get("physicalType") or _sql_type(logical, items)),
        description=str(entry.get("description", "")),
        required=bool(entry.get("required")),
        unique=bool(entry.get("unique")),
        key_position=_key_position(place, entry),
        personal=entry.get("classification") == "personal",
        options=entry.get("logicalTypeOptions") or {},
        settings=settings,
        quality=tuple(entry.get("quality") or ()),
        items=items,
        where=place,
    )


def _items(place: Place, logical: str, entry: Mapping[str, Any]) -> tuple[Column, ...]:
    items = entry.get("items")
    if "properties" in entry:
        raise ContractError(
            f"{place.at('properties')}: properties of an object are not read; give each its own "
            "property with the path as physicalName, such as billing.city."
        )
    if items is None:
        return ()
    stray = sorted(items.keys() - {"logicalType", "physicalType", "properties", "description"})
    if logical != "array" or items.get("logicalType", "object") != "object" or stray:
        raise ContractError(
            f"{place.at('items', *stray[:1])}: items belong to an array and have logicalType "
            "object and properties, nothing else; a list of plain values is written without items."
        )
    return _columns(place.at("items"), items)


def _key_position(place: Place, entry: Mapping[str, Any]) -> int | None:
    position = entry.get("primaryKeyPosition")
    if entry.get("primaryKey"):
        return 1 if position is None else int(position)
    if position not in (None, -1):  # -1 is the standard's word for none
        raise ContractError(
            f"{place.at('primaryKeyPosition')}: primaryKeyPosition without primaryKey: true; "
            "write both or none."
        )
    return None


def _sql_type(logical: str, items: tuple[Column, ...]) -> str:
    if logical != "array":
        return DEFAULT_SQL[logical]
    if not items:
        return "JSON"
    inside = ", ".join(f'"{item.name}" {item.type}' for item in items)
    return f"STRUCT({inside})[]"


def _settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties") or ()}


def _name(place: Place, what: str, entry: Mapping[str, Any]) -> str:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ContractError(f"{place}: a {what} has no name, or one that is not text: {name!r}.")
    return name


def _path(place: Place, entry: Mapping[str, Any]) -> str | None:
    path = entry.get("physicalName")
    if path is None or isinstance(path, str):
        return path
    # YAML reads No, On and 2024 as something else than text.
    raise ContractError(
        f"{place.at('physicalName')}: physicalName is {path!r}; write it in quotes."
    )


def _no_twins(place: Place, names: list[str]) -> None:
    # Upper and lower case are one name in SQL.
    twins = sorted({n for n in names if [m.lower() for m in names].count(n.lower()) > 1})
    if twins:
        raise ContractError(f"{place}: {', '.join(twins)} stands there more than once.")
