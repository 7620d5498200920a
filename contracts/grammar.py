"""Every key a contract may have, after ODCS 3.1. One that is not here is refused, never ignored.

A key's kind is `note` (documentation for people, not looked at), `flag`, `text`, `whole`
(a number), `map`, the name of another part, or `list of` such a part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contracts.places import ContractError, Place


def _notes(*keys: str) -> dict[str, str]:
    return dict.fromkeys(keys, "note")


COMPARISONS = (
    *("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo"),
    *("mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween"),
)
ELEMENT = {
    **_notes("id", "name", "physicalName", "physicalType", "description", "businessName"),
    **_notes("authoritativeDefinitions", "tags"),
    "logicalType": "text",
    "quality": "list of quality",
}
ITEMS = {
    **ELEMENT,
    **_notes("partitioned", "partitionKeyPosition", "encryptedName", "examples"),
    **_notes("transformSourceObjects", "transformLogic", "transformDescription"),
    **_notes("criticalDataElement"),
    "classification": "text",
    "customProperties": "list of property setting",
    "items": "items",
    "logicalTypeOptions": "map",
    "primaryKey": "flag",
    "primaryKeyPosition": "whole",
    "properties": "list of property",
    "relationships": "list of relationship",
    "required": "flag",
    "unique": "flag",
}
PARTS: Mapping[str, Mapping[str, str]] = {
    "contract": {
        **_notes("apiVersion", "kind", "id", "name", "version", "status", "tenant", "tags"),
        **_notes("servers", "dataProduct", "domain", "support", "price", "team", "roles"),
        **_notes("authoritativeDefinitions", "contractCreatedTs", "slaDefaultElement"),
        "description": "description",
        "schema": "list of table",
        "slaProperties": "list of service level",
        "customProperties": "list of setting",
    },
    "description": _notes(
        "usage", "purpose", "limitations", "authoritativeDefinitions", "customProperties"
    ),
    "table": {
        **ELEMENT,
        **_notes("dataGranularityDescription"),
        "customProperties": "list of table setting",
        "properties": "list of property",
        "relationships": "list of relationship",
    },
    "property": ITEMS,
    "items": ITEMS,
    "relationship": {
        **_notes("id", "from", "to"),
        "type": "text",
        "customProperties": "list of setting",
    },
    "quality": {
        **_notes("id", "authoritativeDefinitions", "businessImpact", "description", "dimension"),
        **_notes("method", "schedule", "scheduler", "tags", "name", "implementation"),
        **_notes(*COMPARISONS),
        **dict.fromkeys(("type", "metric", "rule", "query", "engine", "severity", "unit"), "text"),
        "arguments": "map",
        "customProperties": "list of setting",
    },
    "service level": {
        **_notes("id", "value", "valueExt", "driver", "description", "scheduler", "schedule"),
        **_notes("authoritativeDefinitions"),
        **dict.fromkeys(("property", "unit", "element"), "text"),
        "customProperties": "list of setting",
    },
    **dict.fromkeys(
        ("setting", "table setting", "property setting"),
        _notes("id", "property", "value", "description"),
    ),
}
# customProperties that somebody here looks at.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "setting": {},
    "table setting": {"badRowShare": "share", "schema": "text", "volatilePaths": "list"},
    "property setting": {
        "clearable": "flag",
        "decimalComma": "flag",
        "default": "note",
        "falseValues": "list",
        "optionsSeverity": "severity",
        "ownership": "ownership",
        "timezone": "text",
        "trueValues": "list",
    },
}
KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "flag": (lambda value: isinstance(value, bool), "true or false"),
    "text": (lambda value: isinstance(value, str), "text; write it in quotes"),
    "whole": (lambda value: type(value) is int, "a whole number"),
    "map": (lambda value: isinstance(value, dict), "a mapping such as {key: value}"),
    "list": (lambda value: isinstance(value, list), "a list such as [a, b]"),
    "share": (
        lambda value: type(value) in (int, float) and 0 <= value <= 1,
        "a share from 0 to 1, such as 0.05",
    ),
    "severity": (lambda value: value in ("error", "warning"), "error or warning"),
    "ownership": (
        lambda value: value in ("ours", "if_empty", "newest", "theirs"),
        "ours, if_empty, newest or theirs",
    ),
}


def hold(place: Place, entry: Mapping[str, Any], part: str = "contract") -> None:
    """Raises ContractError at the first key that is unknown or holds something else."""
    kinds = PARTS[part]
    for key, value in entry.items():
        kind = kinds.get(str(key))
        if kind is None:
            raise ContractError(
                f"{place.at(str(key))}: {key} is not known in a {part}; "
                f"valid: {', '.join(sorted(kinds))}."
            )
        if kind == "note" or value is None:
            continue
        if kind in KINDS:
            _hold_kind(place.at(key), key, value, kind)
        elif kind.startswith("list of "):
            _hold_list(place.at(key), key, value, kind.removeprefix("list of "))
        else:
            _hold_kind(place.at(key), key, value, "map")
            hold(place.at(key), value, kind)
    if part in SETTINGS:
        _hold_setting(place, entry, SETTINGS[part])


def _hold_kind(place: Place, key: str, value: object, kind: str) -> None:
    fits, words = KINDS[kind]
    if not fits(value):
        raise ContractError(f"{place}: {key} is {value!r}; it must be {words}.")


def _hold_list(place: Place, key: str, value: object, part: str) -> None:
    if not isinstance(value, list):
        raise ContractError(f"{place}: {key} must be a list of entries such as - name: id.")
    for position, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise ContractError(
                f"{place.at(position)}: {key} must be a list of entries such as - name: id."
            )
        hold(place.at(position), entry, part)


def _hold_setting(place: Place, entry: Mapping[str, Any], valid: Mapping[str, str]) -> None:
    if "property" not in entry or "value" not in entry:
        raise ContractError(f"{place}: customProperties {entry} needs property and value.")
    name, value = entry["property"], entry["value"]
    if name not in valid:
        raise ContractError(
            f"{place}: nobody looks at the custom property {name!r} here; "
            f"valid: {', '.join(valid) or 'none'}."
        )
    if valid[name] != "note":
        _hold_kind(place.at("value"), name, value, valid[name])
