"""Our one line in a text field that belongs to people.

Old packages have no field for us, only a note. What people wrote there stays as it is, also what
only Unicode calls the end of a line.
"""

from __future__ import annotations

from collections.abc import Mapping

MARK = "[Köprü]"


def with_ours(text: str, values: Mapping[str, str]) -> str:
    """The text with our line made of `values` (in place, else at the end); none for no values."""
    line = f"{MARK} " + "; ".join(f"{name}={value}" for name, value in values.items())
    kept, placed = [], not values
    for old in text.split("\n") if text else ():
        if not old.startswith(MARK):
            kept.append(old)
        elif not placed:
            kept.append(line)
            placed = True
    return "\n".join(kept if placed else [*kept, line])


def without_ours(text: str) -> str:
    return with_ours(text, {}) if MARK in text else text


def ours(text: str) -> dict[str, str]:
    """The values in our line; empty when we have none there."""
    for line in text.split("\n"):
        if line.startswith(MARK):
            pairs = (pair.partition("=") for pair in line.strip().removeprefix(MARK).split("; "))
            return {name.strip(): value for name, sign, value in pairs if sign}
    return {}
