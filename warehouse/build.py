"""Build: every model whose inputs changed, in the order their SQL gives, on one connection.

A model is a file under transforms/: folder = schema, file = table; one SELECT, or a Python
module with READS and `model(context) -> pa.Table`. A build with nothing new does nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from systems import System
from warehouse import Places, meta, opened, shown, tables, transaction
from warehouse.disk import hold_room, size
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.outgoing import Broken, across_loads, hold
from warehouse.serve import serve, served_build

log = logging.getLogger(__name__)
TRANSFORMS = Path(__file__).parent.parent / "transforms"
AS_OF = "ops.as_of"
SERVED = "serving"
CHANNELS = {
    "shopify": "online",
    "woocommerce": "online",
    "hubspot": "sales",
    "soap": "invoice",
    "files": "store",
}


@dataclass(frozen=True)
class Context:
    """What a Python model may use."""

    connection: duckdb.DuckDBPyConnection
    journal_files: Journal

    def journal(self, topic: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Writes to the journal first, then takes it into the warehouse."""
        if self.journal_files.append(topic, records):
            merge_journal(self.connection, self.journal_files)


@dataclass(frozen=True)
class Model:
    name: str
    path: Path
    reads: frozenset[str]
    digest: str
    sql: str | None
    description: str


@dataclass
class Built:
    """`built`: names of models built, in order; empty when there was nothing new."""

    built: list[str]
    as_of: datetime | None = None


def build(places: Places, systems: Collection[System], *, now: datetime | None = None) -> Built:
    """Builds what changed, holds the marts against their contract, then serves.

    `now` becomes the build's as_of (UTC). Raises outgoing.Broken, leaving the served files as
    they were, when anything that leaves breaks its contract.
    """
    models = discover(TRANSFORMS)
    journal = Journal(places.journal)
    with opened(places) as connection:
        tables.ensure(connection)
        _say_systems(connection, systems)
        merge_journal(connection, journal)
        if not _due(connection, models) and _is_served(connection, places, models):
            return Built([])
        _hold_room(places)
        as_of = (now or datetime.now(UTC)).replace(tzinfo=None, microsecond=0)
        _store_as_of(connection, as_of)
        _drop_gone(connection, models)
        built = refresh(Context(connection, journal), models)
        across_loads(connection, systems, as_of)
        build_id = meta.describe(connection, hold(connection, as_of))
        descriptions = {model.name: model.description for model in models}
        serve(places, connection, descriptions, build_id, shown.selects(connection, systems))
        tables.bump(connection, SERVED, _content(connection, models))
    log.info("built %d models: %s", len(built), ", ".join(built))
    return Built(built, as_of)


def _hold_room(places: Places) -> None:
    """Tables are made anew before the old ones go."""
    if file := places.warehouse_file:
        hold_room(file.parent, size([file]), "build")


def refresh(context: Context, models: list[Model]) -> list[str]:
    """Builds those of `models` (each after those it reads) that are due; gives their names."""
    due = _due(context.connection, models)
    for model, fingerprint in due:
        _build(context, model)
        tables.bump(context.connection, model.name, fingerprint)
    return [model.name for model, _ in due]


def is_due(places: Places, systems: Collection[System]) -> bool:
    """Whether a build would do anything."""
    models = discover(TRANSFORMS)
    with opened(places) as connection:
        tables.ensure(connection)
        _say_systems(connection, systems)
        return bool(_due(connection, models)) or not _is_served(connection, places, models)


__all__ = ["Broken", "Built", "Context", "build", "discover", "is_due", "refresh"]


def discover(root: Path) -> list[Model]:
    """All models, each after those it reads."""
    found = {
        model.name: model
        for path in sorted(root.glob("*/*"))
        if path.suffix in (".sql", ".py") and not path.name.startswith("_")
        for model in [_model(path)]
    }
    order = TopologicalSorter(
        {name: model.reads & found.keys() for name, model in found.items()}
    ).static_order()
    return [found[name] for name in order]


def _model(path: Path) -> Model:
    name = f"{path.parent.name}.{path.stem}"
    content = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(content.encode()).hexdigest()
    if path.suffix == ".py":
        module = _module(path)
        description = (module.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
        return Model(name, path, frozenset(module.READS), digest, None, description)
    comments = [line[2:].strip() for line in content.splitlines() if line.startswith("--")]
    return Model(name, path, reads(content, path), digest, content, " ".join(comments))


def reads(sql: str, path: Path) -> frozenset[str]:
    """Tables a query reads; every one must be written schema.table."""
    query = sqlglot.parse_one(sql, dialect="duckdb")
    steps = {cte.alias for cte in query.find_all(exp.CTE)}
    used = list(query.find_all(exp.Table))
    bare = sorted({table.name for table in used if not table.db and table.name not in steps})
    if bare:
        raise ValueError(f"{path}: write {', '.join(bare)} as schema.table.")
    return frozenset(f"{table.db}.{table.name}" for table in used if table.db)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"transforms.{path.parent.name}.{path.stem}", path
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _due(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> list[tuple[Model, str]]:
    """Models whose text or inputs are not those of their last build, with new fingerprints."""
    versions = tables.versions(connection)
    due = []
    for model in models:
        inputs = [f"{name}={versions.get(name, '')}" for name in sorted(model.reads)]
        content = "\n".join([model.digest, *inputs])
        fingerprint = hashlib.sha256(content.encode()).hexdigest()[:32]
        if versions.get(model.name) != fingerprint:
            due.append((model, fingerprint))
            versions[model.name] = fingerprint
    return due


def _is_served(connection: duckdb.DuckDBPyConnection, places: Places, models: list[Model]) -> bool:
    """Whether the served files hold this content: a build may have ended before it served all."""
    if tables.versions(connection).get(SERVED) != _content(connection, models):
        return False
    build = meta.build_id(connection)
    return build is not None and served_build(places) == build


def _content(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> str:
    versions = tables.versions(connection)
    content = "\n".join(versions.get(model.name, "") for model in models)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _build(context: Context, model: Model) -> None:
    connection = context.connection
    connection.execute(f"create schema if not exists {model.name.partition('.')[0]}")
    if model.sql is not None:
        connection.execute(f"create or replace table {model.name} as {model.sql}")
        return
    result = _module(model.path).model(context)
    connection.register("model_result", result)
    connection.execute(f"create or replace table {model.name} as select * from model_result")
    connection.unregister("model_result")


def _drop_gone(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> None:
    """Tables of models that are no more: served on, they would never change again."""
    schemas = {model.name.partition(".")[0] for model in models}
    names = {model.name for model in models}
    for name in tables.of_schemas(connection, schemas):
        if name not in names:
            connection.execute(f"drop table {name}")


def _say_systems(connection: duckdb.DuckDBPyConnection, systems: Collection[System]) -> None:
    """ops.systems: what models may know of systems.toml."""
    rows = [(s.name, s.kind, str(s.settings.get("channel", CHANNELS[s.kind]))) for s in systems]
    with transaction(connection):
        connection.execute(
            """create or replace table ops.systems
                (system VARCHAR, kind VARCHAR, channel VARCHAR)"""
        )
        if rows:
            connection.executemany("insert into ops.systems values (?, ?, ?)", rows)
        digest = hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:16]
        tables.bump(connection, "ops.systems", digest)


def _store_as_of(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    with transaction(connection):
        connection.execute(f"create or replace table {AS_OF} (as_of TIMESTAMP)")
        connection.execute(f"insert into {AS_OF} values (?)", [as_of])
        tables.bump(connection, AS_OF, as_of.isoformat())
