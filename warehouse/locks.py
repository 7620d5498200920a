"""One process at a time, across processes; a lock ends with the process that holds it."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from warehouse import Places

log = logging.getLogger(__name__)
PATIENCE = 600.0  # seconds that one who checks, or writes to a tool, waits for another
EVERY = 0.5


class Taken(RuntimeError):
    """Another process is at it."""


@contextmanager
def alone(root: Path, system: str, doing: str = "pulled", *, wait: float = 0.0) -> Iterator[None]:
    """`doing`: pulled; rewritten, for who changes files of loads that were accepted; checked;
    written to, for who writes to the tool or changes what we remember of it. `wait`: seconds."""
    root.mkdir(parents=True, exist_ok=True)
    name = f".{system}.lock" if doing == "pulled" else f".{system}.{doing.replace(' ', '-')}.lock"
    with (root / name).open("w") as lock:
        words = f"{system} is being {doing} by another process"
        if wait and not _locked(lock):
            log.info("%s, which is waited for up to %d s", words, wait)
        while not _locked(lock):
            if wait <= 0:
                raise Taken(f"{words}. Wait for it to end.")
            time.sleep(EVERY)
            wait -= EVERY
        yield


def writing_to(
    places: Places, system: str, *, wait: float | None = None
) -> AbstractContextManager[None]:
    """Alone with a tool and with what the journal says of it: publishing, taking back,
    forgetting. `wait`: seconds, else PATIENCE."""
    return alone(places.here, system, "written to", wait=PATIENCE if wait is None else wait)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
