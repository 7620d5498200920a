"""What an erasure under way must know until it is done: who it is, and what was done already.

forgetting/<erasure>.json    in the data folder, for its owner alone; gone with the last step
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from warehouse import Places
from warehouse.files import write_text
from warehouse.person import Normal, Person, normals

FOLDER = "forgetting"


@dataclass
class Plan:
    """What is under way. `asked`: system -> record, state, words, of tools that answered."""

    erasure: str
    identifier: str
    person: Person
    landed: list[tuple[str, str, str]]
    asked: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)


def path_of(places: Places, plan: Plan) -> Path:
    return places.data / FOLDER / f"{plan.erasure}.json"


def keep(places: Places, plan: Plan) -> None:
    path = path_of(places, plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_text(path, json.dumps(asdict(plan), ensure_ascii=False))
    path.chmod(0o600)


def pending(places: Places, identifier: str, normal: Normal) -> Plan | None:
    """What an earlier run for the same person began and did not end."""
    given = identifier.strip()
    forms = normals(given, normal)
    for path in sorted((places.data / FOLDER).glob("*.json")):
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        person = Person(**{name: _tuples(value) for name, value in content["person"].items()})
        known = {content["identifier"], person.customer_id, *person.records}
        if given in known or any(form in person.said for form in forms):
            landed = [tuple(one) for one in content["landed"]]
            return Plan(**{**content, "person": person, "landed": landed})
    return None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
