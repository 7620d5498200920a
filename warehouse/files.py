"""Files that are whole or not there: written aside, flushed, renamed."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

DAY = 86_400.0  # seconds


def write_text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with aside.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def sweep(folder: Path) -> None:
    """Removes what killed processes left there. What is young may be the work of one that lives."""
    for aside in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - aside.stat().st_mtime > DAY:
                shutil.rmtree(aside) if aside.is_dir() else aside.unlink()


def write_json(path: Path, content: Any) -> None:
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1, default=str))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
