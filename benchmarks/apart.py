"""Runs a function in a process of its own, forked from one that has loaded the libraries.

As the scheduler does with tasks: what a library costs to import is paid once, before, and no
measurement finds the memory, caches or threads of the one before it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import psutil

from benchmarks import Failed

Result = TypeVar("Result")
PRELOADED = [
    *("great_expectations", "contracts.dialect"),
    *("warehouse.pull", "warehouse.check", "warehouse.load"),
    *("warehouse.build", "publishers.engine", "scipy.sparse.csgraph", "phonenumbers"),
    *("scipy.optimize", "splink"),
    *("sources.shopify", "sources.woocommerce", "sources.hubspot", "sources.soap"),
    *("sources.files", "publishers.soap", "publishers.files", "dlt.destinations"),
]
EVERY = 5.0  # seconds between two signs of life


@dataclass
class Cost:
    """`seconds` by the clock, `cpu` seconds of this process, `memory`: MB of growth at its peak."""

    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0


@contextmanager
def cost() -> Iterator[Cost]:
    """Measures its block; call it once in a process, because a peak is for ever. What was made for
    it is on the disk before, else writing that would be measured."""
    os.sync()
    before = psutil.Process().memory_info().rss
    measured, started, cpu = Cost(), time.perf_counter(), time.process_time()
    yield measured
    measured.seconds = time.perf_counter() - started
    measured.cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    measured.memory = max(peak - before, 0) / 1e6


def apart(
    say: Callable[[str], None], what: str, function: Callable[..., Result], *arguments: Any
) -> Result:
    """The function's result; `what` is said again and again until it is there."""
    say(what)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sending, function, arguments))
    process.start()
    sending.close()
    started = time.monotonic()
    try:
        while not receiving.poll(EVERY):
            say(f"{what}: {time.monotonic() - started:.0f} s so far")
        return receiving.recv()
    except EOFError:
        process.join()
        raise Failed(f"{what}: ended with {process.exitcode}, see above") from None
    finally:
        process.join()


def _answer(sending: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    gc.freeze()  # as Airflow's executor does: what was there before it forked is never collected
    sending.send(function(*arguments))
