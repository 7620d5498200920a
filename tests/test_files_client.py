"""The files client against the sandbox till's SSH server and a local folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from clients import Denied, Refused, Unavailable
from clients.files import opened
from sandbox.till import Address, Till
from systems import Connection
from tests import legacy


@pytest.fixture
def till() -> Till:
    return legacy.till()


@pytest.fixture
def address(till: Till) -> Iterator[Address]:
    with till.serving() as address:
        yield address


def test_lists_reads_and_places_files(till: Till, address: Address) -> None:
    with opened(legacy.till_system(address)) as folder:
        names = [entry.name for entry in folder.entries("out")]
        assert names == ["musteriler_20261120.csv", "satislar_20261120.csv"]
        with folder.fetched("out/musteriler_20261120.csv") as file:
            content = file.read()
        folder.place("in/yeni.csv", b"MusteriNo;Puan\r\n1;7\r\n")
        folder.place("in/yeni.csv", b"MusteriNo;Puan\r\n1;8\r\n2;8\r\n")
    assert content == (till.root / "out" / "musteriler_20261120.csv").read_bytes()
    assert [path.name for path in (till.root / "in").iterdir()] == ["yeni.csv"]
    assert till.given == {"1": {"Puan": "8"}, "2": {"Puan": "8"}}
    assert till.writes == 3


def test_a_local_folder_has_the_same_interface(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.csv").write_bytes(b"2")
    (tmp_path / "out" / "a.csv").write_bytes(b"1")
    system = legacy.parsed(f'[depo]\nkind = "files"\nfolder = "{tmp_path}"\n')
    with opened(system) as folder:
        folder.place("out/c.csv", b"3")
        assert [entry.name for entry in folder.entries("out")] == ["a.csv", "b.csv", "c.csv"]
        with folder.fetched("out/c.csv") as file:
            assert file.read() == b"3"
        with pytest.raises(Refused, match="there is no out/d.csv"), folder.fetched("out/d.csv"):
            pass


def test_a_strange_host_key_is_denied_before_the_password_is_sent(address: Address) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    strange = Address(address.host, address.port, other)
    denied(legacy.till_system(strange), "host key is another one")


def test_another_type_of_host_key_is_denied(address: Address) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    denied(legacy.till_system(Address(address.host, address.port, other)), "has no ecdsa")


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 notbase64!"])
def test_without_a_host_key_nothing_is_talked_to(line: str) -> None:
    denied(legacy.till_system(Address("127.0.0.1", 9, line)), "no usable host_key")


def test_a_wrong_password_is_denied(address: Address) -> None:
    denied(legacy.till_system(address, password="yanlis-sifre"), "refuses the login 'kopru'")


def test_a_private_key_opens_too(till: Till, address: Address) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    till.public_key = key.export_public_key().decode()
    private = key.export_private_key().decode()
    for text in (private, private.replace("\n", "\\n")):
        with opened(legacy.till_system(address, private_key=text)) as folder:
            assert len(folder.entries("out")) == 2


def test_a_server_that_is_off_is_unavailable() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    system = legacy.till_system(Address("127.0.0.1", 9, key))
    with pytest.raises(Unavailable, match="127.0.0.1:9") as caught, opened(system):
        pass
    assert legacy.PASSWORD not in str(caught.value)


def test_a_missing_folder_is_named(address: Address) -> None:
    with opened(legacy.till_system(address)) as folder, pytest.raises(Refused, match="no arsiv"):
        folder.entries("arsiv")


def test_neither_host_nor_folder() -> None:
    system = legacy.parsed('[depo]\nkind = "files"\n').connected(Connection())
    denied(system, "neither a host")


def denied(system: legacy.System, words: str) -> None:
    with pytest.raises(Denied, match=words) as caught, opened(system):
        pass
    shown = f"{caught.value} {caught.value!r}"
    assert legacy.PASSWORD not in shown
    assert "yanlis-sifre" not in shown
