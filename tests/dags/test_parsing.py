"""What Airflow sees when it parses the DAG files, in one fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ("shop", "webshop", "crm", "erp", "till")
SYSTEMS = (*PUBLISHED, "feeds", "calls")
WRONG = '[shop]\nkind = "shopfiy"\n'
NO_CONTRACT = '[till]\nkind = "files"\ncontract = "tills"\n'
SCHEDULED = '[outlet]\nkind = "woocommerce"\nschedule = "*/15 * * * *"\n'


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("parsing")
    files = [str(ROOT / "systems.toml")]
    texts = {"wrong": WRONG, "no_contract": NO_CONTRACT, "scheduled": SCHEDULED, "empty": ""}
    for name, text in texts.items():
        path = folder / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        files.append(str(path))
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    ran = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, str(Path(__file__).with_name("parse.py")), *files],
        env={
            **own,
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": str(ROOT),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout.splitlines()[-1])
    names = ["shipped", *texts]
    return {"imported": answer["imported"], **dict(zip(names, answer["bags"], strict=True))}


@pytest.fixture
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    return parsed["shipped"]["dags"]


def test_parsing_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert parsed["imported"] == []


def test_every_system_has_its_dags(parsed: dict[str, Any], dags: dict[str, Any]) -> None:
    assert parsed["shipped"]["errors"] == []
    pulls = {f"pull_{name}" for name in SYSTEMS}
    publishes = {f"publish_{name}" for name in PUBLISHED}
    assert dags.keys() == {
        *pulls,
        *publishes,
        "build",
        "check_system",
        "replay_quarantine",
        "overrule_identity",
        "relearn_identity",
        "restore_published",
        "rebuild",
        "upkeep",
        "compact",
        "export_customer",
        "forget_customer",
    }


def test_every_dag_says_what_it_is_and_runs_alone(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        assert (dag["active"], dag["catchup"]) == (1, False), name
        assert len(dag["doc"]) > 60, name
        assert dag["tags"], name
    assert dags["pull_till"]["tags"] == ["files", "pull"]
    assert "till.odcs.yaml" in dags["pull_till"]["doc"]


def test_what_a_person_may_set(dags: dict[str, Any]) -> None:
    pull = {"tables": [], "since": None, "full": False, "confirm": False}
    assert dags["pull_shop"]["params"] == pull
    assert dags["publish_crm"]["params"] == {"dry_run": False, "retry_refused": False}
    assert dags["check_system"]["params"] == {"system": "shop"}
    # what erases or asks others to must be said
    forget = {"identifier": "", "apply": False, "ask_tools": False, "why": ""}
    assert dags["forget_customer"]["params"] == forget


def test_every_task_ends_and_is_tried_again_with_patience(dags: dict[str, Any]) -> None:
    by_hand = {"check_system", "rebuild", "replay", "report", "overrule", "relearn"}
    by_hand |= {"restore_published", "export_customer"}
    for dag_id, dag in dags.items():
        for name, task in dag["tasks"].items():
            # a person takes as long as they take
            assert task["timeout"] or name == "approve", f"{dag_id}.{name}"
            if name in by_hand:
                assert task["retries"] == 0
            else:
                assert task["retries"] >= 2, f"{dag_id}.{name}"
                assert task["backoff"] > 1, f"{dag_id}.{name}"


def test_one_writer_and_loads_before_builds(dags: dict[str, Any]) -> None:
    writers = {
        f"{dag_id}.{name}": task
        for dag_id, dag in dags.items()
        for name, task in dag["tasks"].items()
        if task["pool"] == "warehouse"
    }
    loads = {f"pull_{name}.load" for name in SYSTEMS}
    assert writers.keys() == {
        *loads,
        "build.build",
        "rebuild.rebuild",
        "compact.compact",
        "relearn_identity.relearn",
        "replay_quarantine.load",
        "upkeep.upkeep",
        "export_customer.export_customer",
        "forget_customer.forget_customer",
    }
    assert {task["rule"] for task in writers.values()} == {"absolute"}
    weights = {name: task["weight"] for name, task in writers.items()}
    assert min(weights[name] for name in loads) > weights["build.build"]


def test_a_failing_step_stops_no_other_and_the_report_comes_last(dags: dict[str, Any]) -> None:
    tasks = dags["pull_erp"]["tasks"]
    assert {name: task["after"] for name, task in tasks.items()} == {
        "pull": [],
        "check": ["pull"],
        "load": ["check"],
        "report": ["check", "load", "pull"],
    }
    assert {tasks[name]["trigger"] for name in ("check", "load", "report")} == {"all_done"}
    assert tasks["load"]["outlets"] == ["raw_erp"]
    assert dags["build"]["tasks"]["build"]["outlets"] == ["customer_360"]


def test_the_landing_is_compacted_by_night(dags: dict[str, Any]) -> None:
    assert dags["compact"]["schedule"] == "0 3 * * *"


def test_a_schedule_is_the_systems_own(parsed: dict[str, Any]) -> None:
    dags = parsed["scheduled"]["dags"]
    assert dags["pull_outlet"]["schedule"] == "*/15 * * * *"
    assert "publish_outlet" not in dags


def test_a_mistake_in_systems_toml_is_a_sentence(parsed: dict[str, Any]) -> None:
    assert parsed["wrong"]["dags"] == {}
    for error in parsed["wrong"]["errors"]:
        assert "wrong.toml, [shop]: kind is 'shopfiy'; valid kinds are shopify, " in error
    assert parsed["wrong"]["errors"]


def test_a_missing_contract_is_a_sentence(parsed: dict[str, Any]) -> None:
    [error] = parsed["no_contract"]["errors"]
    assert "tills.odcs.yaml does not exist. Contracts shipped here: " in error
    assert "till.odcs.yaml" in error


def test_a_company_without_systems_yet_has_no_errors(parsed: dict[str, Any]) -> None:
    assert parsed["empty"]["errors"] == []
    assert "rebuild" in parsed["empty"]["dags"]
