"""duckdb-engine's SQLAlchemy dialect without transactions, for reading only.

Great Expectations reads a result after the connection was handed back, and the rollback on
the way throws that result away; where nothing is written there is nothing to roll back.
"""

from __future__ import annotations

from typing import Any

from duckdb_engine import Dialect


class ReadOnly(Dialect):
    supports_statement_cache = False

    def do_begin(self, connection: Any) -> None: ...

    def do_commit(self, connection: Any) -> None: ...

    def do_rollback(self, connection: Any) -> None: ...
