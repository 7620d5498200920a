"""What tasks do and how they fail. Of Airflow only its connections are made up."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

import sandbox.s3
import systems
import warehouse.build
import warehouse.pull
from clients import Denied, Implausible, Unavailable
from plugins import giving, steps
from tests.kinds import KINDS, Kind, Running
from tests.legacy import TILL
from warehouse.pull import Pulled

SHOP = '[webshop]\nkind = "woocommerce"\nonly = ["customers", "orders"]\n'
ENTRIES = {
    "soap": '[it]\nkind = "soap"\npreset = "dolibarr"\n',
    "files": TILL.replace("till", "it"),
}


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> dict[str, Connection]:
    made: dict[str, Connection] = {}

    def get(name: str) -> Connection:
        if name not in made:
            raise AirflowNotFoundException(f"The conn_id `{name}` isn't defined")
        return made[name]

    monkeypatch.setattr(Connection, "get", get)
    return made


@pytest.fixture(autouse=True)
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes systems.toml; there is a shop in it."""
    monkeypatch.setenv("KOPRU_SYSTEMS", str(tmp_path / "systems.toml"))
    monkeypatch.setenv("KOPRU_DATA", str(tmp_path / "data"))

    def write(text: str) -> None:
        (tmp_path / "systems.toml").write_text(text, encoding="utf-8")

    write(SHOP)
    return write


def known_to_airflow(running: Running, **other: Any) -> Connection:
    of = running.system.connection
    fields = {"host": of.host, "port": of.port, "login": of.login, "password": of.password}
    return Connection(
        conn_id="it", conn_type="generic", extra=json.dumps(of.extra), **{**fields, **other}
    )


@pytest.fixture
def shop(connections: dict[str, Connection]) -> Iterator[Running]:
    [kind] = [kind for kind in KINDS if kind.name == "woocommerce"]
    with kind.running(customers=25, orders=6) as running:
        connections["webshop"] = known_to_airflow(running)
        yield running


def test_a_system_without_a_connection_says_how_to_make_one(
    connections: dict[str, Connection],
) -> None:
    with pytest.raises(AirflowFailException) as failed:
        steps.connected("webshop")
    words = str(failed.value)
    assert "no Airflow connection named 'webshop'" in words
    assert "Admin > Connections" in words
    assert "AIRFLOW_CONN_WEBSHOP" in words


def test_a_connection_arrives_whole_and_hides_its_secrets(
    connections: dict[str, Connection],
) -> None:
    connections["webshop"] = Connection(
        conn_id="webshop",
        conn_type="http",
        host="erp.example",
        port=8443,
        schema="http",
        login="kopru",
        password="çok-gizli",
        extra='{"dolibarrkey": "anahtar"}',
    )
    system = steps.connected("webshop")
    assert system.connection.url == "http://erp.example:8443"
    assert (system.connection.login, system.connection.password) == ("kopru", "çok-gizli")
    assert system.connection.extra == {"dolibarrkey": "anahtar"}
    assert "çok-gizli" not in repr(system)
    assert "anahtar" not in repr(system)


def test_a_pull_that_only_a_person_can_mend_is_not_tried_again(
    shop: Running, connections: dict[str, Connection]
) -> None:
    connections["webshop"] = known_to_airflow(shop, password="parola-degil")
    with pytest.raises(AirflowFailException) as failed:
        steps.pull("webshop", {})
    for table in ("customers", "orders"):
        assert f"webshop.{table}: GET /wp-json/wc/v3/{table} answered 401" in str(failed.value)
    assert "Airflow connection 'webshop'" in str(failed.value)
    assert "parola-degil" not in str(failed.value)
    connections["webshop"] = known_to_airflow(shop)
    assert [(t["table"], t["landed"]) for t in steps.pull("webshop", {})] == [
        ("customers", 25),
        ("orders", 6),
    ]


DENIED = Denied("webshop", "answered 401")
DOWN = Unavailable("webshop", "nobody answers")
PAGE = Implausible("webshop", "a page (text/html)")


@pytest.mark.parametrize(
    ("done", "raised"),
    [
        ([Pulled("webshop", "customers", error=DENIED)], AirflowFailException),
        ([Pulled("webshop", "customers", error=DOWN)], AirflowException),
        (
            [
                Pulled("webshop", "customers", error=DENIED),
                Pulled("webshop", "orders", error=DOWN),
            ],
            AirflowException,
        ),
        (
            [Pulled("webshop", "customers"), Pulled("webshop", "orders", error=PAGE)],
            AirflowFailException,
        ),
        ([Pulled("webshop", "orders", claimed=9, seen=8, short=True)], AirflowException),
    ],
)
def test_what_may_pass_is_tried_again(
    shop: Running, monkeypatch: pytest.MonkeyPatch, done: list[Pulled], raised: type[Exception]
) -> None:
    monkeypatch.setattr(warehouse.pull, "pull", lambda *given, **named: done)
    with pytest.raises(AirflowException) as failed:
        steps.pull("webshop", {})
    assert type(failed.value) is raised
    assert str(failed.value).splitlines() == [one.problem for one in done if one.problem]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"tables": ["invoices"]}, "has no table invoices.*has: customers, orders"),
        ({"since": "yesterday"}, "since is 'yesterday'; write a moment such as 2026-"),
    ],
)
def test_params_that_cannot_be_used_are_not_tried_again(
    shop: Running, params: dict[str, Any], words: str
) -> None:
    with pytest.raises(AirflowFailException, match=words):
        steps.pull("webshop", params)


