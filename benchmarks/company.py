"""The company in a box in a process of its own, so that its servers' work is not counted as ours.

python -m benchmarks.company PEOPLE     says the connections on its standard output as one line
of JSON: secrets go through the pipe and nowhere else. Each line on its standard input lets a
night fall and is answered by a line of JSON; the end of the input ends it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import Failed
from systems import Connection, System, load

ROOT = Path(__file__).parent.parent
SEED = 7


class Company:
    """The running company: its systems, connected."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        connections = self._line()
        self.systems: list[System] = [
            system.connected(Connection(**connections[name]))
            for name, system in load(ROOT / "systems.toml").items()
        ]

    def night_falls(self) -> dict[str, int]:
        """Records changed from outside so far, by system."""
        assert self.process.stdin
        self.process.stdin.write("night\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> dict:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the company ended with {self.process.wait()}, see above")
        return json.loads(line)


@contextmanager
def running(people: int, say: Callable[[str], None]) -> Iterator[Company]:
    say(f"starting the company: five servers, {people:,} people")
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.company", str(people)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    try:
        yield Company(process)
    finally:
        process.communicate()


def main() -> None:
    from sandbox.box import opened

    with opened(int(sys.argv[1]), SEED) as box:
        print(json.dumps(box.connections), flush=True)
        for _ in sys.stdin:
            box.night_falls()
            print(
                json.dumps({name: writes for name, (_, writes) in box.counts().items()}), flush=True
            )


if __name__ == "__main__":
    main()
