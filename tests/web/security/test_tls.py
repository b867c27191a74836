"""HTTPS: certificate and key are checked before the server listens, and cookies are sent over HTTPS only."""

from __future__ import annotations

import datetime
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aurora.errors import FileError, InputError
from aurora.web.security.tls import check_tls
from aurora.web.settings import WebSettings

ROOT = Path(__file__).parents[3]
TOKEN = "0123456789abcdef0123"
PATIENCE = 120.0


def write_pair(folder: Path, name: str, *, password: bytes = b"") -> tuple[Path, Path]:
    """Write a certificate for localhost that signs itself, and its key; return their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    sealed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    cert_path, key_path = folder / f"{name}.crt", folder / f"{name}.key"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed))
    return cert_path, key_path


@contextmanager
def listening(folder: Path, *options: str) -> Iterator[str]:
    """Run `aurora serve`, and yield the address that it tells."""
    log = folder / "serve.log"
    command = [sys.executable, "-m", "aurora", "serve", "--port", "0", *options]
    with log.open("wb") as out:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "AURORA_MODEL": ""}
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=environment)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(r"https?://[\d.]+:\d+", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield found.group()
    finally:
        process.terminate()
        process.wait(30)


def test_a_pair_that_fits_is_taken_in_two_files_or_one(tmp_path) -> None:
    cert, key = write_pair(tmp_path, "one")
    check_tls(WebSettings(tls_cert=cert, tls_key=key))
    both = tmp_path / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    check_tls(WebSettings(tls_cert=both))
    check_tls(WebSettings())


def test_what_is_wrong_is_said(tmp_path) -> None:
    (cert, key), (_, other) = write_pair(tmp_path, "one"), write_pair(tmp_path, "other")
    _, locked = write_pair(tmp_path, "locked", password=b"secret")
    damaged = tmp_path / "damaged.crt"
    damaged.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for kind, text, settings in (
        (InputError, "not that of the certificate", WebSettings(tls_cert=cert, tls_key=other)),
        (InputError, "give --tls-cert", WebSettings(tls_key=key)),
        (InputError, "give the key's file: --tls-key", WebSettings(tls_cert=cert)),
        (InputError, "holds no certificate", WebSettings(tls_cert=key, tls_key=key)),
        (InputError, "holds no private key", WebSettings(tls_cert=cert, tls_key=cert)),
        (InputError, "has a password", WebSettings(tls_cert=cert, tls_key=locked)),
        (InputError, "is damaged", WebSettings(tls_cert=damaged, tls_key=key)),
        (FileError, "can't read .*absent", WebSettings(tls_cert=tmp_path / "absent", tls_key=key)),
        (FileError, "can't read .*absent", WebSettings(tls_cert=cert, tls_key=tmp_path / "absent")),
    ):
        with pytest.raises(kind, match=text):
            check_tls(settings)


@pytest.mark.slow
def test_the_desk_speaks_https_and_its_cookies_are_secure(tmp_path) -> None:
    cert, key = write_pair(tmp_path, "one")
    (tmp_path / "token").write_text(TOKEN)
    options = ("--tls-cert", str(cert), "--tls-key", str(key), "--token-file", str(tmp_path / "token"))
    with listening(tmp_path, *options) as address:
        assert address.startswith("https://")
        url = address.replace("127.0.0.1", "localhost")
        with httpx.Client(verify=ssl.create_default_context(cafile=str(cert)), trust_env=False) as browser:
            answer = browser.post(f"{url}/login", data={"token": TOKEN}, headers={"Origin": url})
            cookies = answer.headers.get_list("set-cookie")
            assert answer.status_code == 303
            assert cookies
            assert all("; Secure" in c for c in cookies)
            assert browser.get(f"{url}/api/chat/sessions").status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(url.replace("https", "http") + "/healthz", trust_env=False)
