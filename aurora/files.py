"""Writes files whole or not at all, and locks them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import select
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aurora.errors import AuroraError, FileError, InputError

PIPE_SECONDS = 10.0
"""Most seconds until a pipe takes the next bytes."""

LOOK_SECONDS = 0.2
"""Seconds for which `locked` tries again: a look by `is_locked` holds a lock for a moment."""

_CHUNK = 1 << 16
_LONGEST_ENDING = 40
_LONGEST_OWNER = 40
_REMEDIES = {
    errno.EACCES: "check the folder and its permissions",
    errno.EPERM: "check the folder and its permissions",
    errno.ENOENT: "create the folder first",
    errno.ENOSPC: "free some space, or write to another disk",
    errno.EDQUOT: "free some space, or write to another disk",
    errno.EROFS: "the disk is read-only; write to another one",
    errno.EISDIR: "give the path of a file",
    errno.EEXIST: "something else has this name; give another path",
    errno.ELOOP: "its links lead to themselves; give another path",
    errno.ENOTDIR: "a part of the path is a file; give another path",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ENXIO: "nothing reads from the other end",
    errno.EPIPE: "nothing reads from the other end",
}


def inside(path: Path, folders: Sequence[Path]) -> Path:
    """Return the real path of a file that lies in one of some folders; links are followed before that is judged.

    Args:
        path: Path, absolute, or relative to one of the folders or to the present one.
        folders: Folders whose files may be opened.

    Raises:
        InputError: The file lies in none of them.
        FileError: There is no such file.
    """
    roots = [Path(os.path.realpath(folder)) for folder in folders]
    names = [path] if path.is_absolute() else [*(root / path for root in roots), Path.cwd() / path]
    try:
        places = [Path(os.path.realpath(name)) for name in names]
    except ValueError:
        raise InputError("a path holds no NUL character", parameter="path", value=str(path)) from None
    permitted = [place for place in places if any(place.is_relative_to(root) for root in roots)]
    if not permitted:
        listed = ", ".join(map(str, folders)) or "none is served"
        raise InputError(f"only files in these folders may be opened: {listed}", parameter="path", value=str(path))
    for place in permitted:
        with contextlib.suppress(OSError):  # a name that is too long is the name of no file
            if place.is_file():
                return place
    raise FileError(f"there is no file {path} in {', '.join(map(str, folders))}")


@contextmanager
def replaced(path: Path, *, error: type[AuroraError] = FileError) -> Iterator[Path]:
    """Provide a file to write to, with the ending of `path`; it replaces `path` when the block succeeds.

    Readers see the old file or the new one, even after a power failure. After an error or an interrupt nothing of the
    new file is left. A symbolic link stays a link and its target is replaced. Permissions stay, and the owner where
    the system allows it. A pipe or a device is written to instead of replaced; a disk is refused.

    Args:
        path: File to replace.
        error: The class of error to raise.

    Raises:
        AuroraError: The file can't be written. The class is `error`.
    """
    if str(path) == "-":
        raise error("can't write -: it stands for no file here; give /dev/stdout, or a name of its own")
    with writing(path, error=error):
        before = _state(path)
        if before is not None and _is_stream(path, before):
            with tempfile.TemporaryDirectory() as folder:
                partial = Path(folder) / f"stream{_ending(path)}"
                yield partial
                _pass_on(partial, path)
            return
        place = Path(os.path.realpath(path))
        partial = place.parent / f".{os.getpid()}-{secrets.token_hex(4)}{_ending(path)}"
        try:
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if before is None else 0o600))
            yield partial
            if before is not None:
                _keep_permissions(partial, before)
            with partial.open("rb+") as stream:
                os.fsync(stream.fileno())
            partial.replace(place)
            _make_durable(place.parent)
        finally:
            with contextlib.suppress(OSError):  # the change is made by now, or its own error is on its way
                partial.unlink(missing_ok=True)


def write_atomically(path: Path, text: str, *, error: type[AuroraError] = FileError) -> None:
    """Replace a file by a text in UTF-8; see `replaced`.

    Raises:
        AuroraError: The file can't be written. The class is `error`.
    """
    with replaced(path, error=error) as partial:
        partial.write_bytes(text.encode())


@contextmanager
def writing(path: Path, *, error: type[AuroraError] = FileError) -> Iterator[None]:
    """Turn errors of the system, while a file or a folder is written, into one of AURORA with a remedy.

    Raises:
        AuroraError: The file can't be written. The class is `error`.
    """
    try:
        yield
    except OSError as fault:
        remedy = _REMEDIES.get(fault.errno or 0, "check the path and the disk")
        raise error(f"can't write {path}: {fault.strerror or fault}; {remedy}") from None
    except UnicodeEncodeError as fault:
        raise error(
            f"can't write {path}: character {fault.start} of the text is half of a pair; mend the text"
        ) from None
    except ValueError as fault:
        if "null byte" not in str(fault) and "null character" not in str(fault):
            raise
        raise error(f"can't write {str(path)!r}: {fault}; give the path of a file") from None


@contextmanager
def locked(path: Path, *, busy: str, error: type[AuroraError] = FileError) -> Iterator[None]:
    """Hold a lock on a file while the block runs; the file and its folder are created if absent.

    The lock is the operating system's: it ends with the process, however that ends. The file holds the owner's process
    id, for the message of whoever comes second.

    Args:
        path: The lock file.
        busy: What the other process is doing and what to do, after "another process (pid 7)".
        error: The class of error to raise.

    Raises:
        AuroraError: Another process holds the lock, or the file can't be created. The class is `error`.
    """
    with writing(path.parent, error=error):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+")
    with stream:
        if not _acquired(stream.fileno()):
            stream.seek(0)
            owner = stream.read().strip()
            raise error(f"another process{f' ({owner})' if owner else ''} {busy}") from None
        with contextlib.suppress(OSError):  # a full disk: the lock holds without its owner's name
            os.ftruncate(stream.fileno(), 0)
            os.write(stream.fileno(), f"pid {os.getpid()}".encode())
        yield


def _acquired(handle: int) -> bool:
    """Take an exclusive lock on an open file; return False if another process keeps it."""
    deadline = time.monotonic() + LOOK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS / 10)
        else:
            return True


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock on a file that `locked` took; False if the file is absent."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def lock_owner(path: Path) -> int | None:
    """Return the process id of the process that holds the lock on a file; None: none does, or it left no id."""
    if not is_locked(path):
        return None
    try:
        words = path.read_bytes()[:_LONGEST_OWNER].split()
    except OSError:
        return None
    return int(words[1]) if len(words) == 2 and words[0] == b"pid" and words[1].isdigit() else None  # noqa: PLR2004


def _state(path: Path) -> os.stat_result | None:
    """Return the status of a file, following links; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if stat.S_ISBLK(found.st_mode):
        raise OSError(errno.EACCES, "it is a disk")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


