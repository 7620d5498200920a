"""python -m benchmarks [--only NAME] [--full] [--size N] [--out FILE]

Prints a table and writes the rows to benchmarks/latest.json; rows of benchmarks that were not
run stay there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import Options, Row

HERE = Path(__file__).parent
NAMES = (
    *("pull_csv", "sftp_read", "pull_nested", "pull_http", "soap_stream", "second_round"),
    *("check", "load_merge", "build_360", "build_360_change", "serve", "dag_parse"),
    *("customer_value", "resolve", "resolve_change"),
    *("publish_diff", "publish_calls", "publish_pace"),
    *(f"identity_{name}" for name in ("febrl3", "febrl4", "sandbox_3000", "sandbox_100000")),
)
OVER_SETS = ("identity",)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--full", action="store_true", help="long baselines too at full size")
    parser.add_argument("--size", type=int, help="orders, people or systems instead of the usual")
    parser.add_argument("--out", type=Path, default=HERE / "latest.json")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()

    def say(words: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {words}", flush=True)

    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    rows: list[Row] = []
    for name in [chosen.only] if chosen.only else NAMES:
        found = _measured(name, chosen.size, chosen.full, say)
        keep(chosen.out, found)
        rows += found
    print(table(rows))
    return 0


def _measured(name: str, size: int | None, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Of benchmarks over several sets, <benchmark>_<set> is one."""
    base, _, part = name.partition("_")
    module = importlib.import_module(f"benchmarks.{base if base in OVER_SETS else name}")
    options = Options(size or module.SIZE, full, say)
    return module.measure(options, part) if base in OVER_SETS else module.measure(options)


def keep(path: Path, rows: list[Row]) -> None:
    """Puts the rows in the place of the same benchmarks' earlier ones."""
    earlier = json.loads(path.read_text()) if path.exists() else []
    names = {row["name"] for row in rows}
    kept = [row for row in earlier if row["name"] not in names] + rows
    path.write_text(json.dumps(kept, indent=1) + "\n")


def table(rows: list[Row]) -> str:
    lines = [("benchmark", "metric", "value", "ours", "theirs", "unit", "size", "baseline")]
    for row in rows:
        lines.append(
            (
                row["name"],
                row["metric"],
                f"{row['value']:,g}",
                *(f"{row[who]:,g}" if who in row else "" for who in ("ours", "theirs")),
                row["unit"],
                f"{row['size']:,}",
                row.get("baseline", ""),
            )
        )
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
