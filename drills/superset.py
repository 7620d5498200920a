"""Apache Superset in an environment and a folder of its own, and its REST API."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from sandbox.airflow_settings import free_port

# Besides it what 6.1 does not run without and does not ask for in its own metadata.
PACKAGES = (
    "apache-superset==6.1.0",
    "duckdb-engine==0.17.0",
    "flask-caching<2.4",
    "rich",
    "cachetools",
)
INSTALL_SECONDS, START_SECONDS = 900, 120
CONFIG = """
SECRET_KEY = "{key}"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False  # a script asks, no browser
TALISMAN_ENABLED = False  # plain http on loopback
"""


class Superset:
    def __init__(self, url: str, password: str) -> None:
        self.url, self.session = url, requests.Session()
        login = {"username": "drill", "password": password, "provider": "db", "refresh": False}
        token = self.post("security/login", login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Any:
        return self._said(self.session.get(f"{self.url}/api/v1/{path}", timeout=60))

    def post(self, path: str, content: Any) -> Any:
        return self._said(self.session.post(f"{self.url}/api/v1/{path}", json=content, timeout=60))

    def _said(self, answer: requests.Response) -> Any:
        if not answer.ok:
            raise RuntimeError(f"{answer.url} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()


def installed(folder: Path) -> Path:
    """The folder with Superset's commands; of KOPRU_SUPERSET, an environment that has them."""
    given = os.environ.get("KOPRU_SUPERSET")
    if given:
        return Path(given) / "bin"
    place = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES], check=True, timeout=INSTALL_SECONDS)
    return place / "bin"


@contextmanager
def running(commands: Path, folder: Path) -> Iterator[Superset]:
    """A server on loopback with one administrator; gone afterwards."""
    config, password, port = folder / "superset_config.py", secrets.token_hex(16), free_port()
    config.write_text(CONFIG.format(key=secrets.token_hex(32), folder=folder), encoding="utf-8")
    named = ("PATH", "LANG", "HOME")
    env = {name: os.environ[name] for name in named if name in os.environ}
    env |= {
        "SUPERSET_CONFIG_PATH": str(config),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": "superset.app:create_app()",
    }
    superset = str(commands / "superset")
    admin = ["--username", "drill", "--firstname", "Drill", "--lastname", "Köprü"]
    admin += ["--email", "drill@ornek.example", "--password", password]
    log = folder / "superset.log"
    with log.open("wb") as out:
        for step in (["db", "upgrade"], ["fab", "create-admin", *admin], ["init"]):
            subprocess.run([superset, *step], env=env, stdout=out, stderr=out, check=True)
        command = [superset, "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"]
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
        try:
            _wait(f"http://127.0.0.1:{port}", process, log)
            yield Superset(f"http://127.0.0.1:{port}", password)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    raise RuntimeError(f"Superset did not start: {log.read_text(errors='replace')[-800:]}")
