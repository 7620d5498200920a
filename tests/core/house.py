"""A throw-away company: places in a temporary folder, systems and contracts made up here.

`Shelf` is a system in memory, read through the real pull; `House.land` writes a finished load
as a pull leaves it, for tests of what comes after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import warehouse.check
import warehouse.pull
from clients import Unavailable
from contracts import Contract, load
from contracts.expectations import Result
from contracts.rules import Rule
from sources import Listed, Page, Row, Table, Window, resource
from systems import System
from warehouse import Places, memory, opened, tables
from warehouse.build import Built
from warehouse.build import build as build_all
from warehouse.check import check
from warehouse.documents import told
from warehouse.files import whole, write_json
from warehouse.landing import SCHEMA, Landing, Manifest
from warehouse.load import Loaded
from warehouse.load import load as load_all
from warehouse.pull import Pulled, pull
from warehouse.serve import FILES, served
from warehouse.verdict import Verdict

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLAIN = ("marts", "metrics", "identity", "activation")  # schemas served as they are
CUSTOMERS = """
apiVersion: v3.1.0
kind: DataContract
id: {id}
name: made up
version: 1.0.0
status: active
schema:
  - name: customers
    customProperties:
      - {{property: badRowShare, value: 0.25}}
      - {{property: volatilePaths, value: [seen_at, audit.stamp]}}
    properties:
      - {{name: customer_key, physicalName: 'no', primaryKey: true, required: true}}
      - {{name: name, logicalType: string, required: true}}
      - {{name: email, logicalType: string, logicalTypeOptions: {{pattern: '{pattern}'}}}}
      - {{name: phone, logicalType: string}}
      - {{name: tax_number, logicalType: string}}
      - {{name: balance, logicalType: number}}
      - {{name: shoe_size, logicalType: integer}}
      - {{name: updated_at, logicalType: timestamp}}
    quality: {quality}
  - name: orders
    properties:
      - {{name: order_id, physicalName: 'no', primaryKey: true, required: true}}
      - {{name: customer_key, logicalType: string}}
      - {{name: ordered_at, logicalType: timestamp}}
      - {{name: currency, logicalType: string}}
      - {{name: total, logicalType: number}}
      - name: lines
        logicalType: array
        items:
          properties:
            - {{name: line_id, logicalType: string, primaryKey: true}}
            - {{name: total, logicalType: number}}
  - name: order_lines
    properties:
      - {{name: order_id, primaryKey: true, primaryKeyPosition: 1, required: true}}
      - {{name: line_id, primaryKey: true, primaryKeyPosition: 2, required: true}}
      - {{name: total, logicalType: number}}
"""


def write_contract(
    path: Path, *, pattern: str = "^[^@]+@[^@]+$", quality: str = "[]", text: str = CUSTOMERS
) -> Path:
    path.write_text(text.format(id=path.stem, pattern=pattern, quality=quality), encoding="utf-8")
    return path


@dataclass
class Shelf:
    """One table of a system in memory, in pages. `fails_at`: row at which it breaks off.

    `by_key`: it lists its keys and gives rows by key. `hidden`: keys it counts and leaves out.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    changed_since: bool = False
    claims: int = 0
    page: int = 2
    pages_per_load: int = 200
    fails_at: int | None = None
    change: str | None = None
    by_key: bool = False
    hidden: set[str] = field(default_factory=set)
    asked: list[Window] = field(default_factory=list)
    known: Mapping[str, str | None] = field(default_factory=dict)

    def read(self, window: Window) -> Iterator[Page]:
        self.asked.append(window)
        rows = self.inside(window)
        for start in range(window.position or 0, max(len(rows), 1), self.page):
            if self.fails_at is not None and start >= self.fails_at:
                raise Unavailable("erp", "the line is dead", "Try again later")
            end = start + self.page
            position = end if end < len(rows) else None
            claimed = len(rows) + self.claims
            shown = [row for row in rows[start:end] if row["no"] not in self.hidden]
            yield Page(shown, claimed=claimed, position=position, change=self.change)

    def inside(self, window: Window) -> list[Row]:
        return [r for r in self.rows.values() if not window.since or r["at"] >= window.since]

    def listing(self, window: Window) -> Iterator[Listed]:
        rows = self.inside(window)
        for start in range(0, len(rows), 10):
            yield Listed({row["no"]: row["at"] for row in rows[start : start + 10]}, len(rows))

    def fetch(self, keys: Sequence[str]) -> list[Row]:
        return [self.rows[key] for key in keys if key in self.rows]

    def put(self, *numbers: int, **values: Any) -> Shelf:
        for n in numbers:
            row = {"no": str(n), "name": f"Ad {n}", "at": f"2026-11-{n % 28 + 1:02}T10:00:00Z"}
            self.rows[str(n)] = {**row, **values}
        return self


