"""python -m drills [--only NAME] [--size N] [--full] [--kills N] [--seed N] [--folder DIR]

Prints progress every few seconds, at last each drill's result as a line of JSON; ends with 1 when
anything was lost, doubled, or grew too large.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path

NAMES = (
    *("contacts", "orders", "moving", "stream"),
    *("crash", "publish", "readers", "growth", "ids", "echo", "bi"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m drills", description=__doc__)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--size", type=int, help="rows, instead of the drill's own number")
    parser.add_argument("--full", action="store_true", help="pulls at full size: over an hour")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the moments to kill at")
    parser.add_argument("--folder", type=Path, help="where the landing stays to be looked at")
    chosen = parser.parse_args()
    good = True
    for name in [chosen.only] if chosen.only else NAMES:
        module = importlib.import_module(f"drills.{name}")
        with tempfile.TemporaryDirectory(prefix="kopru-drill-", dir=chosen.folder) as folder:
            usual = getattr(module, "FULL_SIZE", module.SIZE) if chosen.full else module.SIZE
            result = module.drill(Path(folder), chosen.size or usual, chosen.kills, chosen.seed)
        print(json.dumps({"drill": name, **result}), flush=True)
        good = good and result["proven"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
