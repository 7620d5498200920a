"""What the tasks for a person's rights do: to be told what is held, and to be forgotten."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from airflow.sdk.exceptions import AirflowException

import company
import systems
from plugins.steps import company_places, connection_of, hopeless
from systems import Connection, System

log = logging.getLogger(__name__)


def export_customer(params: dict[str, Any]) -> dict[str, Any]:
    from transforms.staging.identifiers import NORMAL
    from warehouse.export import export

    with hopeless(ValueError, FileNotFoundError):
        done = export(company_places(), systems.load(), params["identifier"], normal=NORMAL)
    log.info("%s: %d rows in %s", done.customer_id, done.rows, done.folder)
    return {"customer_id": done.customer_id, "folder": str(done.folder), "rows": done.rows}


def forget_customer(params: dict[str, Any], by: str) -> list[dict[str, Any]]:
    """Red while anything of the person is still there; run again, it goes on."""
    from publishers.erasing import ask
    from transforms.staging.identifiers import NORMAL
    from warehouse.erasure import forget
    from warehouse.locks import Taken

    def asked(system: System, *records: Any) -> Any:
        return ask(system.connected(connection_of(system.name) or Connection()), *records)

    try:
        with hopeless(ValueError):
            done = forget(
                company_places(),
                systems.load(),
                params["identifier"],
                normal=NORMAL,
                by=by,
                why=params["why"],
                apply=bool(params.get("apply")),
                ask=asked if params.get("ask_tools") else None,
                company=company.load(),
            )
    except Taken as error:
        raise AirflowException(str(error)) from error
    for line in done.lines:
        log.info("%s", line)
    if done.problem:
        raise AirflowException(done.problem)
    return [asdict(line) for line in done.lines]
