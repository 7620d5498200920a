"""What Shopify says the fields are that we ask for: our selections, typed by introspection.

A version of the API does not change, but one that is no longer served is answered by the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from clients.shopify import Shopify
from sources.shopify.kinds import Kind

WORD = re.compile(r"\.\.\.|[{}:]|\([^)]*\)|\w+")
TYPES = """
query Types {
  %s
}
fragment Fields on __Type {
  fields(includeDeprecated: true) {
    name
    type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
  }
}
"""


@dataclass
class Selected:
    """One field: its name in the row, in the schema, and what is selected inside it. `on`: the
    type of an inline fragment, whose fields are the row's own."""

    alias: str
    name: str
    on: str | None = None
    inside: list[Selected] = field(default_factory=list)


def shape(shop: Shopify, kind: Kind) -> dict[str, str]:
    """Path in the row -> type, `[Type]` for lists; a field that is gone is not in it."""
    nodes = " ".join(f"{child.name} {{ nodes {{ {child.fields} }} }}" for child in kind.children)
    tree = _selections(iter(WORD.findall(f"{kind.fields} {nodes} }}")))
    found: dict[str, str] = {}
    known: dict[str, dict[str, tuple[str, str]]] = {}
    level = [("", kind.type, tree)]
    while level:
        wanted = {on for _, type_, inner in level for on in (type_, *_fragments(inner))}
        known |= _types(shop, sorted(wanted - known.keys()))
        level = [step for above in level for step in _typed(known, *above, found)]
    return found


def _typed(
    known: dict[str, dict[str, tuple[str, str]]],
    path: str,
    type_: str,
    selected: list[Selected],
    found: dict[str, str],
) -> Iterator[tuple[str, str, list[Selected]]]:
    for one in selected:
        if one.on:
            yield from _typed(known, path, one.on, one.inside, found)
        elif one.name in known.get(type_, {}):
            shown, name = known[type_][one.name]
            found[f"{path}{one.alias}"] = shown
            if one.inside:
                yield f"{path}{one.alias}.", name, one.inside


def _fragments(selected: list[Selected]) -> Iterator[str]:
    return (one.on for one in selected if one.on)


def _types(shop: Shopify, names: list[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """Type -> field -> how its type is written, and the type's own name."""
    if not names:
        return {}
    asked = "\n".join(f'{name}: __type(name: "{name}") {{ ...Fields }}' for name in names)
    told = shop.query(TYPES % asked)
    return {
        name: {f["name"]: _written(f["type"]) for f in (type_ or {}).get("fields") or ()}
        for name, type_ in told.items()
    }


def _written(type_: dict[str, Any]) -> tuple[str, str]:
    """Whether it may be null does not matter to a reader."""
    if type_["kind"] == "NON_NULL":
        return _written(type_["ofType"])
    if type_["kind"] == "LIST":
        shown, name = _written(type_["ofType"])
        return f"[{shown}]", name
    return type_["name"], type_["name"]


def _selections(words: Iterator[str]) -> list[Selected]:
    """The fields up to the closing brace; arguments are passed over."""
    found: list[Selected] = []
    for word in words:
        if word == "}":
            break
        if word == "{":
            found[-1].inside = _selections(words)
        elif word == "...":
            next(words)  # on
            found.append(Selected("", "", on=next(words)))
        elif word == ":":
            found[-1].name = next(words)
        elif not word.startswith("("):
            found.append(Selected(word, word))
    return found
