"""No personal value of a record leaves toward people: neither in logs nor in what is served."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import warehouse.check
from contracts.expectations import BrokenGate, validate
from tests.core.house import House, counted, write_contract
from warehouse import opened, shown
from warehouse.quarantine import dismiss

# Every place where a value may stand: above, below and beside what is promised.
PEOPLE = """
apiVersion: v3.1.0
kind: DataContract
id: {id}
name: people
version: 1.0.0
status: active
schema:
  - name: customers
    customProperties:
      - {{property: badRowShare, value: 1}}
    properties:
      - {{name: customer_key, physicalName: 'no', primaryKey: true, required: true, classification: personal}}
      - {{name: name, logicalType: string, required: true, classification: personal}}
      - {{name: phone_number, physicalName: phone, logicalType: integer, classification: personal}}
      - {{name: billing, logicalType: object}}
      - {{name: billing_email, physicalName: billing.email, logicalType: timestamp, classification: personal}}
      - {{name: "Tel.", logicalType: integer, classification: personal}}
      - {{name: contact, logicalType: object, classification: personal}}
      - {{name: tags, logicalType: array, classification: personal}}
      - {{name: city, logicalType: string}}
      - {{name: points, physicalName: balance, logicalType: integer}}
      - name: lines
        logicalType: array
        items:
          properties:
            - {{name: line, logicalType: integer}}
            - {{name: buyer, logicalType: integer, classification: personal}}
            - name: gifts
              logicalType: array
              items:
                properties:
                  - {{name: gift, logicalType: string}}
                  - {{name: to, logicalType: string, classification: personal}}
    quality: {quality}
