"""Credentials never appear in logs, errors, landing or state, however a system answers."""

from __future__ import annotations

import html
import json
import logging
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import asyncssh
import dlt.common.runtime.json_logging  # noqa: F401 - its logger must exist before we listen
import pytest
import requests

import warehouse.check
from clients.answers import unsaid
from contracts import contract_of
from publishers.engine import publish
from sandbox import till
from systems import System
from tests.core.house import counted
from tests.house import House
from tests.kinds import KINDS, Kind, Running
from tests.parrot import ANSWERS, PIECES, Parrot
from tests.telltale import Listener, files, forms, found, told
from warehouse.build import build
from warehouse.pull import pull

WRONG = "yanlis-parola 4711/&<"
STRANGE = ("yanlış-pärola 4711/&<", "parola-4711\n")  # what no header can carry
PASSPHRASE = "açıl-susam-açıl 99"
HONEST = {"shopify": ("POST /admin/oauth",), "soap": ("GET /",)}
WHOLE = ("said", "fault")  # answers for which more is tried than a check
SIGNATURE = re.compile(r"signature=([^&\s]+)")


@pytest.fixture(params=[kind.narrowed() for kind in KINDS], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    kind: Kind = request.param
    if kind.sleeps:
        for module in (kind.source, kind.publisher):
            napping = partial(module.connect, sleep=lambda seconds: None)
            monkeypatch.setattr(module, "connect", napping)
    return kind


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """All folders of a company in one, those for a moment too."""
    monkeypatch.setenv("KOPRU_DATA", str(tmp_path / "data"))
    (tmp_path / "moment").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "moment"))
    monkeypatch.setattr(warehouse.check, "validate", counted)  # it knows no connection
    return House(tmp_path / "data")


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    listener.listen()
    yield listener
    listener.leave()


class Witness:
    """What was said and left behind while a system was used in every way."""

    def __init__(self, house: House, listener: Listener, capfd: Any, folder: Path) -> None:
        self.house, self.listener, self.capfd, self.folder = house, listener, capfd, folder
        self.errors: list[str] = []

    def prepare(self, system: System, tables: list[str] | None = None) -> None:
        """A first round, so that there is something to publish."""
        assert self.house.round(system, tables=tables) == []
        build(self.house.places, [system])

    def use(self, system: System, kind: Kind, **options: Any) -> None:
        for step in (
            lambda: kind.source.connect(system).check(),
            lambda: [*self.pulled(system, **options)],
            lambda: publish(self.house.places, system, retry_refused=True, approved_by="test"),
        ):
            self.attempt(step)
        self.errors.append(f"{system!r} {system.connection!r}")

    def pulled(self, system: System, **options: Any) -> Iterator[str]:
        for done in pull(self.house.places, system, contract_of(system), **options):
            yield f"{done!r} {done.problem} {told(done.error) if done.error else ''}"

    def attempt(self, step: Callable[[], Any]) -> None:
        try:
            self.errors.append(str(step()))
        except Exception as error:  # noqa: BLE001 - whatever it is, it may say too much
            logging.getLogger("tests").exception("failed")
            self.errors.append(told(error))

    def everything(self) -> Iterator[tuple[str, str]]:
        yield from (("the log", text) for text in self.listener.said)
        yield from (("an error", text) for text in self.errors)
        yield from (("the console", text) for text in self.capfd.readouterr())
        yield from files(self.folder)


