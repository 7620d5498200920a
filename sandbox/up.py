"""Leaves everything running until Ctrl-C: Airflow with its login on, and the company in a box.

python -m sandbox.up                 with the company in a box
python -m sandbox.up --no-box        Airflow alone, for your own systems.toml and connections
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import systems as company_systems
from sandbox.airflow_processes import Airflow, AirflowError, running, wait_for
from sandbox.airflow_settings import ROOT, environment, free_port
from sandbox.stage import SYSTEMS, expected_dags, staged
from sandbox.telling import Teller


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=3000)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--no-box", action="store_true")
    options.add_argument("--port", type=int, default=8080)
    chosen = options.parse_args()
    teller = Teller()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job ignores the latter
        signal.signal(number, signal.default_int_handler)
    try:
        if chosen.no_box:
            alone(chosen.port, teller.say)
        else:
            data = ROOT / "data" / "box"
            with staged(data, chosen.people, chosen.seed, teller.say, login=True) as (airflow, *_):
                stay(airflow, teller.say)
    except AirflowError as error:
        teller.say(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        teller.say("stopped")
    return 0


def alone(port: int, say: Callable[[str], None]) -> None:
    """Airflow for a company's own systems; connections come from its UI or environment."""
    path = Path(os.environ.get("KOPRU_SYSTEMS", SYSTEMS)).resolve()
    systems = company_systems.load(path)
    own = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CONN_")}
    data = Path(os.environ.get("KOPRU_DATA", "data")).resolve()
    env = environment(data, port or free_port(), path, own, login=True)
    with running(env, expected_dags(systems), say) as airflow:
        stay(airflow, say)


def stay(airflow: Airflow, say: Callable[[str], None]) -> None:
    login = Path(airflow.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    password = json.loads(login.read_text())["admin"]
    say(f"open {airflow.url}   user admin   password {password}")
    say("pull a system, and the rest follows; a first publish waits for you (Required Actions).")
    say("Ctrl-C stops everything.")
    wait_for(lambda: airflow.dead() is not None, float("inf"), "Ctrl-C", lambda words: None)
    raise AirflowError(str(airflow.dead()))


if __name__ == "__main__":
    sys.exit(main())
