"""Build: every model whose inputs changed, in the order their SQL gives, on one connection.

A model is a file under transforms/: folder = schema, file = table; one SELECT, or a Python module
with READS and `model(context)`, which gives rows (pa.Table) or a SELECT; what these share is in
files whose names begin with `_`. SELECTs that rename and choose (staging, activation) are views but
for those whose comment says `Kept as a table`. A build with nothing new does nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from company import USUAL, Company
from systems import System
from warehouse import Places, meta, opened, shown, snapshot, tables, touched, transaction
from warehouse.disk import hold_room, size
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.known import say_company, say_systems, store_as_of
from warehouse.outgoing import Broken, across_loads, hold
from warehouse.published import say_published
from warehouse.serve import serve, served_build

log = logging.getLogger(__name__)
TRANSFORMS = Path(__file__).parent.parent / "transforms"
SERVED = "serving"
VIEWS = ("staging", "activation")  # schemas
KEPT = "Kept as a table"


@dataclass(frozen=True)
class Context:
    """What a Python model may use. `earlier`: its own table of the last build, where that was made
    by the same text; what it found out about a value then still holds. `changed`: of a model with
    CONTENTS, a table of the keys whose content is another since then."""

    connection: duckdb.DuckDBPyConnection
    journal_files: Journal
    earlier: str | None = None
    changed: str | None = None

    def journal(self, topic: str, records: Iterable[Mapping[str, Any]] | pa.Table) -> None:
        """Writes to the journal first, then takes it into the warehouse."""
        if self.journal_files.append(topic, records):
            merge_journal(self.connection, self.journal_files)


@dataclass(frozen=True)
class Model:
    """`digest`: of its text. `lineage`: of its and those of all models it is made of, `behind`."""

    name: str
    path: Path
    reads: frozenset[str]
    digest: str
    sql: str | None
    description: str
    lineage: str = ""
    behind: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """table or view"""
        asked = self.sql is not None and self.name.partition(".")[0] in VIEWS
        return "view" if asked and KEPT not in self.description else "table"


@dataclass
class Built:
    """`built`: names of models built, in order; empty when there was nothing new."""

    built: list[str]
    as_of: datetime | None = None


def build(
    places: Places,
    systems: Collection[System],
    company: Company = USUAL,
    *,
    now: datetime | None = None,
) -> Built:
    """Builds what changed, holds the marts against their contract, then serves.

    `now` becomes the build's as_of (UTC). Raises outgoing.Broken, leaving the served files as
    they were, when anything that leaves breaks its contract.
    """
    models = discover(TRANSFORMS)
    journal = Journal(places.journal)
    with opened(places) as connection:
        prepare(connection, systems, company)
        merge_journal(connection, journal)
        if not _due(connection, models) and _is_served(connection, places, models):
            return Built([])
        _hold_room(places)
        as_of = (now or datetime.now(UTC)).replace(tzinfo=None, microsecond=0)
        store_as_of(connection, as_of)
        names = [model.name for model in models]
        tables.drop_gone(connection, names)
        touched.forget(connection, [*names, snapshot.SERVED])
        built = refresh(Context(connection, journal), models)
        across_loads(connection, systems, as_of)
        say_published(connection)
        build_id = meta.describe(connection, hold(connection, as_of))
        descriptions = {model.name: model.description for model in models}
        serve(places, connection, descriptions, build_id, shown.selects(connection, systems))
        with transaction(connection):
            snapshot.remember(connection, build_id)
            tables.bump(connection, SERVED, _content(connection, models))
    log.info("built %d models: %s", len(built), ", ".join(built))
    return Built(built, as_of)


def prepare(
    connection: duckdb.DuckDBPyConnection,
    systems: Collection[System],
    company: Company = USUAL,
) -> None:
    """What models read is there, empty or not."""
    tables.ensure(connection)
    say_systems(connection, systems)
    say_company(connection, company)


def _hold_room(places: Places) -> None:
    """Tables are made anew before the old ones go."""
    if file := places.warehouse_file:
        hold_room(file.parent, size([file]), "build")


def refresh(context: Context, models: list[Model]) -> list[str]:
    """Builds those of `models` (each after those it reads) that are due; gives their names."""
    due = _due(context.connection, models)
    there = tables.kinds(context.connection)
    for schema in sorted({model.name.partition(".")[0] for model, _ in due} | {touched.BUILT}):
        context.connection.execute(f"create schema if not exists {schema}")
    for model, fingerprint in due:
        # A Python model ends transactions of its own: what it takes into the journal.
        with transaction(context.connection) if model.sql else nullcontext():
            if there.get(model.name, model.kind) != model.kind:
                context.connection.execute(f"drop {there[model.name]} {model.name}")
            _build(context, model)
            tables.bump(context.connection, model.name, fingerprint)
    return [model.name for model, _ in due]


def is_due(places: Places, systems: Collection[System], company: Company = USUAL) -> bool:
    """Whether a build would do anything."""
    models = discover(TRANSFORMS)
    with opened(places) as connection:
        prepare(connection, systems, company)
        return bool(_due(connection, models)) or not _is_served(connection, places, models)


__all__ = ["Broken", "Built", "Context", "Model", "build", "discover", "is_due"]
__all__ += ["prepare", "refresh", "store_as_of"]


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
    known: dict[str, Model] = {}
    for name in (name for name in order if name in found):
        model = found[name]
        made_of = [known[read] for read in sorted(model.reads & known.keys())]
        known[name] = replace(
            model,
            lineage=_digest(model.digest, *(one.lineage for one in made_of)),
            behind=frozenset().union(model.reads, *(one.behind for one in made_of)),
        )
    return list(known.values())


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


def _model(path: Path) -> Model:
    name = f"{path.parent.name}.{path.stem}"
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        digest = _digest(content, *_shared(path, content))
        module = _module(path)
        description = (module.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
        return Model(name, path, frozenset(module.READS), digest, None, description)
    comments = [line[2:].strip() for line in content.splitlines() if line.startswith("--")]
    return Model(name, path, reads(content, path), _digest(content), content, " ".join(comments))


def _shared(path: Path, content: str) -> list[str]:
    """Texts of all that Python models share, for one that imports any of it."""
    if not re.search(r"^\s*(from|import) transforms\b", content, re.MULTILINE):
        return []
    return [file.read_text(encoding="utf-8") for file in sorted(path.parent.parent.rglob("_*.py"))]


@cache
def reads(sql: str, path: Path) -> frozenset[str]:
    """Tables a query reads; every one must be written schema.table."""
    query = sqlglot.parse_one(sql, dialect="duckdb")
    steps = {cte.alias for cte in query.find_all(exp.CTE)}
    used = list(query.find_all(exp.Table))
    bare = sorted({table.name for table in used if not table.db and table.name not in steps})
    if bare:
        raise ValueError(f"{path}: write {', '.join(bare)} as schema.table.")
    found = frozenset(f"{table.db}.{table.name}" for table in used if table.db)
    return found | {touched.CONTENTS} if touched.asks(query) else found


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
        fingerprint = _digest(model.digest, *inputs)
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
    return _digest(*(versions.get(model.name, "") for model in models))


def _build(context: Context, model: Model) -> None:
    connection = context.connection
    if model.sql is not None and touched.CONTENTS in model.reads:
        touched.refresh(
            connection, model.name, model.sql, model.lineage, touched.PRODUCTS in model.behind
        )
        return
    if model.sql is not None:
        connection.execute(f"create or replace {model.kind} {model.name} as {model.sql}")
        return
    module = _module(model.path)
    contents = getattr(module, "CONTENTS", None)
    earlier = model.name if touched.is_of(connection, model.name, model.lineage) else None
    changed = touched.changed_rows(connection, model.name, contents) if contents else None
    result = module.model(replace(context, earlier=earlier, changed=changed))
    if not isinstance(result, str):
        connection.register("model_result", result)
        result = "from model_result"
    with transaction(connection):
        connection.execute(f"create or replace table {model.name} as {result}")
        if contents:
            touched.remember_rows(connection, model.name, contents)
    connection.unregister("model_result")
    touched.say(connection, model.name, model.lineage)
