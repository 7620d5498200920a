"""Numbers of which nobody said how they are written: refused where that matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sources.cells import Cells
from sources.contract import Column
from sources.files.formats import Unreadable
from sources.shapes import Row

GROUPED = r"^\s*[+-]?[0-9]{1,3}(\.[0-9]{3})+\s*$"  # 1.234: a thousand, or one and a bit?
DOTTED = r"^\s*[+-]?[0-9]*\.[0-9]*\s*$"
COMMA = r"^\s*[+-]?[0-9.]*[0-9],[0-9]+\s*$"


def hold_numbers(pages: Iterable[Sequence[Row]], wanted: Sequence[Column]) -> None:
    """Raises Unreadable for a column of numbers that may mean two things.

    Only columns are looked at whose contract does not say whether they have a decimal comma.
    """
    silent = [
        column.path
        for column in wanted
        if column.logical in ("number", "integer") and "decimalComma" not in column.settings
    ]
    if not silent:
        return
    counts = {name: dict.fromkeys((GROUPED, DOTTED, COMMA, ""), 0) for name in silent}
    for page in pages:
        for name in silent:
            _count(counts[name], _values(page, name))
    for name, found in counts.items():
        _judge(name, found)


def _values(page: Sequence[Row], name: str) -> pa.Array:
    if isinstance(page, Cells) and name in page.batch.schema.names:
        return page.batch.column(name)
    return pa.array([str(row.get(name) or "") for row in page], pa.string())


def _count(counts: dict[str, int], values: pa.Array) -> None:
    for pattern in (GROUPED, DOTTED, COMMA):
        counts[pattern] += pc.sum(pc.match_substring_regex(values, pattern)).as_py() or 0
    counts[""] += pc.sum(pc.not_equal(values, "")).as_py() or 0


def _judge(name: str, found: Mapping[str, int]) -> None:
    if found[COMMA] * 2 > found[""]:
        raise Unreadable(
            f"column {name} has decimal commas and its contract does not say so. Add "
            "customProperties: [{property: decimalComma, value: true}] to it"
        )
    if found[GROUPED] and found[GROUPED] == found[DOTTED]:
        raise Unreadable(
            f"column {name} has values such as 1.234, which may be a thousand or a decimal "
            "fraction. Add customProperties: [{property: decimalComma, value: true}] to it in the "
            "contract (or false, where the dot is the decimal point)"
        )
