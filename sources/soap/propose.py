"""Proposes settings and a contract for an unknown ERP, from its WSDL and, better, a saved answer.

    python -m sources.soap.propose NAME [--wsdl FILE_OR_ADDRESS] [--sample ANSWER.xml]
        [--out FOLDER]

Without --wsdl the entry NAME of systems.toml says where it is, and the environment variable
AIRFLOW_CONN_NAME how to get there. Writes NAME.toml and NAME.odcs.yaml, never over what is there.
What a person must decide is a comment beginning with DECIDE.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

import systems
from clients import ClientError
from clients.soap.wsdl import Operation, Wsdls
from sources.soap.guesses import COLUMNS, found
from sources.soap.proposal import Proposed, credentials, proposed, result_of, sampled
from systems import Connection, System

CANONICAL = Path(__file__).parents[2] / "contracts" / "canonical.odcs.yaml"
FILES = "http://wsdl.invalid"  # stands for the folder of a WSDL that is a file


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sources.soap.propose", description=__doc__)
    parser.add_argument("name", help="the system's name, as in systems.toml")
    parser.add_argument("--wsdl", help="a saved WSDL, or its address")
    parser.add_argument("--sample", type=Path, action="append", default=[], help="a saved answer")
    parser.add_argument("--out", type=Path, default=Path(), help="folder to write to")
    asked = parser.parse_args(arguments)
    targets = [asked.out / f"{asked.name}.toml", asked.out / f"{asked.name}.odcs.yaml"]
    there = [str(target) for target in targets if target.exists()]
    if there:
        return _say(
            f"{' and '.join(there)} exists and is left as it is. Take it away, or use --out."
        )
    try:
        path, operations = _operations(asked.name, asked.wsdl)
    except (ClientError, systems.SystemsError, OSError) as error:
        return _say(str(error))
    samples = dict(_sample(path) for path in asked.sample)
    tables = proposed(operations, samples)
    if not tables:
        known = ", ".join(sorted(operations))
        return _say(f"No operation looks like a list of anything we know. It has {known}.")
    for target, text in zip(
        targets, (settings(asked.name, path, tables), contract(asked.name, tables)), strict=True
    ):
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
        sys.stdout.write(f"{text}\n# written to {target}\n\n")
    return 0


def _say(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 1


def _sample(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        return sampled(file)


def _operations(name: str, wsdl: str | None) -> tuple[str, dict[str, Operation]]:
    """Where the WSDL is, as settings say it, and its operations."""
    if wsdl and "://" not in wsdl:
        file = Path(wsdl)

        def fetch(url: str) -> bytes:
            return (file.parent / unquote(urlsplit(url).path).lstrip("/")).read_bytes()

        path = f"/{file.name}"
        return path, Wsdls(name, FILES, {"wsdl": path}, fetch).operations(path)
    from clients.soap import connect

    if wsdl:
        there = urlsplit(wsdl)
        path = there._replace(scheme="", netloc="").geturl()
        connection = Connection(host=f"{there.scheme}://{there.netloc}")
        system = System(name, "soap", settings={"wsdl": path}, connection=connection)
    else:
        system = _configured(name)
        paths = system.settings.get("wsdl", [])
        path = paths if isinstance(paths, str) else next(iter(paths), "")
    return path, connect(system).wsdls.operations(path)


def _configured(name: str) -> System:
    entries = systems.load()
    if name not in entries or entries[name].kind != "soap":
        known = ", ".join(n for n, s in entries.items() if s.kind == "soap") or "none"
        raise systems.SystemsError(
            f"systems.toml has no SOAP system {name!r}; it has {known}. Name one, or use --wsdl."
        )
    variable = f"AIRFLOW_CONN_{name.upper()}"
    try:
        given = json.loads(os.environ.get(variable, "{}"))
    except ValueError:
        raise systems.SystemsError(f"{variable} is not JSON; write it so.") from None
    extra = given.get("extra") or {}
    known_fields = {field: given.get(field) for field in ("host", "port", "login", "password")}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    return entries[name].connected(Connection(**known_fields, extra=extra))


def settings(name: str, wsdl: str, tables: list[Proposed]) -> str:
    """Its part of systems.toml."""
    holder, members = next((c for o in tables if (c := credentials(o.arguments))[1]), (None, {}))
    login = {holder} if holder else set(members)
    lines = [f"[{name}]", 'kind = "soap"', f'contract = "{name}"', f"wsdl = [{_text(wsdl)}]"]
    if members:
        inside = {**({"argument": holder} if holder else {}), "members": members}
        lines += [f"authentication = {_inline(inside)}"]
    else:
        lines += [
            "# DECIDE how it logs in: authentication = { basic = true }, { username_token ="
            ' "text" },',
            '# { header = "...", members = { ... } } or { argument = "...", members = { ... } }',
        ]
    code = next((path for one in tables if (path := result_of(one.operation))), "...")
    lines += [
        f'# DECIDE, if errors come as ordinary answers: result = {{ code = "{code}", ok = "" }}'
    ]
    for one in tables:
        lines += ["", f"[{name}.tables.{one.table}]", *_table(name, one, login)]
    return "\n".join(lines) + "\n"


def _table(name: str, one: Proposed, login: Collection[str]) -> list[str]:
    places = one.places
    lines = [f'operation = "{one.operation.name}"', f"rows = {_text(one.rows)}"]
    if one.others:
        lines += [f"# DECIDE: {', '.join(one.others)} list something like it too"]
    sent = {n: value for n, value in one.arguments.items() if n not in login and _given(value)}
    if "since" in places and not one.cursor:
        lines += [f"# DECIDE: {places['since']} asks for changes; name the row's moment as cursor"]
        sent = {n: value for n, value in sent.items() if "{since}" not in str(value)}
    if sent:
        lines += [f"arguments = {_inline(sent)}"]
    empty = [n for n, value in one.arguments.items() if n not in login and n not in sent]
    if empty:
        lines += [f"# DECIDE what to give, if anything: {', '.join(empty)}"]
    if "since" in places and one.cursor:
        lines += [f"cursor = {_text(one.cursor)}"]
    by = next((place for place in ("bookmark", "page", "offset") if place in places), None)
    if by:
        where = ', row = "DECIDE"' if by == "bookmark" else ""
        lines += [f'paging = {{ by = "{by}", size = 500{where} }}']
    if one.detail:
        operation, argument, record = one.detail
        detail = [f"[{name}.tables.{one.table}.detail]", f'operation = "{operation}"']
        detail += [f'arguments = {{ {argument} = "{{key}}" }}', f"row = {_text(record)}"]
        if len(one.record) > len(one.fields):
            return [*lines, *detail]
        lines += ["# DECIDE: do rows of the list lack fields? Then ask for each record:"]
        lines += [f"# {line}" for line in detail]
    return lines


def contract(name: str, tables: list[Proposed]) -> str:
    """ODCS; columns are the canonical ones that fields were found for."""
    vocabulary = {
        table["name"]: table["properties"]
        for table in yaml.safe_load(CANONICAL.read_text(encoding="utf-8"))["schema"]
    }
    lines = ["apiVersion: v3.1.0", "kind: DataContract", f"id: {name}", f"name: {name}"]
    lines += ["version: 0.1.0", "status: draft", "description:"]
    lines += [
        f"  purpose: Proposed from the WSDL of {name}; a person has to confirm it.",
        "schema:",
    ]
    for one in tables:
        lines += _promise(one, vocabulary[one.table])
    return "\n".join(lines) + "\n"


def _promise(one: Proposed, columns: list[dict[str, Any]]) -> list[str]:
    fields, key = one.record or one.fields, one.key
    lines = [f"  - name: {one.table}", "    logicalType: object", "    physicalType: table"]
    lines += [f"    description: One row per record of {one.operation.name}.", "    properties:"]
    if key is None:
        lines += ["      # DECIDE the key: no field is called id, no, code or the like"]
    used = {key}
    for column in columns:
        path = key if column.get("primaryKey") else None
        if not path and "items" not in column:
            words = COLUMNS.get(column["name"], ())
            path = found(words, (field for field in fields if field not in used))
        if path:
            used.add(path)
            shown = {**column, "physicalName": path}
            inner = ", ".join(f"{n}: {json.dumps(v, ensure_ascii=False)}" for n, v in shown.items())
            lines.append(f"      - {{{inner}}}")
    left = [f"{path} ({kind})" for path, kind in fields.items() if path not in used]
    return [*lines, *(f"      # DECIDE whether it is needed: {field}" for field in left)]


def _given(value: Any) -> bool:
    return any(map(_given, value.values())) if isinstance(value, Mapping) else bool(value)


def _inline(tree: Mapping[str, Any]) -> str:
    inner = ", ".join(
        f"{n} = {_inline(v) if isinstance(v, Mapping) else _text(v)}"
        for n, v in tree.items()
        if _given(v)
    )
    return f"{{ {inner} }}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
