"""Gets the rated snippets of the VADER study out of the source distribution of vaderSentiment."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from aurora.errors import DataError, FileError, RunError
from aurora.files import write_atomically, writing
from aurora.learning.composition.tasks.sentiment import SNIPPETS_SHA256, snippets_path

DISTRIBUTION = "vaderSentiment==3.3.2"
SDIST_NAME = "vaderSentiment-3.3.2.tar.gz"
SDIST_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
_LARGEST = 16 << 20
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_SOURCES = {
    "tweets": "tweets",
    "amazonReviewSnippets": "products",
    "movieReviewSnippets": "films",
    "nytEditorialSnippets": "editorials",
}
"""Name of a file of ratings -> what its snippets are from."""
_DOWNLOAD_SECONDS = 300


def keep_snippets(sdist: Path, path: Path | None = None) -> Path:
    """Take the rated snippets out of a source distribution, and keep them as a plain file.

    Nothing is unpacked to disk, and no code of the distribution is run.

    Args:
        sdist: The file `vaderSentiment-3.3.2.tar.gz`.
        path: File to write; None: where the task looks for it.

    Returns:
        The file that was written.

    Raises:
        FileError: A file can't be read or written.
        DataError: The distribution is not the one that is expected.
    """
    try:
        with sdist.open("rb") as stream:
            content = stream.read(_LARGEST)
    except OSError as error:
        raise FileError(f"can't read {sdist}: {error.strerror or error}; check the path and its permissions") from None
    if hashlib.sha256(content).hexdigest() != SDIST_SHA256:
        raise DataError(f"{sdist} is not {SDIST_NAME} as it is on PyPI (its sha256 differs); download it again")
    lines: list[str] = []
    inner = _member(content, _INNER)
    for source, group in _SOURCES.items():
        text = _member(inner, f"hutto_ICWSM_2014/{source}_GroundTruth.txt").decode("utf-8", errors="replace")
        for line in text.splitlines():
            _, rating, snippet = line.split("\t", 2)
            lines.append(f"{group}\t{float(rating):.4f}\t{' '.join(snippet.split())}\n")
    whole = "".join(lines)
    if hashlib.sha256(whole.encode()).hexdigest() != SNIPPETS_SHA256:
        raise DataError(f"the snippets of {sdist} are not those that are expected")
    path = path or snippets_path()
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, whole)
    return path


def download_snippets(path: Path | None = None) -> Path:
    """Download the source distribution with pip, and keep its rated snippets as a plain file.

    Args:
        path: File to write; None: where the task looks for it.

    Returns:
        The file that was written.

    Raises:
        RunError: pip failed; the message says how to go on without it.
        FileError: A file can't be written.
        DataError: The distribution is not the one that is expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", folder, DISTRIBUTION]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RunError(_remedy(str(error))) from None
        sdist = Path(folder) / SDIST_NAME
        if done.returncode or not sdist.exists():
            lines = done.stderr.strip().splitlines()
            raise RunError(_remedy(lines[-1] if lines else f"pip ended with code {done.returncode}"))
        return keep_snippets(sdist, path)


def _remedy(reason: str) -> str:
    return (
        f"{SDIST_NAME} can't be downloaded ({reason}); get it from https://pypi.org/project/vaderSentiment/#files and "
        f"run: aurora compose data sentiment --from {SDIST_NAME}"
    )


def _member(archive: bytes, name: str) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            stream = opened.extractfile(name)
            if stream is None:
                raise DataError(f"{name} of {SDIST_NAME} is no file")
            return stream.read(_LARGEST)
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise FileError(f"can't read {name} of {SDIST_NAME}: {error}") from None
