"""Against the standard itself: its JSON schema, as the installed package ships it, and the linter
that others hold contracts against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from datacontract.data_contract import DataContract
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from contracts.grammar import PARTS, SETTINGS
from contracts.reader import HERE
from contracts.supported import OPTIONS, STRING_FORMATS

SCHEMA = json.loads(OpenDataContractStandard.json_schema())
CONTRACTS = sorted(HERE.glob("*.odcs.yaml"))
DOCS = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
# Of ODCS 3.2, which the package knows, too.
LATER = {"context", "deprecated", "synonyms", "semanticType", "enum", "map", "vendor"}


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name.partition(".")[0])
def test_a_shipped_contract_passes_the_standards_schema(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = sorted(Draft201909Validator(SCHEMA).iter_errors(document), key=lambda e: list(e.path))
    assert [f"{list(error.path)}: {error.message}" for error in found] == []


def test_the_schema_says_no() -> None:
    document = yaml.safe_load(CONTRACTS[0].read_text(encoding="utf-8"))
    document["schema"][0]["properties"][0]["requird"] = True
    assert list(Draft201909Validator(SCHEMA).iter_errors(document))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name.partition(".")[0])
def test_a_shipped_contract_passes_datacontract_lint(path: Path) -> None:
    found = DataContract(data_contract_file=str(path)).lint()
    assert [one for one in found.checks if one.result != "passed"] == []
    assert found.checks


def test_datacontract_lint_says_no() -> None:
    broken = CONTRACTS[0].read_text(encoding="utf-8").replace("logicalType: ", "logicalTyp: ", 1)
    found = DataContract(data_contract_str=broken).lint()
    assert [one for one in found.checks if one.result != "passed"]


def keys(*names: str) -> set[str]:
    """Keys of definitions of the schema, with those they inherit or have in some case only."""
    found: set[str] = set()
    for name in names:
        definition: dict[str, Any] = SCHEMA["$defs"][name]
        found |= definition.get("properties", {}).keys()
        for part in definition.get("allOf", []):
            found |= part.get("then", {}).get("properties", {}).keys()
    return found


@pytest.mark.parametrize(
    ("part", "theirs"),
    [
        ("contract", set(SCHEMA["properties"])),
        ("description", set(SCHEMA["properties"]["description"]["properties"])),
        ("table", keys("SchemaElement", "SchemaObject")),
        ("property", keys("SchemaElement", "SchemaBaseProperty", "SchemaProperty") | {"items"}),
        ("relationship", keys("RelationshipBase")),
        (
            "quality",
            keys("DataQuality", "DataQualityLibrary", "DataQualitySql", "DataQualityCustom")
            | {c["required"][0] for c in SCHEMA["$defs"]["DataQualityOperators"]["oneOf"]},
        ),
        ("service level", keys("ServiceLevelAgreementProperty")),
        ("setting", keys("CustomProperty")),
    ],
)
def test_the_grammar_is_the_standards(part: str, theirs: set[str]) -> None:
    assert set(PARTS[part]) == theirs - LATER


def test_the_documentation_names_all_that_is_supported() -> None:
    promised = {option for options in OPTIONS.values() for option in options} | set(STRING_FORMATS)
    promised |= {name for names in SETTINGS.values() for name in names} | set(OPTIONS) - {"boolean"}
    assert [name for name in sorted(promised) if name not in DOCS] == []
