"""A short fingerprint of a row, the same for the same values."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(row: Any) -> str:
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
