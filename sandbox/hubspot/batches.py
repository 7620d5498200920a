"""Batches of up to 100: a bad item is told in errors[], the others are carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sandbox.hubspot.objects import Objects, iso
from sandbox.hubspot.problems import Problem, invalid, not_found
from sandbox.web import now

MOST = 100
Rows = list[dict[str, Any]]


def batch(store: Objects, kind: str, verb: str, body: dict[str, Any]) -> tuple[Rows, Rows]:
    """Rows and errors of one batch; raises Problem when HubSpot refuses it as a whole."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        raise invalid("Invalid input JSON: inputs must be a list of objects")
    if len(inputs) > MOST:
        raise invalid(f"The maximum number of inputs in a batch request is {MOST}")
    keys = Counter(str(item["id"]).lower() for item in inputs if item.get("id"))
    twice = [key for key, count in keys.items() if count > 1]
    if twice:
        raise invalid(f"Duplicate IDs found in batch input: {twice}. IDs must be unique")
    if verb == "read":
        return _read(store, kind, inputs, body)
    rows: Rows = []
    errors: Rows = []
    for item in inputs:
        try:
            rows.append(VERBS[verb](store, kind, item))
        except Problem as problem:
            trace = item.get("objectWriteTraceId")
            name = "objectWriteTraceId" if trace else "ids"
            errors.append(problem.item(str(trace or item.get("id", "")), name))
    return rows, errors


def answer(rows: Rows, errors: Rows) -> dict[str, Any]:
    moment = iso(now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": rows}
    body |= {"requestedAt": moment, "startedAt": moment, "completedAt": moment}
    return body | ({"numErrors": len(errors), "errors": errors} if errors else {})


def _read(store: Objects, kind: str, inputs: Rows, body: dict[str, Any]) -> tuple[Rows, Rows]:
    wanted = body.get("properties") or ()
    rows, missing = [], []
    for item in inputs:
        record = str(item.get("id"))
        if body.get("idProperty") == "email":
            record = store.by_email(record) or ""
        if body.get("archived") and record in store.archived[kind]:
            rows.append(store.archived_row(kind, record, wanted))
        elif record in store.held(kind) and not body.get("archived"):
            rows.append(store.row(kind, record, wanted))
        else:
            missing.append(str(item.get("id")))
    if not missing:
        return rows, []
    text = f"Could not get some {kind[:-1].upper()} objects, they may be deleted or not exist. "
    problem = not_found(f"{text}Check that ids are valid.")
    problem.body["context"] = {"ids": missing}
    return rows, [problem.item("", "ids")]


def _create(store: Objects, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    return store.row(kind, store.create(kind, item.get("properties") or {}))


def _update(store: Objects, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    if item.get("idProperty"):
        name = item["idProperty"]
        raise invalid(f"Unable to perform update/upsert by non-unique 0-1 property {name}")
    record, properties = str(item.get("id")), item.get("properties") or {}
    store.update(kind, record, properties)
    return store.row(kind, record, tuple(properties))


def _upsert(store: Objects, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    if kind != "contacts" or item.get("idProperty") != "email":
        name = item.get("idProperty")
        raise invalid(f"Unable to perform update/upsert by non-unique property {name}")
    email, properties = str(item.get("id")), item.get("properties") or {}
    record = store.by_email(email)
    if record is None:
        made = store.create(kind, {"email": email} | properties)
        return store.row(kind, made, tuple(properties)) | {"new": True}
    store.update(kind, record, properties)
    return store.row(kind, record, tuple(properties)) | {"new": False}


VERBS: dict[str, Callable[[Objects, str, dict[str, Any]], dict[str, Any]]] = {
    "create": _create,
    "update": _update,
    "upsert": _upsert,
}
