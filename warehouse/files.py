"""Files that are whole or not there, in a folder of this machine or in an object store.

Here: written aside, flushed, renamed. There: one put, which nobody sees before it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from upath import UPath

AT_ONCE = 100
Folder: TypeAlias = "Path | UPath"  # a folder or a file: Path on this machine, UPath in a store

DAY = 86_400.0  # seconds


def write_text(path: Folder, content: str) -> None:
    if not isinstance(path, Path):
        path.fs.pipe_file(path.path, content.encode())
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with aside.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def sweep(folder: Folder) -> None:
    """Removes what killed processes left there. What is young may be the work of one that lives."""
    if not isinstance(folder, Path):  # a put leaves nothing half-written
        return
    for aside in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - aside.stat().st_mtime > DAY:
                shutil.rmtree(aside) if aside.is_dir() else aside.unlink()


def flush(path: Folder) -> None:
    """To the disk; of a folder, the names in it. In a store what is there is there to stay."""
    if not isinstance(path, Path):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Folder, content: Any) -> None:
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1, default=str))


def read_json(path: Folder) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_texts(paths: Sequence[Folder]) -> Iterator[str]:
    """Of one folder; from a store many at once, because each takes its time to come."""
    if not paths or isinstance(paths[0], Path):
        yield from (path.read_text(encoding="utf-8") for path in paths)
        return
    for start in range(0, len(paths), AT_ONCE):
        keys = [_key(path) for path in paths[start : start + AT_ONCE]]
        content = paths[0].fs.cat(keys)
        yield from (content[key].decode() for key in keys)


@contextmanager
def opened(path: Folder) -> Iterator[Any]:
    """For Arrow, which opens files of this machine faster itself."""
    if isinstance(path, Path):
        yield path
        return
    with path.open("rb") as content:
        yield content


@contextmanager
def whole(path: Folder) -> Iterator[Path]:
    """A file of this machine to be written; it takes its place when the block ends well."""
    if isinstance(path, Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        yield aside
        aside.replace(path)
        return
    with tempfile.TemporaryDirectory(prefix="kopru-") as folder:
        aside = Path(folder) / path.name
        yield aside
        path.fs.put_file(str(aside), path.path)


def move(path: Folder, target: Folder) -> None:
    """In a store copied, then deleted: cut off in between, doing it again ends it."""
    if isinstance(path, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(str(target))
        return
    path.fs.cp_file(path.path, _key(target))
    path.fs.rm_file(path.path)


def named(folder: Folder, start: str = "") -> list[Folder]:
    """The folder's files whose names start so, by name; hidden ones left out."""
    found: list[Folder]
    if isinstance(folder, Path):
        found = [*folder.glob(f"{start}*")]
    else:
        # Not ls or glob: those take a listing that was refused for an empty one.
        inside = f"{folder.path}/"
        listed = [name.removeprefix(inside) for name in folder.fs.find(folder.path, prefix=start)]
        found = [folder / name for name in listed if "/" not in name]
    return sorted(path for path in found if not path.name.startswith("."))


def _key(path: Folder) -> str:
    """As its store knows it."""
    return str(path).partition("://")[2]