def test_since_takes_the_moment_as_airflow_writes_it(shop: Running) -> None:
    steps.pull("webshop", {})
    asked = "2026-03-01T16:30:00+03:00"  # orders 4, 5 and 6 changed after it
    [orders] = steps.pull("webshop", {"since": asked, "tables": ["orders"]})
    assert (orders["claimed"], orders["seen"], orders["landed"]) == (3, 3, 0)


def test_check_is_red_for_a_refused_load_and_warns_of_quarantine(
    shop: Running, caplog: pytest.LogCaptureFixture
) -> None:
    shop.change("7", email="kim bilir")
    steps.pull("webshop", {})
    with caplog.at_level(logging.WARNING, logger="plugins.steps"):
        rows = steps.check("webshop")
    assert [(row["table"], row["quarantined"]) for row in rows] == [("customers", 1), ("orders", 0)]
    [told] = [record.getMessage() for record in caplog.records if record.name == "plugins.steps"]
    assert told.startswith("webshop.customers: 1 of 25 rows break the rule email")
    assert "Mend them in webshop, and the next pull brings them; or the contract, and start" in told
    for number in range(1, 20):
        shop.change(str(number), email="kim bilir")
    steps.pull("webshop", {})
    with pytest.raises(AirflowFailException, match="webshop.customers: load .* was refused"):
        steps.check("webshop")


def test_load_skips_itself_when_there_is_nothing_to_build(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.pull("webshop", {})
    steps.check("webshop")
    loaded = steps.load("webshop")
    assert [(row["table"], row["changed"]) for row in loaded] == [("customers", 25), ("orders", 6)]
    monkeypatch.setattr(warehouse.build, "is_due", lambda *given: False)
    with pytest.raises(AirflowSkipException):
        steps.load("webshop")


def test_compact_goes_on_after_a_system_that_cannot_be(
    shop: Running, company: Callable[[str], None]
) -> None:
    company(f'[broken]\nkind = "soap"\ncontract = "none"\n{SHOP}keep_days = 0\n')
    for name in ("Ali", "Veli"):
        shop.change("7", first_name=name)
        steps.pull("webshop", {})
        steps.check("webshop")
        steps.load("webshop")
    with pytest.raises(AirflowException, match="broken was not compacted: .*does not exist"):
        steps.compact()
    company(f"{SHOP}keep_days = 0\n")
    steps.pull("webshop", {})
    assert steps.compact() == []
    shop.change("7", first_name="Ayşe")
    steps.pull("webshop", {})
    steps.check("webshop")
    steps.load("webshop")
    done = {row["table"]: row["loads"] for row in steps.compact()}
    assert done["customers"] >= 2


def task_instance(**states: str) -> Any:
    """As much of a running task as the report asks for."""
    return SimpleNamespace(
        dag_id="pull_webshop",
        run_id="r1",
        xcom_pull=lambda task_ids: [{"table": "customers"}] if task_ids == "pull" else None,
        get_task_states=lambda dag_id, run_ids: {run_ids[0]: states},
    )


@pytest.mark.parametrize(
    ("states", "red"),
    [
        ({"pull": "success", "check": "success", "load": "skipped"}, []),
        ({"pull": "failed", "check": "success", "load": "success"}, ["pull"]),
        ({"pull": "success", "check": "failed", "load": "upstream_failed"}, ["check", "load"]),
    ],
)
def test_report_is_red_when_anything_before_it_was(states: dict[str, str], red: list[str]) -> None:
    if not red:
        steps.report("webshop", task_instance(**states))
        return
    with pytest.raises(AirflowFailException, match=f"webshop: {', '.join(red)} failed"):
        steps.report("webshop", task_instance(**states))


def test_publish_before_anything_was_served_skips_itself(shop: Running) -> None:
    with pytest.raises(AirflowSkipException, match="build"):
        giving.publish("webshop", {})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_check_system_says_in_plain_words_what_is_and_what_is_not(
    kind: Kind,
    company: Callable[[str], None],
    connections: dict[str, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company(ENTRIES.get(kind.name, f'[it]\nkind = "{kind.name}"\n'))
    assert list(systems.load()) == ["it"]
    if kind.sleeps:
        napping = partial(kind.source.connect, sleep=lambda seconds: None)
        monkeypatch.setattr(kind.source, "connect", napping)
    with ExitStack() as stack:
        running = stack.enter_context(kind.running(customers=5, orders=3))
        connections["it"] = known_to_airflow(running)
        assert "reads" in steps.check_system("it")
        connections["it"] = known_to_airflow(running, password="parola-degil")
        with pytest.raises(AirflowFailException, match="it: .*Airflow connection 'it'"):
            steps.check_system("it")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    gone = running.gone(port).connection
    connections["it"] = known_to_airflow(running, host=gone.host, port=gone.port)
    with pytest.raises(AirflowFailException, match=f"it: .*127.0.0.1:{port}"):
        steps.check_system("it")


def test_the_keys_of_the_landing_come_from_its_connection(
    shop: Running,
    connections: dict[str, Connection],
    server: str,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KOPRU_LANDING", address)
    keys = sandbox.s3.connection(server)
    connections["landing"] = Connection(
        conn_id="landing",
        conn_type="aws",
        login=keys.login,
        password=keys.password,
        extra=json.dumps(keys.extra),
    )
    assert {row["table"]: row["landed"] for row in steps.pull("webshop", {})} == {
        "customers": 25,
        "orders": 6,
    }
    assert not (tmp_path / "data" / "landing").exists()
    monkeypatch.setenv("KOPRU_LANDING", "s3://nowhere/landing")
    with pytest.raises(AirflowFailException, match="there is no bucket nowhere"):
        steps.check("webshop")


def test_upkeep_skips_itself_on_a_plain_file() -> None:
    with pytest.raises(AirflowSkipException, match="plain file"):
        steps.upkeep()
