"""Takes a person out of the landing, and finds there what is about them.

Every file is looked at, also those of loads that were refused, replaced or never
finished. Rows about the person go; of sales stays what anonymous.py lets stay; in any other row a
text that names them is masked. A file is written aside and takes the other's place: killed in
between, a file is as it was or done, and doing it again does the rest.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from contracts import ContractError, Table, contract_of
from contracts.typed import quoted, text
from systems import System
from warehouse import Places, in_memory
from warehouse.anonymous import SALES
from warehouse.files import Folder, named, read_json, whole, write_json
from warehouse.landing import PART, Landing
from warehouse.locks import alone
from warehouse.person import Person
from warehouse.sought import Met, Sought, columns_of, met

FORGOTTEN = "(forgotten)"
# Files of rows in quarantine: their columns of key and document, and what takes the place of the
# reasons, which repeat cells.
BAD = re.compile(r"\.bad\.(was\.)?(\d+\.)?parquet$")
REASONS = {
    "_unreadable": f"list_transform(_unreadable, lambda c: {{'rule': c.rule, "
    f"'reason': {text(FORGOTTEN)}}})",
    "reasons": f"list_transform(reasons, lambda r: "
    f"concat(split_part(r, ': ', 1), {text(': ' + FORGOTTEN)}))",
}


@dataclass
class Erased:
    """`rows`: that went; `kept`: that stay without the person. `tables`: system, table of them.
    `landed`: system, table, key of all that must not come back."""

    rows: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    tables: set[tuple[str, str]] = field(default_factory=set)
    landed: set[tuple[str, str, str]] = field(default_factory=set)


def from_landing(
    places: Places, systems: Mapping[str, System], person: Person, *, apply: bool
) -> Erased:
    """Raises Taken while a system is pulled, checked, or its rows are replayed: nothing of it was
    done."""
    landing, done = Landing(places.landing), Erased()
    with in_memory(places.landing, spill=places.data) as connection:
        for name in _names(landing.root):
            system = systems.get(name)
            if not apply:
                _system(connection, landing, name, system, person, done, apply=False)
                continue
            with ExitStack() as stack:
                for doing in ("pulled", "rewritten", "checked"):
                    stack.enter_context(alone(places.here, name, doing))
                shutil.rmtree(places.data / "pulling" / name, ignore_errors=True)
                _system(connection, landing, name, system, person, done, apply=True)
                for owner, table in done.tables:
                    for cache in ("typed", "docs"):
                        shutil.rmtree(places.data / cache / owner / table, ignore_errors=True)
    return done


def landed_of(
    places: Places, systems: Mapping[str, System], person: Person
) -> Iterator[tuple[str, str, Met]]:
    """System, table and row of all that was landed about the person; not what is in quarantine
    besides, and not where others only name them."""
    landing = Landing(places.landing)
    with in_memory(places.landing, spill=places.data) as connection:
        for name, system in systems.items():
            for table, file, _, rows in _looked(connection, landing, name, system, person):
                if not BAD.search(file.name):
                    yield from ((name, table, one) for one in rows if one.own)


def _names(root: Folder) -> list[str]:
    if not root.exists():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and path.name[0] != ".")


def _system(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    name: str,
    system: System | None,
    person: Person,
    done: Erased,
    *,
    apply: bool,
) -> None:
    for table, file, sought, rows in _looked(connection, landing, name, system, person):
        changes = {one: sought.decided(one) for one in rows}
        changed = {one: new for one, new in changes.items() if new is None or new != one.row}
        if changed:
            _count(done, name, table, changed, bad=bool(BAD.search(file.name)))
            if apply:
                _rewrite(connection, file, {one.place: new for one, new in changed.items()})
        done.landed |= {
            (name, table, one.key)
            for one, new in changes.items()
            if new is None or (one.own and table in SALES)
        }
    for owner, table in done.tables if apply else ():
        if owner == name:
            _clear_verdicts(landing.folder(name, table), done, name, table)


def _looked(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    name: str,
    system: System | None,
    person: Person,
) -> Iterator[tuple[str, Folder, Sought, list[Met]]]:
    """Table and file of one system, and which of its rows may be about the person."""
    keys = person.keys(system) if system else {}
    owner = str(system.settings.get("keys_of", name)) if system else name
    for table in landing.tables(name):
        sought = Sought(
            table,
            _promised(system, table),
            keys.get(table, set()),
            set(person.named(owner, "customers")),
            set(person.named(owner, "orders")),
            person,
        )
        for file in _parquet(landing.folder(name, table)):
            yield table, file, sought, met(connection, file, sought)


def _count(
    done: Erased, name: str, table: str, changed: Mapping[Met, str | None], *, bad: bool
) -> None:
    done.tables.add((name, table))
    place = f"{'quarantine' if bad else 'landing'} {name}.{table}"
    for new in changed.values():
        (done.rows if new is None else done.kept)[place] += 1


def _promised(system: System | None, table: str) -> Table | None:
    try:
        return contract_of(system).tables.get(table) if system else None
    except ContractError:  # of a system that nobody can read now, nothing may stay
        return None


def _parquet(folder: Folder) -> list[Folder]:
    return [file for file in named(folder) if file.suffix == ".parquet"]


def _rewrite(
    connection: duckdb.DuckDBPyConnection, file: Folder, changes: Mapping[int, str | None]
) -> None:
    names = columns_of(connection, file)
    row = "_row" if "_row" in names else "row"
    new = {row: f"coalesce(changes.document, file.{row})"}
    if "_hash" in names:
        new["_hash"] = "coalesce(md5(changes.document), file._hash)"
    for name, reasons in REASONS.items():
        if name in names:
            new[name] = f"case when changes.document is null then file.{name} else {reasons} end"
    columns = ", ".join(
        f"{new[name]} as {quoted(name)}" if name in new else f"file.{quoted(name)}"
        for name in names
    )
    changed = pa.table({"place": pa.array([*changes], pa.int64()), "document": [*changes.values()]})
    connection.register("changes", changed.cast(CHANGES))
    try:
        with whole(file) as aside:
            connection.execute(
                f"""copy (
                        select {columns}
                        from read_parquet({text(str(file))}, file_row_number = true) as file
                        left join changes on changes.place = file.file_row_number
                        where changes.place is null or changes.document is not null
                        order by file.file_row_number
                    ) to {text(str(aside))} (format parquet, row_group_size {PART})"""
            )
    finally:
        connection.unregister("changes")


CHANGES = pa.schema([("place", pa.int64()), ("document", pa.string())])


def _clear_verdicts(folder: Folder, done: Erased, name: str, table: str) -> None:
    """Verdicts list the first keys that broke a rule."""
    gone = {key for owner, of, key in done.landed if (owner, of) == (name, table)}
    for path in named(folder):
        if not path.name.endswith(".checked.json"):
            continue
        verdict = read_json(path)
        results = [
            {**one, "keys": [key for key in one["keys"] if key not in gone]}
            for one in verdict["results"]
        ]
        if results != verdict["results"]:
            write_json(path, {**verdict, "results": results})
