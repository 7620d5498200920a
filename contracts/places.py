"""Where in a contract's file something stands. Lines are looked up only when an error says them:
DAG files read contracts while they are parsed, and marks would make every parse slower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

Step = str | int
CALLED = {"schema": "table", "properties": "property"}
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContractError(ValueError):
    """A contract cannot be used; the message says where, what is valid and what to do."""


@dataclass(frozen=True)
class Place:
    """`path`: keys and positions from the document's root. As text: `file:line, table, property`.

    A path that leads nowhere (something is missing) stands for its last part that is there.
    """

    file: Path = Path()
    path: tuple[Step, ...] = ()

    def at(self, *steps: Step) -> Place:
        return Place(self.file, self.path + steps)

    def __str__(self) -> str:
        try:
            root = yaml.compose(self.file.read_bytes(), Loader=Loader)
        except (OSError, yaml.YAMLError):
            return str(self.file)
        walked = list(_walk(root, self.path))
        line = walked[-1][1] if walked else 1
        return f"{self.file}:{line}" + "".join(f", {name}" for name, _ in walked if name)


def _walk(node: yaml.Node | None, path: tuple[Step, ...]) -> Iterator[tuple[str, int]]:
    """What each step is called ("property v", or nothing), and its line."""
    before: Step = ""
    for step in path:
        found = _child(node, step)
        if found is None:
            return
        mark, node = found
        name = _child(node, "name") if before in CALLED else None
        called = isinstance(name and name[1], yaml.ScalarNode)
        yield f"{CALLED[str(before)]} {name[1].value}" if name and called else "", mark + 1
        before = step


def _child(node: yaml.Node | None, step: Step) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    return None
