"""Airflow on this machine: set up, its three processes started and stopped, its API asked.

The processes are started one by one: `airflow standalone` listens on all addresses and leaves
orphans behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import requests

COMPONENTS = (
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("api-server",),
)
START_SECONDS = 120
READING_SECONDS = 8


class AirflowError(RuntimeError):
    """Airflow did not start or refused a request; the message says which and where to look."""


@dataclass
class Airflow:
    """A running Airflow: its API, and the processes behind it."""

    url: str
    env: Mapping[str, str]
    logs: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _token: str | None = None

    def get(self, path: str, **params: Any) -> Any:
        return self._ask("GET", path, params=params)

    def trigger(self, dag: str, conf: Mapping[str, Any] | None = None) -> str:
        """Starts a run; gives its id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return str(self._ask("POST", f"dags/{dag}/dagRuns", json=body)["dag_run_id"])

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.get("dags/~/dagRuns", limit=100, offset=len(found))
            found += page["dag_runs"]
            if len(found) >= page["total_entries"]:
                return found

    def approve(self) -> list[str]:
        """Answers every task that waits for a person as one who read it; the first line of each.

        Airflow fails a task that is answered before its scheduler saw it pause.
        """
        asked = self.get("dags/~/dagRuns/~/hitlDetails", response_received=False)["hitl_details"]
        by = datetime.now(UTC) - timedelta(seconds=READING_SECONDS)
        asked = [one for one in asked if datetime.fromisoformat(one["created_at"]) < by]
        for one in asked:
            task = one["task_instance"]
            path = f"dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances"
            self._ask(
                "PATCH",
                f"{path}/{task['task_id']}/{task['map_index']}/hitlDetails",
                json={"chosen_options": ["Approve"]},
            )
        return [f"approved: {one['body'].partition(chr(10))[0]}" for one in asked]

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._login()}"}
        answer = requests.request(
            method, f"{self.url}/api/v2/{path}", headers=headers, timeout=60, **options
        )
        if not answer.ok:
            raise AirflowError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def _login(self) -> str:
        if self._token is None:
            self._token = str(self._new_token())
        return self._token

    def _new_token(self) -> Any:
        login = Path(self.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
        if self.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "True":
            answer = requests.get(f"{self.url}/auth/token", timeout=60)
        else:
            password = json.loads(login.read_text())["admin"]
            body = {"username": "admin", "password": password}
            answer = requests.post(f"{self.url}/auth/token", json=body, timeout=60)
        if not answer.ok:
            raise AirflowError(f"no token: {answer.status_code} {answer.text[:300]}")
        return answer.json()["access_token"]

    def dead(self) -> str | None:
        """Which process ended by itself, with the end of its log."""
        for process, (name, *_) in zip(self.processes, COMPONENTS, strict=False):
            if process.poll() is not None:
                tail = (self.logs / f"{name}.log").read_text(errors="replace")[-1500:]
                return f"airflow {name} ended with {process.returncode}:\n{tail}"
        return None

    def ready(self, dags: set[str]) -> bool:
        """Healthy, with all of `dags` parsed. Raises AirflowError on an import error."""
        if problem := self.dead():
            raise AirflowError(problem)
        try:
            health = requests.get(f"{self.url}/api/v2/monitor/health", timeout=10).json()
            if health["scheduler"]["status"] != "healthy":
                return False
            errors = self.get("importErrors")["import_errors"]
            known = {dag["dag_id"] for dag in self.get("dags", limit=100)["dags"]}
        except (requests.ConnectionError, requests.JSONDecodeError):
            return False
        if errors:
            raise AirflowError("\n".join(error["stack_trace"] for error in errors))
        return dags <= known


@contextmanager
def running(
    env: Mapping[str, str], dags: set[str], say: Callable[[str], None]
) -> Iterator[Airflow]:
    """Airflow set up and started; on exit every process of it is gone."""
    logs = Path(env["AIRFLOW_HOME"]) / "processes"
    logs.mkdir(parents=True, exist_ok=True)
    say("making Airflow's database")
    _run([sys.executable, "-m", "airflow", "db", "migrate"], env, logs / "migrate.log")
    airflow = Airflow(env["AIRFLOW__API__BASE_URL"], env, logs)
    try:
        for name, *options in COMPONENTS:
            airflow.processes.append(_start(name, options, env, logs))
        say("starting scheduler, dag processor and api server")
        wait_for(lambda: airflow.ready(dags), START_SECONDS, "Airflow to be ready", say)
        yield airflow
    finally:
        _stop(airflow.processes)


def wait_for(
    done: Callable[[], bool], seconds: float, what: str, say: Callable[[str], None]
) -> None:
    """Asks every half second and says every five that it still waits."""
    started = time.monotonic()
    said = started
    while not done():
        now = time.monotonic()
        if now - started > seconds:
            raise AirflowError(f"waited {seconds:.0f} s for {what}, in vain")
        if now - said >= 5:
            say(f"waiting for {what} ({now - started:.0f} s)")
            said = now
        time.sleep(0.5)


def _run(command: list[str], env: Mapping[str, str], log: Path) -> None:
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=dict(env), stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise AirflowError(f"{' '.join(command)} failed:\n{log.read_text()[-1500:]}")


def _start(
    name: str, options: list[str], env: Mapping[str, str], logs: Path
) -> subprocess.Popen[bytes]:
    with (logs / f"{name}.log").open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "airflow", name, *options],
            env=dict(env),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Each group gets TERM first. A task that runs is in a group of its own, but in the session
    of the scheduler that started it: what is left of the sessions then gets KILL."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
    for process in processes:
        for pid in _session(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(timeout=10)


def _session(leader: int) -> list[int]:
    """Everybody in the session that `leader` began."""
    members = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                members.append(pid)
    return members
