"""Speak to a system: authentication, pacing, paging, errors. No meaning.

Errors are classed by what the caller can do about them.
"""

from __future__ import annotations


class ClientError(Exception):
    """Something a system did. The message names the system, the cause and the remedy."""

    def __init__(self, system: str, cause: str, remedy: str = "") -> None:
        self.system, self.cause, self.remedy = system, cause, remedy
        super().__init__(f"{system}: {cause.rstrip('.')}. {remedy}".rstrip())


class Denied(ClientError):
    """Credentials or permissions: stop, a retry cannot help."""


class Unavailable(ClientError):
    """Down, overloaded or throttling beyond our patience: the next run may succeed."""


class Refused(ClientError):
    """The system understood and said no to this request: skip it, the others go on."""


class Implausible(ClientError):
    """An answer that must not be believed (HTML in a 200, a list shorter than it claims)."""
