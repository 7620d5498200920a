"""Models: what is built, found under transforms/, and what each is made of.

A model is a file: folder = schema, file = table; one SELECT, or a Python module with READS and
`model(context)`, which gives rows (pa.Table) or a SELECT; what these share is in files whose names
begin with `_`. SELECTs that rename and choose (staging, activation) are views but for those whose
comment says `Kept as a table`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import sqlglot
from sqlglot import exp

from warehouse import touched

TRANSFORMS = Path(__file__).parent.parent / "transforms"
VIEWS = ("staging", "activation")  # schemas
KEPT = "Kept as a table"


@dataclass(frozen=True)
class Model:
    """`digest`: of its text. `lineage`: of its and those of all models it is made of, `behind`.
    `contents`: by which its table is brought up to date."""

    name: str
    path: Path
    reads: frozenset[str]
    digest: str
    sql: str | None
    description: str
    contents: str | None = None
    lineage: str = ""
    behind: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """table or view"""
        asked = self.sql is not None and self.name.partition(".")[0] in VIEWS
        return "view" if asked and KEPT not in self.description else "table"


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
            lineage=digest(model.digest, *(one.lineage for one in made_of)),
            behind=frozenset().union(model.reads, *(one.behind for one in made_of)),
        )
    return list(known.values())


def digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


def _model(path: Path) -> Model:
    name = f"{path.parent.name}.{path.stem}"
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        own = digest(content, *_shared(path, content))
        code = module(path)
        description = (code.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
        contents = getattr(code, "CONTENTS", None)
        return Model(name, path, frozenset(code.READS), own, None, description, contents)
    comments = [line[2:].strip() for line in content.splitlines() if line.startswith("--")]
    description, contents = " ".join(comments), touched.asks(_parsed(content))
    return Model(name, path, reads(content, path), digest(content), content, description, contents)


def _shared(path: Path, content: str) -> list[str]:
    """Texts of all that Python models share, for one that imports any of it."""
    if not re.search(r"^\s*(from|import) transforms\b", content, re.MULTILINE):
        return []
    return [file.read_text(encoding="utf-8") for file in sorted(path.parent.parent.rglob("_*.py"))]


@cache
def _parsed(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect="duckdb")


@cache
def reads(sql: str, path: Path) -> frozenset[str]:
    """Tables a query reads; every one must be written schema.table."""
    query = _parsed(sql)
    steps = {cte.alias for cte in query.find_all(exp.CTE)}
    used = list(query.find_all(exp.Table))
    bare = sorted({table.name for table in used if not table.db and table.name not in steps})
    if bare:
        raise ValueError(f"{path}: write {', '.join(bare)} as schema.table.")
    found = frozenset(f"{table.db}.{table.name}" for table in used if table.db)
    contents = touched.asks(query)
    return found | {contents} if contents else found


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"transforms.{path.parent.name}.{path.stem}", path
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
