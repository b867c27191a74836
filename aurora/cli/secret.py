"""Secrets that a file holds, so that no list of processes and no history of a shell shows them."""

from __future__ import annotations

from pathlib import Path

from aurora.cli import options
from aurora.reading import read_text

MAX_TOKEN_BYTES = 4096


def read_token(path: Path | None, least: int = 1) -> str | None:
    """Return the secret of `--token-file`; None without a file.

    Args:
        path: The file.
        least: Fewest characters of a secret.

    Raises:
        FileError: The file can't be read.
        BadParameter: It holds no printable secret, or one that is too short.
    """
    if path is None:
        return None
    token = read_text(path, limit=MAX_TOKEN_BYTES).strip()
    if len(token) < least or not token.isascii() or not token.isprintable():
        wanted = "no printable secret" if least == 1 else f"no printable secret of {least} characters"
        raise options.usage_error("--token-file", f"{options.shown(str(path))} holds {wanted}")
    return token