@pytest.fixture
def witness(
    house: House, listener: Listener, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Witness:
    return Witness(house, listener, capfd, tmp_path)


def secrets_of(running: Running, *more: str) -> set[str]:
    """Those given, and those that were exchanged for them."""
    connection, store = running.system.connection, running.store
    hidden = {value for name, value in connection.extra.items() if name != "host_key"}
    if running.kind.name == "shopify":
        hidden |= {*store.tokens._ends}
        hidden |= {operation.signature for operation in store.bulk.operations.values()}
    return {str(connection.password), *map(str, hidden), *more}


def test_a_pull_and_a_publish_that_succeed(kind: Kind, witness: Witness) -> None:
    with kind.running(customers=260 if kind.name == "shopify" else 40, orders=3) as running:
        witness.prepare(running.system)
        witness.use(running.system, kind)
        assert [text for text in witness.errors if "Traceback" in text] == []
        assert running.store.writes > 0
        assert len([place for place, _ in files(witness.folder) if "parquet" in place]) > 2
        secrets = secrets_of(running)
        if kind.name == "shopify":  # a granted token, and the signature of a bulk result
            assert len(secrets) > 2
        assert found(secrets, witness.everything()) == []


def test_a_wrong_password_and_nobody_there(kind: Kind, witness: Witness) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with kind.running(customers=30, orders=3) as running:
        customers = next(iter(kind.tables))
        witness.prepare(running.system, [customers])
        witness.use(running.other(password=WRONG), kind, tables=[customers])
        witness.use(running.gone(port), kind, tables=[customers])
        for secret in STRANGE:
            system = running.other(password=secret)
            witness.attempt(lambda system=system: kind.source.connect(system).check())
        assert len([text for text in witness.errors if "Airflow connection" in text]) >= 8
        secrets = secrets_of(running, WRONG, STRANGE[0], STRANGE[1].strip())
        assert found(secrets, witness.everything()) == []


def test_servers_that_repeat_what_they_were_sent(kind: Kind, witness: Witness) -> None:
    with kind.running(customers=30, orders=3) as running:
        customers = next(iter(kind.tables))
        witness.prepare(running.system, [customers])
        before = len(witness.listener.said)
        with repeating(running) as (system, ways, sent):
            for whole in ways():
                if whole:
                    witness.use(system, kind, tables=[customers])
                else:
                    witness.attempt(lambda: kind.source.connect(system).check())
            secrets = secrets_of(running, *sent())
        assert len(witness.listener.said) > before
        assert found(secrets, witness.everything()) == []


@contextmanager
def repeating(
    running: Running,
) -> Iterator[tuple[System, Callable[[], Iterator[bool]], Callable[[], set[str]]]]:
    """The system behind such a server, its ways to answer one by one, signatures it was sent."""
    if running.kind.name == "files":
        with _quoting(running) as again:
            yield running.system, again, set
        return
    parrot = Parrot(running.system.connection.host or "", HONEST.get(running.kind.name, ()))

    def ways() -> Iterator[bool]:
        for parrot.answer in ANSWERS:
            for parrot.piece in PIECES:
                yield parrot.answer in WHOLE
        if running.kind.name == "shopify":  # the grant itself, whose body is the secret
            running.system.connection.kept.clear()
            parrot.honest = ()
            yield from ways_of_grant()

    def ways_of_grant() -> Iterator[bool]:
        for parrot.answer in ANSWERS:
            parrot.piece = "body"
            yield False

    def sent() -> set[str]:
        found = {each for query in parrot.queries for each in SIGNATURE.findall(query)}
        return found | {unquote(each) for each in found}

    with parrot.serving() as url:
        yield running.other(host=url), ways, sent


@contextmanager
def _quoting(running: Running) -> Iterator[Callable[[], Iterator[bool]]]:
    """A till whose errors quote the password: at login, and when its files are listed."""
    password = running.system.connection.password
    patch = pytest.MonkeyPatch()

    def refuse(self: Any, username: str, given: str) -> bool:
        raise asyncssh.DisconnectError(11, f"login {username} with {given} refused")

    def fail(self: Any, path: bytes) -> Any:
        raise asyncssh.SFTPFailure(f"the home of kopru:{password} is full")

    def ways() -> Iterator[bool]:
        patch.setattr(till._Login, "validate_password", refuse)
        yield True
        patch.undo()
        patch.setattr(till._Files, "scandir", fail)
        yield True

    try:
        yield ways
    finally:
        patch.undo()


@pytest.mark.parametrize("given", [PASSPHRASE, WRONG])
def test_a_private_key_and_its_passphrase(witness: Witness, given: str) -> None:
    [kind] = [kind for kind in KINDS if kind.name == "files"]
    key = asyncssh.generate_private_key("ssh-ed25519")
    private = key.export_private_key(passphrase=PASSPHRASE).decode()
    with kind.running(customers=5, orders=2) as running:
        running.store.public_key = key.export_public_key().decode()
        extra = {
            **running.system.connection.extra,
            "private_key": private,
            "private_key_passphrase": given,
        }
        witness.use(running.other(extra=extra, password=None), kind, tables=["customers"])
        assert found({private, given, PASSPHRASE}, witness.everything()) == []
        assert any("reads" in text for text in witness.errors) == (given == PASSPHRASE)


@pytest.mark.parametrize("form", sorted(forms(STRANGE[0])))
def test_a_secret_in_any_form_is_found(form: str, listener: Listener, tmp_path: Path) -> None:
    """What the tests above look with."""
    logging.getLogger("dlt").debug("asked with %s", form)
    (tmp_path / "budget").write_text(f"1.5 {form}")
    said = [("the log", text) for text in listener.said]
    places = {each.partition(":")[0] for each in found([STRANGE[0]], [*said, *files(tmp_path)])}
    assert places == {"the log", "budget"}


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ({"auth": ("ck_1", "cs_çok&gizli")}, "cs_çok&gizli"),
        ({"params": {"oauth_signature": "a+b/c=="}}, "a+b/c=="),
        ({"json": {"client_secret": 'p"ä/r'}}, 'p"ä/r'),
        ({"headers": {"X-Shopify-Access-Token": "shpat_1234567890"}}, "shpat_1234567890"),
    ],
)
def test_a_page_that_repeats_a_request_is_told_without_its_secrets(
    given: dict[str, Any], secret: str
) -> None:
    if "auth" in given:
        given = {"auth": tuple(part.encode() for part in given["auth"])}
    response = requests.Response()
    response.request = requests.Request("POST", "https://shop.example/x", **given).prepare()
    text = " ".join(["asked with", *sorted(forms(secret) - {secret.encode().hex()})])
    cleaned = unsaid(text, response)
    assert cleaned.startswith("asked with")
    plain = (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret))
    assert not [form for form in plain if form in cleaned]
