"""Who may be talked to: servers certified by a known authority, a company's own included."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import tests.kinds
from clients import Denied
from sandbox.serving import serving
from tests.kinds import KINDS, Kind, Running

WEB = [kind for kind in KINDS if kind.name in ("shopify", "woocommerce", "hubspot", "soap")]
NOW = datetime.now(UTC)


def _certificate(
    name: str,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    ends: datetime = NOW + timedelta(days=1),
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Of an authority, or by one for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    by, signing = (issuer[0].subject, issuer[1]) if issuer else (named, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=2))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
    )
    if issuer is None:
        allowed = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        usage = x509.KeyUsage(
            digital_signature=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
            **allowed,
        )
        builder = builder.add_extension(usage, critical=True)
    else:
        here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([here]), critical=False)
    return builder.sign(signing, hashes.SHA256()), key


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    text = certificate.public_bytes(serialization.Encoding.PEM)
    if key:
        text += key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, other.pem (an authority nobody here knows), server.pem and old.pem with keys."""
    made = tmp_path_factory.mktemp("tls")
    authority = _certificate("Deneme A.Ş. Root")
    (made / "ca.pem").write_bytes(_pem(authority[0]))
    (made / "other.pem").write_bytes(_pem(_certificate("Somebody Else")[0]))
    (made / "server.pem").write_bytes(_pem(*_certificate("server", authority)))
    expired = _certificate("server", authority, ends=NOW - timedelta(days=1))
    (made / "old.pem").write_bytes(_pem(*expired))
    return made


@pytest.fixture(params=WEB, ids=lambda kind: kind.name)
def running(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """Served over https."""
    encrypted = partial(serving, certificate=folder / "server.pem")
    monkeypatch.setattr(tests.kinds, "serving", encrypted)
    kind: Kind = request.param
    with kind.running(customers=2, orders=2) as served:
        assert served.system.connection.url.startswith("https://")
        yield served


def checked(running: Running, **extra: Any) -> str:
    given = {**running.system.connection.extra, **extra}
    connect: Callable[..., Any] = running.kind.source.connect
    said: str = connect(running.other(extra=given), sleep=lambda seconds: None).check()
    return said


def test_a_private_authority_is_trusted_once_it_is_named(running: Running, folder: Path) -> None:
    ca = folder / "ca.pem"
    for given in (str(ca), ca.read_text(), ca.read_text().replace("\n", "\\n")):
        assert "reads" in checked(running, ca=given)


def test_without_it_nothing_is_sent_and_the_setting_is_named(
    running: Running, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = running.system.name
    said = rf'certificate of 127.0.0.1:\d+ .*extra of the Airflow connection \'{name}\': {{"ca":'
    with pytest.raises(Denied, match=said):
        checked(running)
    with pytest.raises(Denied, match=said):
        checked(running, ca=str(folder / "other.pem"))
    assert getattr(running.store, "requests", 0) == 0
    # An operator's environment may add authorities; it takes none away.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "other.pem"))
    assert "reads" in checked(running, ca=str(folder / "ca.pem"))


@pytest.mark.parametrize("wrong", [False, True, "", 0, ["ca.pem"], "/no/such/ca.pem", "-----BEGIN"])
def test_nothing_switches_verification_off(running: Running, wrong: Any) -> None:
    with pytest.raises(Denied, match=r"extra\.ca"):
        checked(running, ca=wrong)


def test_a_file_without_a_certificate_is_told(running: Running, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("ne bu")
    with pytest.raises(Denied, match=r"extra\.ca cannot be read: '.*ca\.pem'"):
        checked(running, ca=str(tmp_path / "ca.pem"))


def test_an_expired_certificate_is_refused_in_openssls_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = partial(serving, certificate=folder / "old.pem")
    monkeypatch.setattr(tests.kinds, "serving", expired)
    with (
        WEB[0].running(customers=2, orders=0) as served,
        pytest.raises(Denied, match="certificate has expired"),
    ):
        checked(served, ca=str(folder / "ca.pem"))


def test_the_public_authorities_stay_trusted_beside_it(
    running: Running, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop's bulk results are at another host than the shop. What is public is the bundle that
    the environment names."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.pem"))
    assert "reads" in checked(running, ca=str(folder / "other.pem"))
