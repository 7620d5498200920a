"""Contracts: what cannot be used is refused with file, table, property and what is valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import ContractError, load
from contracts.reader import GENERIC_KINDS, HERE
from contracts.rules import load_rules, row_rules, warehouse_rules
from contracts.typed import typed_query
from systems import System
from warehouse.outgoing import OUTGOING
from warehouse.tables import KINDS, OWN, hold_mapping

SHIPPED = sorted(HERE.glob("*.odcs.yaml"))
TEXT = """
apiVersion: v3.1.0
kind: DataContract
id: made_up
schema:
  - name: patrons
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
      - PROPERTY
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "made_up.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: v, logicalType: money}", "logicalType 'money'; valid: array, boolean, date"),
        ("{name: v, logicalTypeOptions: {minimum: 1}}", "minimum is not supported for string"),
        ("{name: v, logicalTypeOptions: {format: email}}", "format is not supported for string"),
        ("{name: v, logicalType: number, logicalTypeOptions: {multipleOf: 2}}", "multipleOf"),
        ("{name: v, logicalType: date, logicalTypeOptions: {format: dd.MMM.yyyy}}", "'MMM' is not"),
        ("{name: v, logicalType: timestamp, logicalTypeOptions: {format: hh:mm a}}", "'hh' is not"),
        ("{name: v, customProperties: [{property: timezone, value: Europe/Ankara}]}", "'Europe/An"),
        ("{name: v, customProperties: [{value: 1}]}", "needs property and value"),
        ("{name: v, customProperties: {property: a}}", "customProperties must be a list"),
        ("{name: v, physicalName: No}", "physicalName is False; write it in quotes"),
        ("{name: V}\n      - {name: v}", "V, v stands there more than once"),
    ],
)
def test_a_property_that_cannot_be_used_is_named(tmp_path: Path, entry: str, words: str) -> None:
    path = written(tmp_path, TEXT.replace("PROPERTY", entry))
    with pytest.raises(ContractError) as caught:
        load(path)
    assert words in str(caught.value)
    assert f"{path}, table patrons" in str(caught.value)
    if "stands there" not in words:
        assert "property v" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not valid YAML"),
        ("[]", "expected an ODCS document with apiVersion"),
        ("apiVersion: v2.0", "expected an ODCS document with apiVersion"),
        (TEXT.replace("- PROPERTY", "- text"), "properties must be a list of entries"),
        (TEXT.replace("- PROPERTY", "- {logicalType: string}"), "a property has no name"),
        (TEXT.replace("- PROPERTY", "- {name: yes}"), "not text: True"),
        (
            TEXT.replace("primaryKey: true", "required: true").replace("- PROPERTY", ""),
            "every table",
        ),
        (
            "apiVersion: v3.1.0\nschema: [{name: a, properties: [{name: b, primaryKey: true}]}]"
            * 1,
            "",
        ),
        ("apiVersion: v3.1.0\nschema: {a: 1}", "schema must be a list"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    if not words:
        assert list(load(path).tables) == ["a"]
        return
    with pytest.raises(ContractError) as caught:
        load(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"does not exist.*woocommerce\.odcs\.yaml"):
        load(tmp_path / "nope.odcs.yaml")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: v, quality: [{metric: nullValues, mustBe: 0}]}", "Supported on a property"),
        ("{name: v, quality: [{metric: invalidValues, mustBe: 0}]}", "Supported on a property"),
        (
            "{name: v, quality: [{metric: invalidValues, mustBe: 0, "
            "arguments: {validValues: [TR, NO]}}]}",
            "in quotes",
        ),
        ("{name: v, logicalType: integer, logicalTypeOptions: {minimum: yes}}", "not a number"),
        (
            "{name: v, logicalType: array, items: {properties: "
            "[{name: w, logicalTypeOptions: {maxLength: 1}}]}}",
            "not supported inside an array",
        ),
    ],
)
def test_a_rule_nobody_can_keep_is_named(tmp_path: Path, entry: str, words: str) -> None:
    table = load(written(tmp_path, TEXT.replace("PROPERTY", entry))).tables["patrons"]
    with pytest.raises(ContractError) as caught:
        row_rules(table)
    assert words in str(caught.value)
    assert "made_up.odcs.yaml, table patrons, property v" in str(caught.value)


@pytest.mark.parametrize(
    "entry", ["{metric: duplicateValues, mustBe: 0}", "{metric: rowCount}", "{type: sql, query: x}"]
)
def test_a_table_rule_nobody_can_keep_is_named(tmp_path: Path, entry: str) -> None:
    text = TEXT.replace("- PROPERTY", "") + f"    quality: [{entry}]\n"
    table = load(written(tmp_path, text)).tables["patrons"]
    with pytest.raises(ContractError, match="table patrons.*Supported on a table"):
        load_rules(table)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name.partition(".")[0])
def test_shipped_contracts_say_only_what_is_kept(path: Path) -> None:
    for table in load(path).tables.values():
        assert row_rules(table)
        load_rules(table)
        warehouse_rules(table)
        assert typed_query(table, "landed")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name.partition(".")[0])
def test_shipped_contracts_of_generic_kinds_fit_the_vocabulary(path: Path) -> None:
    if path.name.partition(".")[0] in (*KINDS, *OUTGOING, *OWN):
        return
    for kind in GENERIC_KINDS:
        hold_mapping(System("any", kind), load(path))
