"""`airflow dags test pull_webshop`, as README promises it: no server, no scheduler."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.airflow_settings import environment
from systems import System
from tests.house import House
from tests.kinds import KINDS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_dag_runs_without_airflow_running(tmp_path: Path) -> None:
    [kind] = [kind for kind in KINDS if kind.name == "woocommerce"]
    file = tmp_path / "systems.toml"
    file.write_text('[webshop]\nkind = "woocommerce"\n', encoding="utf-8")
    with kind.running(customers=5, orders=3) as running:
        of = running.system.connection
        told = {"conn_type": "generic", "host": of.host, "login": of.login, "password": of.password}
        connections = {"AIRFLOW_CONN_WEBSHOP": json.dumps(told)}
        env = environment(tmp_path, 9, file, connections, login=False)

        def airflow(*words: str) -> str:
            command = [str(Path(sys.executable).with_name("airflow")), *words]
            ran = subprocess.run(  # noqa: S603 - Airflow's own command
                command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=180
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            return ran.stdout + ran.stderr

        airflow("db", "migrate")
        said = airflow("dags", "test", "pull_webshop")
    assert str(of.password) not in said
    assert "pull_webshop" in said
    assert "gives way to what else runs" in said
    house, webshop = House(tmp_path), System("webshop", "woocommerce")
    assert house.rows(webshop, "customers").keys() == {"1", "2", "3", "4", "5"}
    assert len(house.rows(webshop, "orders")) == 3
