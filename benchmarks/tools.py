"""The tools that are given something, with their vendors' limits, in a process of their own.

python -m benchmarks.tools SIZE     says the connections on its standard output as one line of
JSON: secrets go through the pipe and nowhere else. Each line on its standard input is answered by
what the tools have counted since: `calls` that write, answers that said `throttled`, and of every
request its moment and its points. The end of the input ends it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import Failed
from systems import Connection, System, load

ROOT = Path(__file__).parent.parent
PUBLISHED = ("shop", "webshop", "crm", "erp", "till")
# Of a Standard shop and of a Free or Starter account.
BUCKET, RESTORE = 2000.0, 100.0  # points, points a second
REQUESTS, WINDOW = 100, 10.0  # seconds


class Tools:
    """`systems`: connected, by kind."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        known, connections = load(ROOT / "systems.toml"), self._line()
        self.systems: dict[str, System] = {
            known[name].kind: known[name].connected(Connection(**connections[name]))
            for name in PUBLISHED
        }

    def counted(self) -> dict[str, dict[str, Any]]:
        """By kind, since the last time."""
        assert self.process.stdin
        self.process.stdin.write("counted\n")
        self.process.stdin.flush()
        said = self._line()
        return {system.kind: said[system.name] for system in self.systems.values()}

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the tools ended with {self.process.wait()}, see above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(
    size: int, say: Callable[[str], None], limits: tuple[float, float, int, float] | None = None
) -> Iterator[Tools]:
    """`limits`: points, points a second; requests, seconds. None: the tools have none."""
    say(f"starting the tools: five servers, {size:,} customers each")
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.tools", str(size), *map(str, limits or ())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    try:
        yield Tools(process)
    finally:
        process.communicate()


class Counts:
    """What one tool was asked."""

    def __init__(self) -> None:
        self.calls = self.throttled = 0
        self.asked: list[tuple[float, float]] = []

    def answering(self, store: Any) -> None:
        """Has an HTTP server count."""
        answer = store.answer

        def counted(call: Any) -> Any:
            response = answer(call)
            body = bytes(response.body)
            throttled = response.status_code == 429 or b"THROTTLED" in body
            self.throttled += throttled
            self.calls += store.is_write(call) and not throttled
            if not throttled:
                points = json.loads(body).get("extensions", {}) if b"QueryCost" in body else {}
                spent = points.get("cost", {}).get("actualQueryCost") or 0
                self.asked.append((time.monotonic(), spent))
            return response

        store.answer = counted

    def operating(self, store: Any, name: str) -> None:
        """Has a SOAP server count one operation."""
        operation = store.operations[name]

        def counted(**arguments: Any) -> Any:
            self.calls += 1
            return operation(**arguments)

        store.operations[name] = counted

    def taken(self) -> dict[str, Any]:
        said = {"calls": self.calls, "throttled": self.throttled, "asked": self.asked}
        self.calls = self.throttled = 0
        self.asked = []
        return said


def main(arguments: list[str]) -> None:
    from sandbox.box import connected, stores
    from sandbox.hubspot.limits import Limits
    from sandbox.records import Customer
    from sandbox.shopify.cost import Bucket

    size, *limits = arguments
    moment = datetime(2026, 3, 1, tzinfo=UTC)

    def customers(_: str) -> tuple[list[Customer], list[Any]]:
        return [
            Customer(str(n), "", f"Kişi {n}", email=f"k{n}@posta.example", updated_at=moment)
            for n in range(1, int(size) + 1)
        ], []

    made = stores(customers)
    shop, crm, till = made["shop"], made["crm"], made["till"]
    if limits:
        points, restore, requests, window = map(float, limits)
        shop.bucket = Bucket(points, restore, time.monotonic)
        crm.limits = Limits(int(requests), None, time.monotonic, window)
    counts = {name: Counts() for name in PUBLISHED}
    for name in ("shop", "webshop", "crm"):
        counts[name].answering(made[name])
    counts["erp"].operating(made["erp"], "updateThirdParty")
    placed: set[str] = set()
    with ExitStack() as stack:
        print(json.dumps(stack.enter_context(connected(made))), flush=True)
        for _ in sys.stdin:
            files = {file.name for file in (till.root / "in").glob("*.csv")}
            counts["till"].calls += len(files - placed)
            placed |= files
            print(json.dumps({name: one.taken() for name, one in counts.items()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
