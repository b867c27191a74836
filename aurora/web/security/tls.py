"""Checks the server's certificate and key before it listens, so that what is wrong is said in words."""

from __future__ import annotations

import ssl
from pathlib import Path

from aurora.errors import FileError, InputError
from aurora.web.settings import WebSettings


def check_tls(settings: WebSettings) -> None:
    """Check that certificate and key can be read and belong together; nothing is checked without them.

    Args:
        settings: How the server is reached.

    Raises:
        InputError: There is a key without a certificate, a file is no PEM file of its kind, or they don't match.
        FileError: A file can't be read.
    """
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None:
        if key is not None:
            raise InputError("a key needs its certificate: give --tls-cert", parameter="tls_cert")
        return
    for path in (cert, key):
        if path is not None:
            _require_readable(path)
    if b"-----BEGIN CERTIFICATE-----" not in cert.read_bytes():
        raise InputError(f"{cert} holds no certificate in PEM form", parameter="tls_cert")
    holder = key or cert
    content = holder.read_bytes()
    if b"PRIVATE KEY-----" not in content:
        hint = "give the key's file: --tls-key" if key is None else "give the file of the certificate's key"
        raise InputError(f"{holder} holds no private key in PEM form; {hint}", parameter="tls_key")
    if b"ENCRYPTED" in content:
        raise InputError(
            f"the key in {holder} has a password; write it without: openssl pkey -in {holder} -out KEY",
            parameter="tls_key",
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except ssl.SSLError as error:
        if "MISMATCH" in str(error.reason).upper():
            raise InputError(
                f"the key in {holder} is not that of the certificate {cert}", parameter="tls_key"
            ) from None
        raise InputError(f"{cert} or {holder} is damaged ({error.reason or error})", parameter="tls_cert") from None


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror}; give a PEM file that this user may read") from None
