"""The shipped contracts are valid ODCS, and describe what the recorded store really holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from open_data_contract_standard.model import OpenDataContractStandard, SchemaProperty

from tests.clients import recorded

CONTRACTS = sorted((Path(__file__).parents[2] / "contracts").glob("*.odcs.yaml"))


@pytest.fixture(params=CONTRACTS, ids=lambda path: path.name.partition(".")[0])
def contract(request: pytest.FixtureRequest) -> OpenDataContractStandard:
    return OpenDataContractStandard.from_file(str(request.param))


def test_it_is_a_contract_of_this_standard(contract: OpenDataContractStandard) -> None:
    assert (contract.apiVersion, contract.kind) == ("v3.1.0", "DataContract")
    assert contract.description is not None
    assert contract.description.purpose
    assert contract.schema_


def test_every_table_has_a_key_and_every_column_is_explained(
    contract: OpenDataContractStandard,
) -> None:
    for table in contract.schema_ or []:
        columns = table.properties or []
        keys = [c for c in columns if c.primaryKey]
        assert keys, table.name
        assert all(c.required for c in keys)
        names = [c.name for c in columns]
        assert len(set(names)) == len(names)
        for column in columns:
            assert column.logicalType, column.name
            assert column.physicalType or column.items, column.name
            assert column.description, column.name
            pattern = (column.logicalTypeOptions or {}).get("pattern")
            if pattern:
                re.compile(pattern)


def at(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = row[part]
    return row


def allowed(column: SchemaProperty, value: Any) -> bool:
    options = column.logicalTypeOptions or {}
    if value in ("", None):
        return not column.required
    if "pattern" in options and not re.search(options["pattern"], value):
        return False
    if "minimum" in options and float(value) < options["minimum"]:
        return False
    valid = [v for q in column.quality or [] for v in (q.arguments or {}).get("validValues", [])]
    return not valid or value in valid


@recorded.needed
@pytest.mark.parametrize("name", ["customers", "orders"])
def test_the_recorded_store_keeps_its_contract(name: str) -> None:
    [path] = [p for p in CONTRACTS if p.name == "woocommerce.odcs.yaml"]
    tables = OpenDataContractStandard.from_file(str(path)).schema_ or []
    [table] = [t for t in tables if t.name == name]
    rows = recorded.rows(name)
    for column in table.properties or []:
        where = column.physicalName or column.name or ""
        wrong = [at(row, where) for row in rows if not allowed(column, at(row, where))]
        assert wrong == [], column.name
        lines = [line for row in rows for line in at(row, where)] if column.items else []
        for item in (column.items.properties or []) if column.items else []:
            assert all(at(line, item.physicalName or item.name or "") != "" for line in lines)
