"""An operation's arguments from the settings, with the places for values filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{([a-z_]+)\}")
KNOWN = ("since", "until", "key", "offset", "page", "bookmark", "size")


class _Gone:
    """What becomes of a text whose place has no value."""


GONE = _Gone()


def filled(arguments: Any, values: Mapping[str, str | None]) -> Any:
    """Arguments with {key}, {since} ... replaced.

    A text whose place has no value (no {since} on a first read) is left out, and with it the
    item of a list that it stands in: a filter without its criterion is no filter.
    """
    if isinstance(arguments, Mapping):
        made = {name: filled(value, values) for name, value in arguments.items()}
        return {name: value for name, value in made.items() if value is not GONE}
    if isinstance(arguments, list):
        return [made for one in arguments if (made := _item(one, values)) is not GONE]
    if isinstance(arguments, bool):
        return str(arguments).lower()
    text = str(arguments)
    places = [place for place in PLACE.findall(text) if place in KNOWN]
    if any(values.get(place) is None for place in places):
        return GONE
    for place in places:
        text = text.replace(f"{{{place}}}", str(values[place]))
    return text


def _item(one: Any, values: Mapping[str, str | None]) -> Any:
    made = filled(one, values)
    if isinstance(one, Mapping) and isinstance(made, Mapping) and made.keys() != one.keys():
        return GONE
    return made


def places(arguments: Any) -> set[str]:
    """The names in braces anywhere in the arguments."""
    if isinstance(arguments, Mapping):
        return {place for value in arguments.values() for place in places(value)}
    if isinstance(arguments, list):
        return {place for value in arguments for place in places(value)}
    return set(PLACE.findall(str(arguments)))
