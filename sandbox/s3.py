"""An S3 server on loopback, in a process of its own: moto's, which keeps everything in memory.

python -m sandbox.s3     says its address and serves until its standard input ends
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from systems import Connection

KEY, SECRET, REGION = "AKIAKOPRU", "bucket-secret-4711/&<", "eu-central-1"


@contextmanager
def serving() -> Iterator[str]:
    """Its address."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "sandbox.s3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield next(iter(process.stdout or ())).strip()
    finally:
        process.communicate()


def make_bucket(url: str, name: str) -> None:
    place = f"<LocationConstraint>{REGION}</LocationConstraint>"
    body = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>"
    requests.put(f"{url}/{name}", data=body, timeout=30).raise_for_status()


def connection(url: str) -> Connection:
    """As the Airflow connection `landing` would hold it."""
    return Connection(login=KEY, password=SECRET, extra={"endpoint_url": url, "region": REGION})


def main() -> None:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
