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
KEYED = TEXT.replace("      - PROPERTY\n", "")


def written(folder: Path, text: str) -> Path:
    path = folder / "made_up.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: v, logicalType: money}", "logicalType 'money'; valid: array, boolean, date"),
        ("{name: v, logicalTypeOptions: {minimum: 1}}", "minimum is not supported for string"),
        (
            "{name: v, logicalTypeOptions: {format: binary}}",
            "format is 'binary'; valid: byte, date",
        ),
        ("{name: v, logicalTypeOptions: {minLength: -1}}", "valid: a whole number from 0"),
        ("{name: v, logicalType: number, logicalTypeOptions: {multipleOf: 0}}", "a number above 0"),
        ("{name: v, logicalType: integer, logicalTypeOptions: {minimum: yes}}", "valid: a number"),
        ("{name: v, logicalType: integer, logicalTypeOptions: {format: i128}}", "valid: i8, i16"),
        ("{name: v, logicalType: number, logicalTypeOptions: {format: f64}}", "f64 with DOUBLE"),
        (
            "{name: v, logicalType: date, logicalTypeOptions: {minimum: soon}}",
            "such as '2026-12-31",
        ),
        ("{name: v, logicalType: time, logicalTypeOptions: {timezone: true}}", "is not supported"),
        (
            "{name: v, logicalType: timestamp, logicalTypeOptions: "
            "{timezone: true, defaultTimezone: UTC}}",
            "for values without a zone",
        ),
        (
            "{name: v, logicalType: timestamp, logicalTypeOptions: "
            "{timezone: true, format: dd.MM.yyyy}}",
            "contradicts the format",
        ),
        ("{name: v, logicalType: array, logicalTypeOptions: {uniqueItems: 1}}", "true or false"),
        ("{name: v, logicalType: object, logicalTypeOptions: {required: a}}", "a list of names"),
        ("{name: v, logicalType: object, properties: [{name: w}]}", "a path as physicalName"[2:]),
        ("{name: v, logicalType: array, items: {logicalType: string}}", "written without items"),
        ("{name: v, primaryKeyPosition: 2}", "without primaryKey: true"),
        ("{name: v, primaryKey: true}", "share a primaryKeyPosition"),
        ("{name: v, required: 'yes'}", "required is 'yes'; it must be true or false"),
        ("{name: v, enum: [{value: a}]}", "enum is not known in a property; valid: authorit"),
        ("{name: v, quality: [{metrik: nullValues}]}", "metrik is not known in a quality"),
        ("{name: v, customProperties: [{property: a, value: 1}]}", "nobody looks at the custom"),
        (
            "{name: v, customProperties: [{property: optionsSeverity, value: low}]}",
            "optionsSeverity is 'low'; it must be error or warning",
        ),
        ("{name: v, relationships: [{to: a.b, form: c}]}", "form is not known in a relationship"),
        ("{name: v, relationships: [{to: shelves.id}]}", "'shelves.id' is no property of a table"),
        ("{name: v, relationships: [{to: patrons.id}]}", "such values are never equal"),
        ("{name: v, relationships: [{from: a, to: patrons.id}]}", "leave from out"),
        ("{name: v, relationships: [{to: []}]}", "to is []; write table.property"),
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
    assert f"{path}:9, table patrons" in str(caught.value) or f"{path}:" in str(caught.value)
    if "stands there" not in words and "share" not in words:
        assert f"{path}:9, table patrons, property v" in str(caught.value)


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
        ("apiVersion: v3.2.0", "valid: v3.0.0, v3.0.1, v3.0.2, v3.1.0"),
        (KEYED + "owner: me\n", ":9: owner is not known in a contract; valid: apiVersion"),
        (TEXT.replace("name: patrons", "name: patrons\n    rows: 1"), ":7, table patrons: rows is"),
        (KEYED + "id: again\n", "id stands there more than once"),
        (KEYED + "customProperties: [{property: a, value: 1}]\n", "valid: none"),
        (KEYED + "slaProperties: [{property: latency, value: 1}]\n", ":9: element is ''; valid"),
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
        ("{name: v, quality: [{metric: rowCount, mustBe: 0}]}", "Supported on a property"),
        ("{name: v, quality: [{metric: invalidValues, mustBe: 0}]}", "needs arguments.validValues"),
        ("{name: v, quality: [{metric: nullValues}]}", "write exactly one of mustBe, mustNotBe"),
        ("{name: v, quality: [{metric: nullValues, mustBe: no}]}", "False, which is not a number"),
        ("{name: v, quality: [{metric: nullValues, mustBeBetween: [1]}]}", "[lowest, highest]"),
        ("{name: v, quality: [{metric: nullValues, mustBe: 0, unit: kg}]}", "valid: rows, percent"),
        (
            "{name: v, quality: [{metric: nullValues, mustBe: 0, severity: low}]}",
            "severities: crit",
        ),
        ("{name: v, quality: [{metric: nullValues, mustBe: 0, query: x}]}", "query is not supp"),
        ("{name: v, quality: [{rule: nullValues, mustBe: 0}]}", "now says metric for rule"),
        ("{name: v, quality: [{type: sql, query: 'select ${a}', mustBe: 0}]}", "Valid variables"),
        ("{name: v, quality: [{type: custom, engine: soda, implementation: x}]}", "not run"),
        (
            "{name: v, quality: [{metric: missingValues, mustBe: 0, "
            "arguments: {missingValues: [yes]}}]}",
            "in quotes",
        ),
        (
            "{name: v, quality: [{metric: invalidValues, mustBe: 0, "
            "arguments: {validValues: [TR, NO]}}]}",
            "in quotes",
        ),
        (
            "{name: v, logicalType: array, items: {properties: [{name: w, unique: true}]}}",
            "not supported inside an array",
        ),
    ],
)
def test_a_rule_nobody_can_keep_is_named(tmp_path: Path, entry: str, words: str) -> None:
    table = load(written(tmp_path, TEXT.replace("PROPERTY", entry))).tables["patrons"]
    with pytest.raises(ContractError) as caught:
        row_rules(table)
    assert words in str(caught.value)
    assert "made_up.odcs.yaml:9, table patrons, property v" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{metric: duplicateValues, mustBe: 0}", "needs arguments.properties"),
        ("{metric: nullValues, mustBe: 0}", "Supported on a table"),
        ("{metric: rowCount, mustBe: 5, unit: percent}", "Supported on a table"),
        ("{metric: rowCount}", "write exactly one of"),
        ("{type: sql, query: x}", "write exactly one of"),
        ("{type: sql, mustBe: 1}", "needs a query"),
    ],
)
def test_a_table_rule_nobody_can_keep_is_named(tmp_path: Path, entry: str, words: str) -> None:
    text = TEXT.replace("- PROPERTY", "") + f"    quality: [{entry}]\n"
    table = load(written(tmp_path, text)).tables["patrons"]
    with pytest.raises(ContractError, match=f"made_up.odcs.yaml:10, table patrons: .*{words}"):
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
