"""The tasks of a person's rights, over shops and a CRM that answer. Of Airflow only its connections
are made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
)

from plugins import rights, steps
from tests.kinds import KINDS, Running
from warehouse import memory

TOOLS = ("woocommerce", "hubspot", "shopify")
ONLY = {
    "woocommerce": ["customers", "orders"],
    "hubspot": ["contacts", "deals", "tickets", "calls"],
    "shopify": ["customers", "orders", "abandoned_checkouts"],
}
WHO = "gulsen4@example.com"  # an account in each of them, with an order
HERS = (WHO, "ılıca4", "0533 000 00 04")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Running]]:
    """Pulled and built."""
    made: dict[str, Connection] = {}

    def get(name: str) -> Connection:
        if name not in made:
            raise AirflowNotFoundException(name)
        return made[name]

    monkeypatch.setattr(Connection, "get", get)
    monkeypatch.setenv("KOPRU_SYSTEMS", str(tmp_path / "systems.toml"))
    monkeypatch.setenv("KOPRU_DATA", str(tmp_path / "data"))
    entries = [f'[{n}]\nkind = "{n}"\nonly = {json.dumps(ONLY[n])}\n' for n in TOOLS]
    (tmp_path / "systems.toml").write_text("\n".join(entries), encoding="utf-8")
    with ExitStack() as stack:
        running = {}
        for kind in (kind for kind in KINDS if kind.name in TOOLS):
            tool = running[kind.name] = stack.enter_context(kind.running(customers=9, orders=9))
            of = tool.system.connection
            made[kind.name] = Connection(
                conn_id="it", conn_type="generic", host=of.host, login=of.login,
                password=of.password, extra=json.dumps(of.extra),
            )  # fmt: skip
        taken()
        yield running


def taken(**params: bool) -> dict[str, int]:
    """How many rows each pull held back."""
    held = {}
    for name in TOOLS:
        held[name] = sum(table.get("held_back", 0) for table in steps.pull(name, params))
        steps.check(name)
        try:
            steps.load(name)
        except AirflowException:  # nothing changed
            continue
    try:
        steps.build()
    except AirflowException:
        return held
    return held


def where(folder: Path) -> list[str]:
    connection = memory()
    named = []
    for file in (path for path in folder.rglob("*") if path.is_file()):
        said = file.read_bytes().decode("utf-8", "ignore")
        if file.suffix == ".parquet":
            said += str(connection.execute(f"from read_parquet('{file}')").fetchall())
        if any(word in said.lower() for word in HERS):
            named.append(str(file.relative_to(folder)))
    connection.close()
    return named


@pytest.mark.timeout(400)
def test_asked_erased_proven_and_not_back(tools: dict[str, Running], tmp_path: Path) -> None:
    data = tmp_path / "data"
    told = rights.export_customer({"identifier": WHO})
    found = json.loads(Path(told["folder"], "customer.json").read_text(encoding="utf-8"))
    assert {name.partition(".")[0] for name in found["sections"] if name.startswith("landed")} == {
        f"landed {name}" for name in TOOLS
    }
    assert where(data)
    params = {"identifier": told["customer_id"], "why": "letter of 2026-11-20"}
    preview = {line["place"]: line for line in rights.forget_customer(params, "owner")}
    assert preview["tool woocommerce"]["state"] == "could be asked"
    assert "4" in tools["woocommerce"].store.customers
    done = rights.forget_customer({**params, "apply": True, "ask_tools": True}, "owner")
    states = {(line["place"], line["state"]) for line in done}
    assert {
        ("tool woocommerce", "done"),
        ("tool hubspot", "done"),
        ("tool hubspot", "not possible"),
        ("tool shopify", "asked"),
        ("landing", "done"),
        ("journal", "done"),
        ("warehouse", "done"),
        ("served files", "done"),
    } <= states
    assert "4" not in tools["woocommerce"].store.customers
    assert "4" not in tools["hubspot"].store.customers
    assert where(data) == []
    # Shopify keeps her for now, and the web shop's order of nobody has changed.
    held = taken(full=True)
    assert (held["shopify"] >= 2, held["woocommerce"]) == (True, 1)
    assert where(data) == []
    again = rights.forget_customer({**params, "identifier": WHO, "apply": True}, "owner")
    assert again[0]["detail"] == "was forgotten before"


@pytest.mark.timeout(400)
def test_a_tool_out_of_reach_makes_it_red_and_is_asked_again(
    tools: dict[str, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"identifier": WHO, "why": "letter", "apply": True, "ask_tools": True}
    real = steps.connection_of

    def away(name: str) -> object:
        return None if name == "hubspot" else real(name)

    with monkeypatch.context() as patch:
        patch.setattr(rights, "connection_of", away)
        with pytest.raises(AirflowException, match="tool hubspot: not reached, 2"):
            rights.forget_customer(params, "owner")
    assert "4" in tools["hubspot"].store.customers
    asked = tools["woocommerce"].store.requests
    done = rights.forget_customer(params, "owner")
    assert "4" not in tools["hubspot"].store.customers
    assert tools["woocommerce"].store.requests == asked
    assert ("tool woocommerce", "done") in {(line["place"], line["state"]) for line in done}


def test_what_only_a_person_can_mend_is_not_tried_again(tools: dict[str, Running]) -> None:
    for params in (
        {"identifier": "nobody@example.com", "why": "letter"},
        {"identifier": WHO, "why": "  "},
    ):
        with pytest.raises(AirflowFailException) as failed:
            rights.forget_customer(params, "owner")
        assert "nobody@example.com" not in str(failed.value)
    with pytest.raises(AirflowFailException, match="Nobody is known"):
        rights.export_customer({"identifier": "nobody@example.com"})