class House:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.places = Places.below(folder)
        write_contract(folder / "made_up.odcs.yaml")
        self.erp = self.system("erp")
        self.shelves: dict[str, Shelf] = {"customers": Shelf()}
        self.clock = 1_700_000_000

    def system(self, name: str, kind: str = "soap", contract: str | None = "made_up") -> System:
        path = str(self.folder / f"{contract}.odcs.yaml") if contract else None
        return System(name, kind, contract=path)

    def contract(self, system: System | None = None) -> Contract:
        return load(Path(str((system or self.erp).contract)))

    def promise(self, **changes: str) -> None:
        write_contract(self.folder / "made_up.odcs.yaml", **changes)

    def source(self, system: System, contract: Any, known: Any, **options: Any) -> Any:
        tables = options.pop("tables")
        for table in tables:
            held = known(table)
            self.shelves[table].known = dict(held)
        return [
            resource(
                system.name,
                Table(
                    table,
                    lambda row: str(row["no"]),
                    shelf.read,
                    lambda row: row["at"],
                    shelf.changed_since,
                    listing=shelf.listing if shelf.by_key else None,
                    fetch=shelf.fetch if shelf.by_key else None,
                ),
                held,
                pages_per_load=shelf.pages_per_load,
                **options,
            )
            for table, shelf in self.shelves.items()
            if table in tables
        ]

    def pull(self, **options: Any) -> Pulled:
        """One pull of the ERP's customers from its shelf."""
        module = ModuleType("shelf")
        module.source = self.source  # type: ignore[attr-defined]  # a module made here
        importing = SimpleNamespace(import_module=lambda name: module)
        self.monkeypatch.setattr(warehouse.pull, "importlib", importing)
        [done] = pull(self.places, self.erp, self.contract(), tables=["customers"], **options)
        return done

    def landed(self, table: str = "customers", system: str = "erp") -> list[dict[str, Any]]:
        """Rows of finished loads, as they were landed."""
        connection = memory(self.places.landing)
        rows: list[dict[str, Any]] = []
        for one in Landing(self.places.landing).loads(system, table):
            found = connection.execute(f"{one.rows_query} order by _position")
            names = [column[0] for column in found.description or []]
            rows += [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return rows

    def land(
        self,
        *rows: Row,
        table: str = "customers",
        system: System | None = None,
        gone: tuple[str, ...] = (),
        how: str = "deleted",
        key: tuple[str, ...] = ("no",),
    ) -> str:
        """A finished load; its id. `how`: what happened to those that are gone."""
        name = (system or self.erp).name
        self.clock += 1
        load = f"{self.clock}.5"
        keys = ["/".join(str(row[k]) for k in key) for row in rows]
        none = [None] * len(rows)
        page = Page(rows, keys=keys, cursors=none, gone=dict.fromkeys(gone, how))
        landed = told(memory(), [page])
        folder = self.places.landing / name / table
        loads = pa.array([load] * len(landed))
        landed = landed.append_column(SCHEMA.field("_load_id"), loads)
        with whole(folder / f"{load}.abc0.parquet") as file:
            pq.write_table(landed, file)
        fields = tuple(sorted({field for row in rows for field in row}))
        manifest = Manifest(
            *(name, table, load, "full", None, None, len(rows), len(landed), len(gone)),
            finished=True,
            complete=True,
            fields=fields,
        )
        write_json(folder / f"{load}.json", asdict(manifest))
        return load

    def check(self, system: System | None = None) -> list[Verdict]:
        system = system or self.erp
        return check(self.places, system, self.contract(system))

    def load(self, system: System | None = None) -> dict[str, Loaded]:
        system = system or self.erp
        done = load_all(self.places, system, self.contract(system))
        return {one.table: one for one in done}

    def take(self, *rows: Row, gone: tuple[str, ...] = ()) -> None:
        """Lands, checks and loads customers."""
        self.land(*rows, gone=gone)
        self.check()
        self.load()

    def build(self, *systems: System) -> Built:
        return build_all(self.places, systems or [self.erp], now=NOON)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with opened(self.places, wait=0) as connection:
            return connection.execute(query).fetchall()

    def served(self, query: str, name: str = "warehouse.duckdb") -> list[tuple[Any, ...]]:
        with served(self.places, name) as connection:
            return connection.execute(query).fetchall()

    def hold_served(self) -> None:
        """Raises where the served files are not what the warehouse has."""
        with opened(self.places, wait=0) as connection:
            for file, schemas in FILES.items():
                path = self.places.serving / file
                connection.execute(f"attach '{path}' as served (read_only)")
                wanted = tables.of_schemas(connection, schemas)
                there = tables.kinds(connection, "served")
                assert [name for name in there if not name.startswith("ledger.")] == wanted
                for name in wanted:
                    both = (f"from served.{name}", f"from warehouse.{name}")
                    for one, other in (both, both[::-1]) if name.startswith(PLAIN) else ():
                        assert not connection.execute(f"{one} except all {other}").fetchall(), name
                connection.execute("detach served")

    def raw(self, columns: str = "_key, name, _change") -> list[tuple[Any, ...]]:
        return self.sql(f"select {columns} from raw_canonical.customers order by all")

    def on(self, **places: Any) -> House:
        """The same company with its data elsewhere."""
        self.places = replace(self.places, **places)
        return self


def counted(rows: str, rules: list[Rule], **_: Any) -> list[Result]:
    """What Great Expectations would count, without its seconds; test_gate runs the real one."""
    connection = memory()
    results = []
    for rule in rules:
        bad = f"select _key from ({rows}) where not coalesce(({rule.sql}), false)"
        keys = [key for (key,) in connection.execute(bad).fetchall()]
        results.append(Result(rule.id, rule.severity, len(keys), frozenset(keys)))
    return results