def _is_stream(path: Path, found: os.stat_result) -> bool:
    """Return whether a file is a pipe, a device, or the process's own output under the name of a file."""
    folder = os.path.realpath(path.parent)
    return not stat.S_ISREG(found.st_mode) or folder == "/dev" or folder.startswith("/proc/")


def _ending(path: Path) -> str:
    return "".join(path.suffixes[-2:])[-_LONGEST_ENDING:]


def _keep_permissions(partial: Path, before: os.stat_result) -> None:
    with contextlib.suppress(PermissionError):  # only root may give a file away
        if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(partial, before.st_uid, before.st_gid)
    partial.chmod(stat.S_IMODE(before.st_mode))


def _make_durable(folder: Path) -> None:
    """Sync a folder: a new name is on disk only with its folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems can't; the content is on disk
            os.fsync(handle)
    finally:
        os.close(handle)


def _pass_on(partial: Path, path: Path) -> None:
    """Write the bytes of a file to a pipe or a device, waiting `PIPE_SECONDS` for it to take more."""
    handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_APPEND)
    patience = select.poll()
    patience.register(handle, select.POLLOUT)
    try:
        with partial.open("rb") as source:
            while chunk := source.read(_CHUNK):
                rest = memoryview(chunk)
                while rest:
                    if not patience.poll(PIPE_SECONDS * 1000):
                        raise OSError(errno.EPIPE, f"it took nothing for {PIPE_SECONDS:.0f} s")
                    with contextlib.suppress(BlockingIOError):
                        rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
