"""DuckDB's extensions, from the packages of the Python registry where they are installed."""

from __future__ import annotations

import importlib
import importlib.util

import duckdb


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """No download, where the package is there; raises RuntimeError naming what to install."""
    package = f"duckdb_extension_{name}"
    try:
        if importlib.util.find_spec(package):
            packages = importlib.import_module("duckdb_extensions")
            packages.import_extension(name, con=connection)
        connection.execute(f"load {name}")
    except (ImportError, duckdb.Error) as error:
        raise RuntimeError(
            f"DuckDB's extension {name} cannot be loaded: {error}. Install the packages "
            f"duckdb-extensions and {package.replace('_', '-')}, version {duckdb.__version__}."
        ) from error
