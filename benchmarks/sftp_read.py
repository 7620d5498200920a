"""One file of sales lines from an SSH server on loopback to local bytes.

Ours is the files client: host key checked, AES-128 preferred, a temporary file. The baseline is
paramiko as it comes, with its prefetch, into a temporary file too.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import TIMES, Failed, Options, Row, figure, ratio, sales
from benchmarks.apart import Cost, apart, cost

SIZE = 300_000  # rows, about 150 bytes each
NAME = "satis.csv"


def measure(options: Options) -> list[Row]:
    with _serving(options.size) as address:
        ours_runs, their_runs = [], []
        for _ in range(TIMES):
            ours_runs.append(_run(options, ours, "ours", address))
            their_runs.append(_run(options, theirs, "bare paramiko prefetch", address))
    mine = median(run.seconds for run in ours_runs)
    other = median(run.seconds for run in their_runs)
    return [
        ratio("sftp_read", "bare paramiko prefetch", mine, other, "s", options.size),
        figure("sftp_read", "speed", address["bytes"] / mine / 1e6, "MB/s", options.size),
    ]


def _run(options: Options, what: Any, named: str, address: dict[str, Any]) -> Cost:
    return apart(options.say, f"sftp_read: {named}, {address['bytes'] / 1e6:.0f} MB", what, address)


def ours(address: dict[str, Any]) -> Cost:
    from clients.files import opened
    from systems import Connection, System

    connection = Connection(
        host=address["host"],
        port=address["port"],
        login="kopru",
        password=address["password"],
        extra={"host_key": address["host_key"]},
    )
    system = System("till", "files", connection=connection)
    with cost() as measured, opened(system) as folder, folder.fetched(f"out/{NAME}") as file:
        found = file.seek(0, 2)
    return _proven(measured, found, address)


def theirs(address: dict[str, Any]) -> Cost:
    import paramiko

    with tempfile.TemporaryFile() as file, cost() as measured:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - a baseline
        client.connect(
            address["host"], address["port"], username="kopru", password=address["password"],
            allow_agent=False, look_for_keys=False,
        )  # fmt: skip
        with client.open_sftp() as sftp:
            sftp.getfo(f"out/{NAME}", file)
        client.close()
        found = file.seek(0, 2)
    return _proven(measured, found, address)


def _proven(measured: Cost, found: int, address: dict[str, Any]) -> Cost:
    if found != address["bytes"]:
        raise Failed(f"{found} bytes came instead of {address['bytes']}")
    return measured


@contextmanager
def _serving(size: int) -> Iterator[dict[str, Any]]:
    """The till's server, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    stop = context.Event()
    process = context.Process(target=_serve, args=(sending, stop, size))
    process.start()
    try:
        yield receiving.recv()
    finally:
        stop.set()
        process.join()


def _serve(sending: Any, stop: Any, size: int) -> None:
    from sandbox.till import PASSWORD, Till

    till = Till([], [])
    path = Path(till.root, "out", NAME)
    sales.write(path, size, turkish=True)
    with till.serving() as address:
        sending.send(
            {
                "host": address.host,
                "port": address.port,
                "host_key": address.host_key,
                "password": PASSWORD,
                "bytes": path.stat().st_size,
            }
        )
        stop.wait()
