"""How fast, and against what.

A benchmark is a module of this folder, named as its rows are, with

    SIZE                          what it measures: orders, people, systems
    measure(options) -> list[Row]

Ours and its baseline are measured in turn in the same run. A row that compares has `metric`
"ratio": value = ours / theirs, lower is better. Any other row is a figure by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
TIMES = 3  # each measurement; its median counts
PATIENCE = 30.0  # seconds; a baseline beyond it runs once, smaller


@dataclass(frozen=True)
class Options:
    """`size` in the benchmark's own unit; `full`: no shortening of long baselines."""

    size: int
    full: bool
    say: Callable[[str], None]


class Failed(AssertionError):
    """What was measured did not do its work, so its speed means nothing."""


def ratio(name: str, baseline: str, ours: float, theirs: float, unit: str, size: int) -> Row:
    return {
        "name": name,
        "metric": "ratio",
        "baseline": baseline,
        "value": round(ours / theirs, 4),
        "ours": round(ours, 3),
        "theirs": round(theirs, 3),
        "unit": unit,
        "size": size,
    }


def figure(name: str, metric: str, value: float, unit: str, size: int) -> Row:
    return {"name": name, "metric": metric, "value": round(value, 3), "unit": unit, "size": size}
