"""Who may import whom, read from the source with ast: the walls of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
MODULES = ("systems", "company")  # beside the rooms
ROOMS = ("clients", "sources", "contracts", "warehouse", "transforms", "publishers")
ENTRANCES = ("dags", "plugins")
OURS = {*MODULES, "sandbox", "benchmarks", "tests", *ROOMS, *ENTRANCES}
MAY = {
    "systems": set(),
    "company": {"systems"},
    "clients": {"systems"},
    "contracts": {"systems"},
    "sources": {"systems", "clients"},
    "warehouse": {"systems", "company", "sources", "contracts"},
    "transforms": {"warehouse"},
    "publishers": {"systems", "clients", "warehouse", "contracts"},
    "dags": {"systems", "contracts", "plugins"},
    "plugins": {"systems", "company", "contracts"},
}
ONLY_IN = {
    "airflow": {"dags", "plugins"},
    "duckdb": {"warehouse"},
    "great_expectations": {"contracts"},
    "dlt": {"sources", "warehouse"},
}


class Import(NamedTuple):
    where: str
    room: str
    module: str
    inside_function: bool


def imports_of(text: str, where: str, room: str) -> Iterator[Import]:
    tree = ast.parse(text)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            place = f"{where}:{node.lineno}"
            yield Import(place, room, name.partition(".")[0], id(node) in inside)


def every_import() -> list[Import]:
    found = [
        one
        for module in MODULES
        for one in imports_of((ROOT / f"{module}.py").read_text(), f"{module}.py", module)
    ]
    for room in (*ROOMS, *ENTRANCES):
        for path in sorted((ROOT / room).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            found += imports_of(path.read_text(encoding="utf-8"), where, room)
    return found


def violation(found: Import) -> str | None:
    room, module = found.room, found.module
    if module in OURS and module != room:
        late = room in ENTRANCES and found.inside_function and module != "sandbox"
        if module not in MAY[room] and not late:
            return f"{found.where}: {room} may not import {module}"
    if module in ONLY_IN and room not in ONLY_IN[module]:
        return f"{found.where}: {module} belongs in {', '.join(sorted(ONLY_IN[module]))}"
    if module == "great_expectations" and not found.inside_function:
        return f"{found.where}: import great_expectations inside a function, it is slow"
    return None


def test_nobody_walks_through_a_wall() -> None:
    found = every_import()
    assert len(found) > 200  # the walk saw the house
    assert [problem for each in found if (problem := violation(each))] == []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("clients", "import warehouse.load"),
        ("contracts", "from sources import Page"),
        ("sources", "import duckdb"),
        ("warehouse", "import sandbox.box"),
        ("publishers", "from airflow.sdk import DAG"),
        ("contracts", "import great_expectations as gx"),
        ("dags", "from warehouse import Places"),
        ("plugins", "def f():\n    import sandbox"),
        ("transforms", "import duckdb"),
    ],
)
def test_the_guard_sees_a_wrong_import(room: str, line: str) -> None:
    assert [violation(each) for each in imports_of(line, "x.py", room)] != [None]


def test_no_file_does_two_jobs() -> None:
    """Long files are where a second job hides."""
    long = {
        str(path.relative_to(ROOT)): count
        for room in (*ROOMS, *ENTRANCES)
        for path in (ROOT / room).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}
