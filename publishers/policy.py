"""Whose a field is, and what follows from it for one value.

    ours       we write it, whatever stands there
    if_empty   we write it where the tool holds nothing
    newest     we write it until somebody edits it in the tool: then theirs stays
    theirs     we never write it

Somebody edited a value that is neither what we last wrote nor, where we never did, nothing. Null
erases a value only where the field is ours and its contract says `clearable`.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from publishers import Field, State


def may_be_sent(field: Field, wanted: str | None) -> bool:
    """Without a look at what the tool holds."""
    if field.ownership == "theirs":
        return False
    return bool(wanted) or (field.ownership == "ours" and field.clearable)


def decide(field: Field, wanted: str | None, wrote: str | None, holds: str | None) -> State:
    """found: it is there. kept: theirs stays. accepted: to be sent, and that if all goes well.

    `wrote`: what we last wrote there, null where never. `holds`: what the tool has now.
    """
    if is_same(field, wanted, holds):
        return "found"
    edited = not is_same(field, wrote, holds)
    kept = (field.ownership == "if_empty" and holds) or (field.ownership == "newest" and edited)
    return "kept" if kept else "accepted"


def is_same(field: Field, one: str | None, other: str | None) -> bool:
    """Tools write numbers their way (12.5 for 12.50), and hold nothing as an empty text."""
    one, other = one or None, other or None
    if one == other or one is None or other is None or field.type not in ("decimal", "integer"):
        return one == other
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False
