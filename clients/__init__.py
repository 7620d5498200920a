"""Speak to a system: authentication, pacing, paging, errors. No meaning.

Errors are classed by what the caller can do about them.
"""

from __future__ import annotations


class ClientError(Exception):
    """Something a system did. The message names the system, the cause and the remedy.

    `usual`: the remedy where the one who raises knows no better.
    """

    usual = "The next run tries again."

    def __init__(self, system: str, cause: str, remedy: str = "") -> None:
        self.system, self.cause = system, cause
        self.remedy = remedy or self.usual.format(system=repr(system))
        super().__init__(f"{system}: {cause.rstrip('.')}. {self.remedy}")


class Denied(ClientError):
    """Credentials or permissions: stop, a retry cannot help."""

    usual = "Put valid credentials with the rights needed into the Airflow connection {system}."


class Unavailable(ClientError):
    """Down, overloaded or throttling beyond our patience: the next run may succeed."""


class Refused(ClientError):
    """The system understood and said no to this request: skip it, the others go on."""

    usual = "These are the system's own words: look there for what it refuses."


class Implausible(ClientError):
    """An answer that must not be believed (HTML in a 200, a list shorter than it claims)."""

    usual = "Nothing of it was taken, the next run reads again. If it stays, look at its API."


def sendable(system: str, secret: str) -> str:
    """A token or key, if a request's header can carry it. Libraries that find out too late write
    the whole header into their error."""
    if secret.isascii() and secret.isprintable():
        return secret
    cause = "the token or secret holds a character that none has (a line break, a letter like ş)"
    raise Denied(system, cause, f"Copy it again into the Airflow connection {system!r}.")
