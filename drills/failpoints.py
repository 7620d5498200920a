"""Places in the code where a process dies: by SIGKILL, before or after a call.

A point is one call, seen from the module that makes it; of calls about files only those of one
kind. Nothing in the product knows of them.
"""

from __future__ import annotations

import importlib
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple


class Point(NamedTuple):
    """`about`: what one of the call's arguments contains."""

    owner: str  # module, or module:class
    name: str
    after: bool = True
    about: str = ""


BEFORE = False
PLACED = ("pathlib:Path", "replace")  # how every file of ours takes its place
CHECK = {
    "check.typed": Point(*PLACED, BEFORE, "/typed/"),
    "check.kept": Point("warehouse.check", "keep"),
    "check.judged": Point("warehouse.check", "judge"),
    "check.bad": Point(*PLACED, BEFORE, ".bad."),
    "check.bad_placed": Point(*PLACED, about=".bad."),
    "check.verdict": Point(*PLACED, BEFORE, ".checked.json"),
    "check.verdict_placed": Point(*PLACED, about=".checked.json"),
}
LOAD = {
    "load.tables": Point("warehouse.tables", "ensure"),
    "load.quarantined": Point("warehouse.load", "_quarantine"),
    "load.merged": Point("warehouse.load", "_merge"),
    "load.tombstoned": Point("warehouse.load", "_tombstone"),
    "load.forgotten": Point("warehouse.load", "forget"),
    "load.committed": Point("warehouse.load", "transaction"),
    "load.decided": Point("warehouse.load", "_decide"),
}
BUILD = {
    "build.as_of": Point("warehouse.build", "store_as_of"),
    "build.model": Point("warehouse.build", "_build"),
    "build.noted": Point("warehouse.tables", "bump", about="marts."),
    "build.held": Point("warehouse.build", "hold"),
    "build.described": Point("warehouse.meta", "describe"),
}
SERVE = {
    "serve.parquet": Point("warehouse.serve", "_parquet"),
    "serve.table": Point("warehouse.snapshot", "_comment"),
    "serve.snapshot": Point("warehouse.snapshot", "write"),
    "serve.waiting": Point(*PLACED, BEFORE, "/serving/"),
    "serve.placed": Point(*PLACED, about="/serving/"),
    "serve.served": Point("warehouse.build", "serve"),
}
JOURNAL = {
    "journal.written": Point(*PLACED, BEFORE, "/journal/"),
    "journal.placed": Point(*PLACED, about="/journal/"),
    "journal.reading": Point("warehouse.tables", "bump", BEFORE, "journal."),
    "journal.read": Point("warehouse.journaled", "transaction"),
    "journal.intended": Point("publishers.ledger:Ledger", "intend"),
    "journal.sent": Point("publishers.files", "send"),
    "journal.recorded": Point("publishers.ledger:Ledger", "record"),
}
# By the step that comes to them first.
STEPS: Mapping[str, Mapping[str, Point]] = {
    "check": CHECK,
    "load": LOAD,
    "build": {**BUILD, **SERVE, **JOURNAL},
}
# Of a run that gives values back to a tool, in their order.
PUBLISH = {
    "publish.planned": Point("publishers.engine", "plan"),
    "publish.reading": Point("publishers.engine:Run", "_held", BEFORE),
    "publish.read": Point("publishers.engine:Run", "_held"),
    "publish.intending": Point("publishers.ledger:Ledger", "intend", BEFORE),
    "publish.intended": Point("publishers.ledger:Ledger", "intend"),
    "publish.answered": Point("publishers.engine", "one_each", BEFORE),
    "publish.recorded": Point("publishers.ledger:Ledger", "record"),
    "publish.ending": Point("warehouse.journal:Journal", "append", BEFORE, "publish_runs"),
    "publish.ended": Point("warehouse.journal:Journal", "append", about="publish_runs"),
}
# In the middle of a batch: each call of a protocol.
CALLS = {"http.asked": Point("requests:Session", "request")}
PLACING = {
    "sftp.placing": Point("paramiko:SFTPClient", "putfo", BEFORE),
    "sftp.aside": Point("paramiko:SFTPClient", "putfo"),
    "sftp.placed": Point("paramiko:SFTPClient", "posix_rename"),
}
POINTS = {
    name: point
    for points in (*STEPS.values(), PUBLISH, CALLS, PLACING)
    for name, point in points.items()
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, hit: int) -> None:
    """This process dies at the call of that number."""
    calls = iter(range(1, hit + 1))
    _watch(POINTS[name], lambda: next(calls, 0) == hit)


def count() -> Counter[str]:
    """Of every point, how often this process has passed it; fills while it runs."""
    passed: Counter[str] = Counter()
    for name, point in POINTS.items():
        _watch(point, lambda name=name: passed.update([name]))
    return passed


def _watch(point: Point, passing: Callable[[], Any]) -> None:
    module, _, inside = point.owner.partition(":")
    owner = importlib.import_module(module)
    owner = getattr(owner, inside) if inside else owner
    real = getattr(owner, point.name)

    def pass_by() -> None:
        if passing() is True:
            die()

    def call(*args: Any, **options: Any) -> Any:
        if not any(point.about in str(arg) for arg in args or ("",)):
            return real(*args, **options)
        if not point.after:
            pass_by()
        answer = real(*args, **options)
        if point.after:
            pass_by()
        return answer

    @contextmanager
    def around(*args: Any) -> Iterator[None]:
        with real(*args):
            yield
        pass_by()

    setattr(owner, point.name, around if point.name == "transaction" else call)
