"""Hypothesis without its clocks (how long an example takes says how busy the machine is), and an
object store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

import sandbox.s3

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server."""
    for package in ("moto", "s3fs", "duckdb_extension_httpfs"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    with sandbox.s3.serving() as url:
        yield url


@pytest.fixture
def address(server: str, request: pytest.FixtureRequest) -> str:
    """Of a landing in a bucket of its own."""
    bucket = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:40]
    sandbox.s3.make_bucket(server, bucket)
    return f"s3://{bucket}/acme/landing"