"""  # noqa: E501 - one property a line
SECRET = "Zeynep"
secrets = st.text("abcçdeğıxyz@. '\"\\{", min_size=0, max_size=12).map(lambda end: SECRET + end)
anything = secrets | st.lists(secrets, max_size=2) | st.dictionaries(secrets, secrets, max_size=2)
billing = {"email": anything, "city": st.just("İzmir")}
harmless = st.none() | st.integers(0, 99) | st.just("kırk")
gift = st.fixed_dictionaries({"gift": st.just("çiçek"), "to": anything, "note": anything})
line = st.fixed_dictionaries(
    {"line": harmless, "buyer": anything, "gifts": st.lists(gift | secrets, max_size=2) | secrets}
)
records = st.fixed_dictionaries(
    {"no": secrets, "name": st.none() | anything, "phone": anything},
    optional={
        "billing": st.fixed_dictionaries(billing)
        | st.lists(st.fixed_dictionaries(billing))
        | secrets,
        "billing.email": anything,
        "Tel.": anything,
        "Tel": st.fixed_dictionaries({"": anything}),
        "contact": anything,
        "tags": anything,
        "nobody promised it": anything,
        "city": harmless,
        "balance": harmless | st.dictionaries(secrets, secrets, min_size=1, max_size=1),
        "lines": st.lists(line | secrets, max_size=3) | secrets,
    },
)


def people(house: House, **changes: str) -> None:
    write_contract(house.folder / "made_up.odcs.yaml", text=PEOPLE, **changes)


def told(house: House, log: pytest.LogCaptureFixture) -> str:
    """All that people get to see of a check and a load."""
    verdicts = house.check()
    house.load()
    words = [str(verdict.problem) + str(verdict.notices) for verdict in verdicts]
    words += [path.read_text("utf-8") for path in house.places.landing.rglob("*.checked.json")]
    with opened(house.places) as connection:
        for query in shown.selects(connection, [house.erp]).values():
            words.append(json.dumps(connection.execute(query).fetchall(), default=str))
        words.append(str(connection.execute("select reason from ops.loads").fetchall()))
    return "\n".join([*words, log.text])


@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(rows=[{"no": SECRET, "name": None, "phone": {SECRET: SECRET}, "lines": SECRET}])
@given(rows=st.lists(records, min_size=1, max_size=4, unique_by=lambda row: row["no"]))
def test_no_personal_value_is_shown(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    rows: list[dict[str, Any]],
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(warehouse.check, "validate", counted)
    house = House(tmp_path_factory.mktemp("people"), monkeypatch)
    people(house)
    house.land(*rows)
    assert SECRET not in told(house, caplog)
    [(waiting,)] = house.sql("select count(*) from quarantine.rows")
    assert waiting == house.sql("select quarantined from ops.loads")[0][0]


def test_what_is_promised_and_not_personal_is_shown(house: House) -> None:
    people(house)
    row = {"no": "1", "name": "Ali", "balance": "kırk", "city": "İzmir", "shop": "Ali's"}
    lines = [{"line": 1, "buyer": 7, "gifts": [{"gift": "çiçek", "to": "Ayşe"}]}, "Ayşe"]
    billing = {"email": "a@a.tr", "zip": ["35"], "to": None}
    house.land({**row, "billing": billing, "lines": lines})
    house.check()
    house.load()
    house.build()
    [(key, document)] = house.served("select key, row from quarantine.rows", "desk.duckdb")
    assert json.loads(document) == {
        **{"no": "***", "name": "***", "balance": "kırk", "city": "İzmir", "shop": "***"},
        "billing": {"email": "***", "zip": ["35"], "to": None},
        "lines": [{"line": 1, "buyer": "***", "gifts": [{"gift": "çiçek", "to": "***"}]}, "***"],
    }
    assert key == "***c4ca42"
    assert house.served("select distinct unnest(keys) from ops.contract_results") == [(key,)]
    whole = house.sql("select key, row->>'name', row->'lines'->0->>'buyer' from quarantine.rows")
    assert whole == [("1", "Ali", "7")]


def test_a_contract_that_says_personal_later_masks_what_waits(house: House) -> None:
    house.land({"no": "1", "name": "Ali", "email": "a@a.tr", "shoe_size": "Ayşe"})
    house.check()
    house.load()
    path = house.folder / "made_up.odcs.yaml"
    path.write_text(
        path.read_text("utf-8")
        .replace("required: true}", "required: true, classification: personal}")
        .replace("shoe_size, logicalType: integer}", "shoe_size, classification: personal}"),
        "utf-8",
    )
    house.build()
    [(key, reasons, row)] = house.served(
        "select key, reasons, row from quarantine.rows", "desk.duckdb"
    )
    assert (key, reasons) == ("***c4ca42", ["shoe_size.type: (personal)"])
    assert json.loads(row)["email"] == "a@a.tr"
    assert "Ayşe" not in row and "Ali" not in row
    keys = house.served("select distinct unnest(keys) from ops.contract_results")
    assert keys == [("***c4ca42",)]


def test_of_a_system_that_is_no_more_nothing_is_shown(house: House) -> None:
    house.land({"no": "1", "name": "Ali", "email": "yok"})
    house.check()
    house.load()
    house.build(house.system("another"))
    [(key, row)] = house.served("select key, row from quarantine.rows", "desk.duckdb")
    assert (key, json.loads(row)) == ("***c4ca42", "***")


def test_people_name_rows_by_the_key_they_see(house: House) -> None:
    people(house)
    house.land({"no": "ali@a.tr", "name": None}, {"no": "ayse@a.tr", "name": None})
    house.check()
    house.load()
    house.build()
    shown_keys = [key for (key,) in house.served("select key from quarantine.rows", "desk.duckdb")]

    def dismissed(key: str) -> None:
        dismiss(house.places, house.erp, house.contract(), "customers", [key], by="m", why="so")
        house.load()

    dismissed(shown_keys[0])
    states = dict(house.sql("select state, count(*) from quarantine.rows group by all"))
    assert states == {"open": 1, "dismissed": 1}
    dismissed("ayse@a.tr")
    dismissed("ali@a.tr")
    assert house.sql("select distinct state from quarantine.rows") == [("dismissed",)]
    with pytest.raises(ValueError, match=r"customers: \*\*\*[0-9a-f]{6} is not in quarantine"):
        dismissed("veli@a.tr")


def test_a_masked_key_that_two_rows_share_is_refused(house: House) -> None:
    people(house)
    keys: dict[str, list[str]] = {}
    query = "select i::varchar, left(md5(i::varchar), 6) from range(20000) t(i)"
    for key, digest in house.sql(query):
        keys.setdefault(digest, []).append(key)
    digest, twins = next((digest, twins) for digest, twins in keys.items() if len(twins) > 1)
    house.land(*({"no": key, "name": None} for key in twins))
    house.check()
    said = {"by": "m", "why": "so"}
    with pytest.raises(ValueError, match="stands for 2 rows"):
        dismiss(house.places, house.erp, house.contract(), "customers", [f"***{digest}"], **said)
    dismiss(house.places, house.erp, house.contract(), "customers", [twins[0]], **said)


BREAKS = "[{type: sql, query: 'select count(*) from ${object} where name::INTEGER = 1', mustBe: 0}]"
SHOWS = """[{type: custom, engine: greatExpectations, implementation: {
    type: expect_column_values_to_be_in_set, kwargs: {column: name, value_set: [x]}}}, {
    type: custom, engine: greatExpectations, implementation: {
    type: expect_column_most_common_value_to_be_in_set, kwargs: {column: name, value_set: [x]}}}]"""


def test_a_rule_that_cannot_be_evaluated_quotes_no_cell(house: House) -> None:
    people(house, quality=BREAKS)
    house.land({"no": "1", "name": SECRET})
    with pytest.raises(BrokenGate, match=r"customers\.sql1 could not be evaluated") as raised:
        house.check()
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


def test_data_docs_and_expectations_show_none_either(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warehouse.check, "validate", validate)
    people(house, quality=SHOWS)
    house.land({"no": SECRET, "name": SECRET, "lines": SECRET}, {"no": f"{SECRET}2", "name": None})
    words = told(house, caplog)
    assert "does not hold for the load" in words
    assert SECRET not in words
    pages = [path.read_text("utf-8") for path in Path(house.places.data / "docs").rglob("*.html")]
    assert any("***" in page for page in pages)
    assert not any(SECRET in page for page in pages)
