"""Asks a tool to erase a person, by what its interface really offers.

A publisher whose tool offers anything has

    erase(client, customers, orders) -> Iterator[Answer]    keys as the tool has them

and one without it stands for a tool where a person must do it by hand.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from clients import ClientError, Refused
from clients.http import Missing
from systems import System

# done: it is gone. asked: the tool took the wish, and does it in its own time. refused: it said no.
# not possible: by this way. not reached: to be asked again.
DONE, ASKED, REFUSED = "done", "asked", "refused"
NOT_POSSIBLE, NOT_REACHED = "not possible", "not reached"
BY_HAND = "by this way: do it by hand"

Answer = tuple[str, str, str]  # record, state, words


def ask(system: System, customers: Sequence[str], orders: Sequence[str]) -> list[Answer]:
    """One answer for each record that has to be seen to. A tool that cannot be reached stops
    nobody: that is its answer."""
    module = importlib.import_module(f"publishers.{system.kind}")
    records = [*(f"customers/{key}" for key in customers), *(f"orders/{key}" for key in orders)]
    if not hasattr(module, "erase"):
        return [(record, NOT_POSSIBLE, BY_HAND) for record in records]
    try:
        return list(module.erase(module.connect(system), customers, orders))
    except ClientError as error:
        return [(record, NOT_REACHED, str(error)) for record in records]


def attempted(record: str, state: str, call: Callable[[], None]) -> Answer:
    """`state`: where it went well."""
    try:
        call()
    except Missing:
        return record, DONE, "the tool does not have it"
    except Refused as error:
        return record, REFUSED, error.cause
    except ClientError as error:
        return record, NOT_REACHED, str(error)
    return record, state, ""
