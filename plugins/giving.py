"""What the tasks do that write to a tool or take back what was written. As steps.py."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from plugins.steps import company_places, connected

log = logging.getLogger(__name__)


def publish(name: str, params: dict[str, Any], approved_by: str = "") -> dict[str, Any]:
    from publishers.engine import publish

    with _writing():
        done = publish(
            company_places(),
            connected(name),
            dry_run=bool(params.get("dry_run")),
            retry_refused=bool(params.get("retry_refused")),
            approved_by=approved_by,
        )
    return _published(done)


def answered_by(answer: dict[str, Any]) -> str:
    """Who approved, of what the operator that asked gives."""
    return str((answer.get("responded_by_user") or {}).get("name") or "unknown")


def restore_published(params: dict[str, Any], by: str) -> dict[str, Any]:
    from publishers.restore import restore

    apply = bool(params.get("apply"))
    with _writing():
        done = restore(
            company_places(),
            connected(params["system"]),
            params["run"],
            by=by or "unknown",
            why=params["why"],
            apply=apply,
        )
    return _published(done)


@contextmanager
def _writing() -> Iterator[None]:
    """How a run that writes to a tool fails: skipped before anything was served, tried again where
    that may help."""
    from clients import ClientError, Unavailable

    try:
        yield
    except FileNotFoundError as error:
        raise AirflowSkipException(str(error)) from error
    except Unavailable:
        raise
    except (ClientError, ValueError) as error:
        raise AirflowFailException(str(error)) from error


def _published(done: Any) -> dict[str, Any]:
    log.info(done.preview)
    if done.asks:
        log.warning("%s: nothing was written yet, a person has to look: %s", done.system, done.asks)
    if done.problem and done.asks:  # red, nobody could be asked
        log.warning(done.problem)
    elif done.problem:
        raise (AirflowException if done.is_open else AirflowFailException)(done.problem)
    return asdict(done)
