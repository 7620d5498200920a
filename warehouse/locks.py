"""One process at a time, across processes; a lock ends with the process that holds it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Taken(RuntimeError):
    """Another process is at it."""


@contextmanager
def alone(root: Path, system: str, doing: str = "pulled") -> Iterator[None]:
    """`doing`: pulled, or rewritten: for who changes files of loads that were accepted."""
    root.mkdir(parents=True, exist_ok=True)
    name = f".{system}.lock" if doing == "pulled" else f".{system}.{doing}.lock"
    with (root / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Taken(
                f"{system} is being {doing} by another process. Wait for it to end."
            ) from None
        yield
