"""The files client against the sandbox till's SSH server and a local folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import paramiko
import pytest

from clients import Denied, Refused, Unavailable
from clients.files import Sftp, opened
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


@pytest.mark.parametrize("line", ["ssh-ed25519", "ssh-ed25519 notbase64!"])
def test_without_a_readable_host_key_nothing_is_talked_to(line: str) -> None:
    denied(legacy.till_system(Address("127.0.0.1", 9, line)), "no usable host_key")


def test_an_unknown_server_is_denied_with_the_fingerprint_that_then_opens_it(
    till: Till, address: Address
) -> None:
    unknown = legacy.till_system(Address(address.host, address.port, ""))
    shown = till.host_key.convert_to_public().get_fingerprint("sha256")
    denied(unknown, f"its server is not known: ssh-ed25519 {re.escape(shown)}")
    with opened(legacy.till_system(Address(address.host, address.port, shown))) as folder:
        assert len(folder.entries("out")) == 2
    other = asyncssh.generate_private_key("ssh-ed25519").get_fingerprint("sha256")
    denied(legacy.till_system(Address(address.host, address.port, other)), "is another one")


def test_a_wrong_password_is_denied(address: Address) -> None:
    denied(legacy.till_system(address, password="yanlis-sifre"), "refuses the login 'kopru'")


def test_a_private_key_opens_too(till: Till, address: Address) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    till.public_key = key.export_public_key().decode()
    private = key.export_private_key().decode()
    for text in (private, private.replace("\n", "\\n")):
        with opened(legacy.till_system(address, private_key=text)) as folder:
            assert len(folder.entries("out")) == 2


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_private_key_with_a_passphrase(till: Till, address: Address, kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    till.public_key = key.export_public_key().decode()
    private = key.export_private_key(passphrase="açıl susam").decode()
    with opened(
        legacy.till_system(address, private_key=private, private_key_passphrase="açıl susam")
    ) as folder:
        assert len(folder.entries("out")) == 2
    for given in ({}, {"private_key_passphrase": "yanlis-sifre"}):
        locked = legacy.till_system(address, private_key=private, **given)
        denied(locked, "cannot be opened with extra.private_key_passphrase")


def test_aes_128_is_what_is_talked(address: Address) -> None:
    with opened(legacy.till_system(address)) as folder:
        transport = folder.client.get_channel().get_transport()
        assert transport.remote_cipher.startswith("aes128")


@pytest.mark.parametrize("name", ["../gizli.csv", "alt/gizli.csv", "..", "a\\..\\b.csv", ""])
def test_a_servers_file_names_cannot_leave_the_directory(name: str) -> None:
    class Lying:
        def listdir_attr(self, directory: str) -> list[paramiko.SFTPAttributes]:
            found = [paramiko.SFTPAttributes(), paramiko.SFTPAttributes()]
            for attributes, called in zip(found, (name, "iyi.csv"), strict=True):
                attributes.filename = called
            return found

    folder = Sftp(legacy.parsed('[depo]\nkind = "files"\n'), Lying())
    assert [entry.name for entry in folder.entries(".")] == ["iyi.csv"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "gizli.csv").write_bytes(b"secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").symlink_to(tmp_path / "gizli.csv")
    (tmp_path / "in" / "b.csv").write_bytes(b"1")
    system = legacy.parsed(f'[depo]\nkind = "files"\nfolder = "{tmp_path / "in"}"\n')
    with opened(system) as folder:
        assert [entry.name for entry in folder.entries(".")] == ["b.csv"]
        for path in ("a.csv", "../gizli.csv"):
            with pytest.raises(Refused, match="leads out of the folder"), folder.fetched(path):
                pass


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
