from __future__ import annotations

from pathlib import Path

import pytest

import warehouse.check
from tests.core.house import House, counted


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(warehouse.check, "validate", counted)
    return House(tmp_path, monkeypatch)
