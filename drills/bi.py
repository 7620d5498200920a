"""A real BI server on the served file: tables with comments, a chart, the same after a swap.

Installs Apache Superset from the package registry into the drill's folder (minutes, 0.9 GB);
KOPRU_SUPERSET=/path/to/environment names one that is there already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import systems
from contracts import contract_of
from drills.killing import say
from drills.superset import Superset, installed, running
from sandbox import box as company_box
from sandbox.box import Box
from sandbox.stage import SYSTEMS
from systems import Connection, System
from warehouse import Places
from warehouse.build import build
from warehouse.check import check
from warehouse.load import load
from warehouse.pull import pull
from warehouse.serve import served

SIZE = 300  # people of the company in a box
SCHEMAS = ("marts", "metrics", "ops", "meta")
LATER = "till"  # what it sold is in the second build only
COUNT, TOTAL = "count(*)", "sum(total)::double"


def drill(folder: Path, size: int, kills: int, seed: int) -> dict[str, Any]:
    """Nothing is killed here."""
    commands = installed(folder)
    places = Places.below(folder / "data")
    with company_box.opened(size, seed) as box, running(commands, folder) as superset:
        company = list(_company(box))
        _round(places, company, [system for system in company if system.name != LATER])
        shown = _shown(superset, places)
        before = _chart(superset, shown["dataset"])
        good = before == _ours(places)
        _round(places, company, company)
        after = _chart(superset, shown["dataset"])
        good = good and after == _ours(places) and after != before
    proven = good and not shown["without_comment"]
    return {"people": size, **shown, "chart": before, "after_swap": after, "proven": proven}


def _company(box: Box) -> Iterable[System]:
    for name, system in systems.load(SYSTEMS).items():
        yield system.connected(Connection(**box.connections[name]))


def _round(places: Places, company: list[System], asked: list[System]) -> None:
    """A build of the company after those `asked` were pulled."""
    for system in asked:
        contract = contract_of(system)
        problems = [one.problem for one in pull(places, system, contract) if one.problem]
        if problems:
            raise RuntimeError("; ".join(problems))
        check(places, system, contract)
        load(places, system, contract)
    say(f"built {len(build(places, company).built)} models of {len(company)} systems")


def _shown(superset: Superset, places: Places) -> dict[str, Any]:
    """What a person meets after adding the database: schemas, tables, comments."""
    file = places.serving / "warehouse.duckdb"
    extra = {"engine_params": {"connect_args": {"read_only": True}}}
    database = superset.post(
        "database/",
        {
            "database_name": "Köprü",
            "sqlalchemy_uri": f"duckdb:///{file}",
            "extra": json.dumps(extra),
        },
    )["id"]
    schemas = superset.get(f"database/{database}/schemas/")["result"]
    say(f"schemas: {', '.join(schemas)}")
    tables, columns, silent = 0, 0, []
    for schema in schemas:
        if schema.rpartition(".")[2] not in SCHEMAS:
            continue
        for table in _tables(superset, database, schema):
            path = f"database/{database}/table_metadata/?name={table}&schema={schema}"
            told = superset.get(path)
            tables, columns = tables + 1, columns + len(told["columns"])
            silent += [f"{table}.{one['name']}" for one in told["columns"] if not one["comment"]]
            say(f"  {schema}.{table}: {told['comment']}")
    wanted = {"database": database, "schema": _schema(schemas, "marts"), "table_name": "orders"}
    dataset = superset.post("dataset/", wanted)["id"]
    return {"tables": tables, "columns": columns, "without_comment": silent, "dataset": dataset}


def _tables(superset: Superset, database: int, schema: str) -> list[str]:
    path = f"database/{database}/tables/?q=(force:!t,schema_name:'{schema}')"
    return [table["value"] for table in superset.get(path)["result"]]


def _schema(schemas: Iterable[str], name: str) -> str:
    """As Superset writes it: with the file's name before it."""
    return next(schema for schema in schemas if schema.rpartition(".")[2] == name)


def _chart(superset: Superset, dataset: int) -> list[list[Any]]:
    """Orders and their total by currency."""
    metrics = [
        {"expressionType": "SQL", "sqlExpression": sql, "label": label}
        for sql, label in ((COUNT, "orders"), (TOTAL, "total"))
    ]
    query = {"columns": ["currency"], "metrics": metrics, "row_limit": 100}
    asked = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [query],
        "force": True,  # Superset has a cache of its own
        "result_format": "json",
        "result_type": "full",
    }
    [answer] = superset.post("chart/data", asked)["result"]
    rows = [[row["currency"], row["orders"], round(row["total"], 2)] for row in answer["data"]]
    say(f"chart: {rows}")
    return sorted(rows)


def _ours(places: Places) -> list[list[Any]]:
    with served(places) as connection:
        rows = connection.execute(
            f"select currency, {COUNT}, round({TOTAL}, 2) from marts.orders group by currency"
        ).fetchall()
    return sorted(map(list, rows))
