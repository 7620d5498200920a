"""Files on an SFTP server or in a local folder, behind one interface.

The connection of an SFTP server: see `clients.ssh`. No host: a local folder, settings.folder.
What a server or a folder calls its files never leads out of the directory that was listed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

import paramiko

from clients import Denied, Refused, Unavailable, ssh
from clients.answers import hidden
from systems import System

SPOOL = 8_000_000  # bytes of a file kept in memory; the rest goes to a temporary file


@dataclass(frozen=True)
class Entry:
    """A file; `stamp` is another one when its size or time of change is. `modified`: when, in
    seconds since 1970 by the server's clock."""

    name: str
    stamp: str
    modified: float = 0.0


class Folder(Protocol):
    """Paths are relative to where the login starts, with /."""

    def entries(self, directory: str) -> list[Entry]: ...

    def stamp(self, path: str) -> str:
        """Of the file as it is now."""

    def head(self, path: str, size: int) -> bytes:
        """Its first bytes."""

    def fetched(self, path: str) -> AbstractContextManager[IO[bytes]]: ...

    def place(self, path: str, content: bytes) -> None: ...


@contextmanager
def opened(system: System) -> Iterator[Folder]:
    """The system's files; raises what `clients` defines, also for errors while it is in use."""
    if not system.connection.host:
        yield Local(system)
        return
    with ssh.channel(system, _translated) as client:
        yield Sftp(system, client)


class Local:
    """A folder of this machine, or one mounted here."""

    def __init__(self, system: System) -> None:
        root = system.settings.get("folder")
        if not root:
            raise Denied(
                system.name,
                "it has neither a host in its connection nor a folder in its settings",
                "Set the connection's host for SFTP, or folder in systems.toml.",
            )
        self.system, self.root = system, Path(str(root))

    def entries(self, directory: str) -> list[Entry]:
        with _translated(self.system, directory):
            found = [
                Entry(file.name, _stamp(file.stat()), file.stat().st_mtime)
                for file in os.scandir(self._inside(directory))
                if file.is_file() and Path(file.path).resolve().is_relative_to(self.root.resolve())
            ]
            return sorted(found, key=lambda entry: entry.name)

    def stamp(self, path: str) -> str:
        with _translated(self.system, path):
            return _stamp(self._inside(path).stat())

    def head(self, path: str, size: int) -> bytes:
        with _translated(self.system, path), self._inside(path).open("rb") as file:
            return file.read(size)

    @contextmanager
    def fetched(self, path: str) -> Iterator[IO[bytes]]:
        with _translated(self.system, path):
            file = self._inside(path).open("rb")
        with file:
            yield file

    def place(self, path: str, content: bytes) -> None:
        with _translated(self.system, path):
            aside = self._inside(_aside(path))
            aside.write_bytes(content)
            aside.replace(self._inside(path))

    def _inside(self, path: str) -> Path:
        """Links are followed, as far as they stay in the folder."""
        found = (self.root / path).resolve()
        if not found.is_relative_to(self.root.resolve()):
            raise Refused(
                self.system.name,
                f"{path} leads out of the folder {self.root}",
                "Correct directory in its settings, or take the link out of the folder.",
            )
        return found


class Sftp:
    def __init__(self, system: System, client: paramiko.SFTPClient) -> None:
        self.system, self.client = system, client

    def entries(self, directory: str) -> list[Entry]:
        with _translated(self.system, directory):
            listed = self.client.listdir_attr(directory)
        files = [
            Entry(entry.filename, f"{entry.st_size} {entry.st_mtime}", float(entry.st_mtime or 0))
            for entry in listed
            if (entry.st_mode is None or S_ISREG(entry.st_mode)) and _is_name(entry.filename)
        ]
        return sorted(files, key=lambda entry: entry.name)

    def stamp(self, path: str) -> str:
        with _translated(self.system, path):
            found = self.client.stat(path)
        return f"{found.st_size} {found.st_mtime}"

    def head(self, path: str, size: int) -> bytes:
        with _translated(self.system, path), self.client.open(path, "rb") as file:
            return file.read(size)

    @contextmanager
    def fetched(self, path: str) -> Iterator[IO[bytes]]:
        with SpooledTemporaryFile(SPOOL) as file:
            # Bounded read-ahead: unbounded, paramiko asks for the whole file at once.
            with _translated(self.system, path):
                self.client.getfo(path, file, max_concurrent_prefetch_requests=64)
            file.seek(0)
            yield file

    def place(self, path: str, content: bytes) -> None:
        aside = _aside(path)
        with _translated(self.system, path):
            self.client.putfo(io.BytesIO(content), aside, confirm=True)
            try:
                self.client.posix_rename(aside, path)
            except OSError:  # not all servers know this extension; a plain rename replaces nothing
                self.client.rename(aside, path)


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_size} {found.st_mtime_ns}"


def _is_name(name: str) -> bool:
    """A server may say ../../etc/passwd; that is not the name of a file in this directory."""
    return name not in ("", ".", "..") and not any(mark in name for mark in "/\\\0")


def _aside(path: str) -> str:
    where = PurePosixPath(path)
    return str(where.with_name(f".{where.name}.part"))


@contextmanager
def _translated(system: System, path: str = "") -> Iterator[None]:
    host, port = system.connection.host, system.connection.port
    where = f"{host}:{port or 22}" if host else f"the folder {system.settings.get('folder')}"
    try:
        yield
    except paramiko.AuthenticationException:
        raise Denied(
            system.name,
            f"{where} refuses the login {system.connection.login!r}",
            "Correct login and password, or extra.private_key, in the Airflow connection "
            f"{system.name!r}.",
        ) from None
    except FileNotFoundError as error:
        raise Refused(
            system.name,
            f"there is no {path or error.filename}",
            "Correct directory and file names in its settings in systems.toml.",
        ) from None
    except PermissionError as error:
        raise Denied(
            system.name,
            f"no permission for {path or error.filename}",
            "Give the login the right to it.",
        ) from None
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Unavailable(
            system.name,
            f"{where} does not answer as it should ({type(error).__name__}: "
            f"{hidden(str(error), system.connection.secrets)})",
            f"See that it runs, or correct the Airflow connection {system.name!r}.",
        ) from None
