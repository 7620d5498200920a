"""The recorded WooCommerce store beside the repository; tests that need it skip without it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clients.scripted import answer

STORE = Path(__file__).parents[3] / "shared" / "recordings" / "woocommerce"
needed = pytest.mark.skipif(not STORE.exists(), reason=f"{STORE} is not there")


def rows(table: str) -> list[dict[str, Any]]:
    pages = json.loads(gzip.decompress((STORE / f"{table}.json.gz").read_bytes()))
    return [row for page in pages for row in page["body"]]


def case(name: str) -> requests.Response:
    """One recorded answer, as it came over the wire."""
    recorded = json.loads((STORE / "cases" / f"{name}.json").read_text(encoding="utf-8"))
    return answer(recorded["status"], recorded["body"], recorded["headers"])
