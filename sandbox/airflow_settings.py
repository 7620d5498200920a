"""All that Airflow is told to run on this machine: loopback only, in folders of ours."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment(
    data: Path, port: int, systems: Path, connections: Mapping[str, str], *, login: bool
) -> dict[str, str]:
    """All that Airflow is told. `connections`: AIRFLOW_CONN_* by name. `login`: ask for one."""
    home = data / "airflow"
    if login:
        _login(home / "login.json")
    url = f"http://127.0.0.1:{port}"
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        **connections,
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "KOPRU_DATA": str(data),
        "KOPRU_SYSTEMS": str(systems),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__FERNET_KEY": _kept(home / "fernet.key"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": str(not login),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "login.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(32),
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # Five processes share the file; on a busy machine a write waits longer than 5 seconds.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "GX_ANALYTICS_ENABLED": "false",
    }


def _login(path: Path) -> None:
    """The one file with a secret in it: made by us, since Airflow would print it to its log."""
    if not path.exists():
        _secret(path, json.dumps({"admin": secrets.token_urlsafe(12)}))


def _kept(path: Path) -> str:
    """A key that stays the same between starts, so that saved connections stay readable."""
    from cryptography.fernet import Fernet

    if not path.exists():
        _secret(path, Fernet.generate_key().decode())
    return path.read_text()


def _secret(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(content)
