"""An SFTP channel to the one server whose key is known, and what it says when it is not.

The connection: host, port, login, and password or extra.private_key (as text, with
extra.private_key_passphrase where it has one). extra.host_key is the server's key, a line
"ssh-ed25519 AAAA...", or its fingerprint "SHA256:...".
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import paramiko

from clients import Denied, Refused
from systems import System

TIMEOUT = 30.0  # seconds, for every answer
# AES-128 first: ten times the default's speed on large files (4.7 against 60 MB/s measured).
CIPHERS = ("aes128-gcm@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com", "aes256-ctr")
KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
# It writes what servers say, who may quote a password; what matters of that our errors say.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)
Translated = Callable[[System], AbstractContextManager[None]]


@contextmanager
def channel(system: System, translated: Translated) -> Iterator[paramiko.SFTPClient]:
    with _transport(system, translated) as transport, translated(system):
        client = _opened(transport)
        if client is None:
            raise Refused(system.name, "the server opens no SFTP channel", "Enable SFTP there.")
        with client:
            opened = client.get_channel()
            if opened is not None:
                opened.settimeout(TIMEOUT)
            yield client


def _opened(transport: paramiko.Transport) -> paramiko.SFTPClient | None:
    """The library waits here for as long as the server likes; a closed transport ends that."""
    alarm = threading.Timer(TIMEOUT, transport.close)
    alarm.start()
    try:
        return paramiko.SFTPClient.from_transport(transport)
    finally:
        alarm.cancel()


@contextmanager
def _transport(system: System, translated: Translated) -> Iterator[paramiko.Transport]:
    """Authenticated: nothing is sent to a server whose key is not the known one."""
    known, host = _known(system), system.connection.host or ""
    with translated(system):
        sock = socket.create_connection((host, system.connection.port or 22), timeout=TIMEOUT)
        transport = paramiko.Transport(sock)
    try:
        with translated(system):
            _negotiate(transport, known, system)
            _login(transport, system)
        yield transport
    finally:
        transport.close()


def _negotiate(transport: paramiko.Transport, known: paramiko.PKey | str, system: System) -> None:
    options = transport.get_security_options()
    options.ciphers = tuple(name for name in CIPHERS if name in options.ciphers)
    if isinstance(known, paramiko.RSAKey):
        options.key_types = ("rsa-sha2-512", "rsa-sha2-256")
    elif isinstance(known, paramiko.PKey):
        options.key_types = (known.get_name(),)
    transport.banner_timeout = transport.auth_timeout = TIMEOUT
    transport.set_keepalive(int(TIMEOUT))
    try:
        transport.start_client(timeout=TIMEOUT)
    except paramiko.ssh_exception.IncompatiblePeer:
        if isinstance(known, str):
            raise
        raise _stranger(system, f"the server has no {known.get_name()} key") from None
    found = transport.get_remote_server_key()
    expected = known if isinstance(known, str) else fingerprint(known)
    if fingerprint(found) != expected:
        cause = "the server's host key is another one" if expected else "its server is not known"
        raise _stranger(system, f"{cause}: {found.get_name()} {fingerprint(found)}")


def fingerprint(key: paramiko.PKey) -> str:
    """As ssh-keygen -l shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _login(transport: paramiko.Transport, system: System) -> None:
    login, private = system.connection.login or "", system.connection.extra.get("private_key")
    if private:
        transport.auth_publickey(login, _private_key(str(private), system))
    else:
        transport.auth_password(login, system.connection.password or "")


def _private_key(text: str, system: System) -> paramiko.PKey:
    passphrase = system.connection.extra.get("private_key_passphrase") or None
    locked = False
    for kind in KINDS:
        try:
            # People paste it into a field of one line: \n may have become two characters.
            lines = io.StringIO(text.replace("\\n", "\n"))
            return kind.from_private_key(lines, password=passphrase)
        except paramiko.PasswordRequiredException:
            locked = True
        except (paramiko.SSHException, ValueError):
            continue
    cause = "extra.private_key is no private key this can read"
    remedy = "Give an Ed25519, ECDSA or RSA key"
    if locked or passphrase:
        cause = "extra.private_key cannot be opened with extra.private_key_passphrase"
        remedy = "Give its passphrase"
    raise Denied(system.name, cause, f"{remedy} in the Airflow connection {system.name!r}.")


def _known(system: System) -> paramiko.PKey | str:
    """A key, or the fingerprint of one; "" where none was confirmed yet."""
    said = str(system.connection.extra.get("host_key", "")).strip()
    if not said or said.startswith("SHA256:"):
        return said.rstrip("=")
    with suppress(ValueError, paramiko.SSHException):
        kind, encoded = said.split()[:2]
        return paramiko.PKey.from_type_string(kind, base64.b64decode(encoded, validate=True))
    raise _stranger(system, "its connection has no usable host_key")


def _stranger(system: System, cause: str) -> Denied:
    return Denied(
        system.name,
        cause,
        "Nothing was sent. Ask the server's owner whether this is its key (ssh-keygen -l shows "
        "its fingerprint) and, if so, set extra.host_key in the Airflow connection "
        f"{system.name!r} to the fingerprint SHA256:... or to the line ssh-ed25519 AAAA...",
    )
