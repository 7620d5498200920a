"""Build: every model whose inputs changed (warehouse.models), in the order their SQL gives, on one
connection. A build with nothing new does nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from company import USUAL, Company
from systems import System
from warehouse import Places, meta, opened, shown, snapshot, tables, touched, transaction
from warehouse.disk import hold_room, size
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.known import say_company, say_systems, store_as_of
from warehouse.models import TRANSFORMS, Model, digest, discover, module, reads
from warehouse.outgoing import Broken, across_loads, hold
from warehouse.published import say_published
from warehouse.serve import serve, served_build

log = logging.getLogger(__name__)
SERVED = "serving"


@dataclass(frozen=True)
class Context:
    """What a Python model may use. `earlier`: its own table of the last build, where that was made
    by the same text; what it found out about a value then still holds. `changed`: of a model with
    CONTENTS, a table of the keys whose content is another since then, where they are few."""

    connection: duckdb.DuckDBPyConnection
    journal_files: Journal
    earlier: str | None = None
    changed: str | None = None

    def journal(self, topic: str, records: Iterable[Mapping[str, Any]] | pa.Table) -> None:
        """Writes to the journal first, then takes it into the warehouse."""
        if self.journal_files.append(topic, records):
            merge_journal(self.connection, self.journal_files)


@dataclass(frozen=True)
class Part:
    """What a Python model gives of its table where the rest of the last build's stays. `replaces`:
    SQL, whether a row of that goes, before `rows` are asked for."""

    rows: pa.Table | str
    replaces: str


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


__all__ = [
    "Broken",
    "Built",
    "Context",
    "Model",
    "Part",
    "TRANSFORMS",
    "build",
    "discover",
    "is_due",
    "prepare",
    "reads",
    "refresh",
    "store_as_of",
]


def _due(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> list[tuple[Model, str]]:
    """Models whose text or inputs are not those of their last build, with new fingerprints."""
    versions = tables.versions(connection)
    due = []
    for model in models:
        inputs = [f"{name}={versions.get(name, '')}" for name in sorted(model.reads)]
        fingerprint = digest(model.digest, *inputs)
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
    return digest(*(versions.get(model.name, "") for model in models))


def _build(context: Context, model: Model) -> None:
    connection = context.connection
    if model.sql is not None and model.contents is None:
        connection.execute(f"create or replace {model.kind} {model.name} as {model.sql}")
        return
    made = _made(context, model)
    part = made if isinstance(made, Part) else None
    rows = part.rows if part else made
    if not isinstance(rows, str):
        connection.register("model_result", rows)
        rows = "from model_result"
    # A SQL model is in a transaction already.
    with nullcontext() if model.sql else transaction(connection):
        if part:
            connection.execute(f"delete from {model.name} where {part.replaces}")
            connection.execute(f"insert into {model.name} by name {rows}")
        elif model.sql and model.contents:
            _make_anew(connection, model.name, model.sql, model.contents)
        else:
            connection.execute(f"create or replace table {model.name} as {rows}")
        if model.contents:
            of_products = touched.PRODUCTS in model.behind
            touched.remember(connection, model.name, model.contents, of_products)
        touched.say(connection, model.name, model.lineage)
    connection.unregister("model_result")


def _make_anew(connection: duckdb.DuckDBPyConnection, name: str, sql: str, contents: str) -> None:
    """In parts where there are many. Rows of nobody are given with each of them."""
    parts = touched.parts(connection, contents)
    key, _ = touched.CONTENTS[contents]
    for part in range(parts):
        touched.answer_part(connection, part, parts)
        if part:
            rows = f"select * from ({sql}) where {key} is not null"
            connection.execute(f"insert into {name} {rows}")
        else:
            connection.execute(f"create or replace table {name} as {sql}")


def _made(context: Context, model: Model) -> pa.Table | str | Part:
    connection, changed = context.connection, None
    earlier = model.name if touched.is_of(connection, model.name, model.lineage) else None
    if earlier and model.contents:
        changed = touched.changed(connection, model.name, model.contents)
    if model.sql is None:
        return module(model.path).model(replace(context, earlier=earlier, changed=changed))
    if changed and model.contents:
        touched.answer(connection, changed)
        return Part(model.sql, touched.replaced(model.contents))
    return model.sql
