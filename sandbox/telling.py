"""Prints what the demo does and finds: timed lines and small tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Teller:
    started: float = field(default_factory=time.monotonic)

    def say(self, words: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - self.started:6.1f} s] {words}\n")
        sys.stdout.flush()

    def title(self, words: str) -> None:
        sys.stdout.write(f"\n== {words}\n")
        sys.stdout.flush()

    def table(self, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        cells = [list(header), *([_text(cell) for cell in row] for row in rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
        for row in cells:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            sys.stdout.write(f"  {line.rstrip()}\n")
        sys.stdout.flush()


def _text(cell: Any) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
