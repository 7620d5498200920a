"""Files on an SFTP server or in a local folder, behind one interface.

The connection: host, port, login, password or extra.private_key, and extra.host_key (a line
"ssh-ed25519 AAAA..."), without which no SFTP server is talked to. No host: settings.folder.
"""

from __future__ import annotations

import base64
import io
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

import paramiko

from clients import Denied, Refused, Unavailable
from systems import System

TIMEOUT = 30.0  # seconds, for every answer
SPOOL = 8_000_000  # bytes of a file kept in memory; the rest goes to a temporary file
# AES-128 first: ten times the default's speed on large files (4.7 against 60 MB/s measured).
CIPHERS = ("aes128-gcm@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com", "aes256-ctr")


@dataclass(frozen=True)
class Entry:
    """A file; `stamp` is another one when its size or time of change is."""

    name: str
    stamp: str


class Folder(Protocol):
    """Paths are relative to where the login starts, with /."""

    def entries(self, directory: str) -> list[Entry]: ...

    def fetched(self, path: str) -> AbstractContextManager[IO[bytes]]: ...

    def place(self, path: str, content: bytes) -> None: ...


@contextmanager
def opened(system: System) -> Iterator[Folder]:
    """The system's files; raises what `clients` defines, also for errors while it is in use."""
    if not system.connection.host:
        yield Local(system)
        return
    with _transport(system) as transport, _translated(system):
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise Refused(system.name, "the server opens no SFTP channel", "Enable SFTP there.")
        with client:
            channel = client.get_channel()
            if channel is not None:
                channel.settimeout(TIMEOUT)
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
            files = [entry for entry in os.scandir(self.root / directory) if entry.is_file()]
            return sorted(
                (
                    Entry(file.name, f"{file.stat().st_size} {file.stat().st_mtime_ns}")
                    for file in files
                ),
                key=lambda entry: entry.name,
            )

    @contextmanager
    def fetched(self, path: str) -> Iterator[IO[bytes]]:
        with _translated(self.system, path):
            file = (self.root / path).open("rb")
        with file:
            yield file

    def place(self, path: str, content: bytes) -> None:
        with _translated(self.system, path):
            aside = self.root / _aside(path)
            aside.write_bytes(content)
            aside.replace(self.root / path)


class Sftp:
    def __init__(self, system: System, client: paramiko.SFTPClient) -> None:
        self.system, self.client = system, client

    def entries(self, directory: str) -> list[Entry]:
        with _translated(self.system, directory):
            listed = self.client.listdir_attr(directory)
        files = [
            Entry(entry.filename, f"{entry.st_size} {entry.st_mtime}")
            for entry in listed
            if entry.st_mode is None or S_ISREG(entry.st_mode)
        ]
        return sorted(files, key=lambda entry: entry.name)

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


def _aside(path: str) -> str:
    where = PurePosixPath(path)
    return str(where.with_name(f".{where.name}.part"))


@contextmanager
def _transport(system: System) -> Iterator[paramiko.Transport]:
    """An authenticated connection to the one server whose key we know."""
    expected, host = _host_key(system), system.connection.host or ""
    with _translated(system):
        sock = socket.create_connection((host, system.connection.port or 22), timeout=TIMEOUT)
        transport = paramiko.Transport(sock)
    try:
        with _translated(system):
            _negotiate(transport, expected, system)
            _login(transport, system)
        yield transport
    finally:
        transport.close()


def _negotiate(transport: paramiko.Transport, expected: paramiko.PKey, system: System) -> None:
    options = transport.get_security_options()
    options.ciphers = tuple(name for name in CIPHERS if name in options.ciphers)
    types = ("rsa-sha2-512", "rsa-sha2-256") if isinstance(expected, paramiko.RSAKey) else None
    options.key_types = types or (expected.get_name(),)
    transport.banner_timeout = transport.auth_timeout = TIMEOUT
    transport.set_keepalive(int(TIMEOUT))
    try:
        transport.start_client(timeout=TIMEOUT)
    except paramiko.ssh_exception.IncompatiblePeer:
        raise _stranger(system, f"the server has no {expected.get_name()} key") from None
    found = transport.get_remote_server_key()
    if found.asbytes() != expected.asbytes():
        raise _stranger(system, f"the server's host key is another one ({found.fingerprint})")


def _login(transport: paramiko.Transport, system: System) -> None:
    login, private = system.connection.login or "", system.connection.extra.get("private_key")
    if private:
        transport.auth_publickey(login, _private_key(str(private), system))
    else:
        transport.auth_password(login, system.connection.password or "")


def _private_key(text: str, system: System) -> paramiko.PKey:
    # People paste it into a field of one line: \n may have become two characters.
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with suppress(paramiko.SSHException):
            return kind.from_private_key(io.StringIO(text.replace("\\n", "\n")))
    raise Denied(
        system.name,
        "extra.private_key is no private key this can read",
        "Give an Ed25519, ECDSA or RSA key without a passphrase.",
    )


def _host_key(system: System) -> paramiko.PKey:
    words = str(system.connection.extra.get("host_key", "")).split()
    try:
        kind, encoded = words[:2]
        return paramiko.PKey.from_type_string(kind, base64.b64decode(encoded, validate=True))
    except (ValueError, paramiko.SSHException):
        raise _stranger(system, "its connection has no usable host_key") from None


def _stranger(system: System, cause: str) -> Denied:
    return Denied(
        system.name,
        cause,
        "Nothing was sent. Ask the server's owner for its key (ssh-keyscan -t ed25519 shows what "
        "it presents) and set extra.host_key to that line, without the host name.",
    )


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
            f"{where} does not answer as it should ({type(error).__name__}: {error})",
            f"See that it runs, or correct the Airflow connection {system.name!r}.",
        ) from None
