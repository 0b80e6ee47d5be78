"""A file gets new content whole or not at all, and only if it still holds what was read."""

from __future__ import annotations

import contextlib
import os
import stat

from iamlint.auditing.pipeline import read_file

__all__ = ["ReplaceError", "replace_content"]


class ReplaceError(Exception):
    """The file was left alone; the message says why."""


def replace_content(path: str, old: bytes, new: bytes) -> None:
    """Give the file at the real path `path`, which must hold `old`, the content `new`.

    Mode and owner stay. Raises ReplaceError; the file is as it was then.
    """
    temporary = os.path.join(os.path.dirname(path), f".iamlint-{os.getpid()}.tmp")
    try:
        known = _checked(path, old)
        made = False
        try:
            descriptor = os.open(temporary, _NEW, 0o600)
            made = True
            with open(descriptor, "wb") as file:
                file.write(new)
                file.flush()
                _keep(descriptor, path, known)
                os.fsync(descriptor)
            again = _checked(path, old)
            if (again.st_dev, again.st_ino) != (known.st_dev, known.st_ino):
                raise ReplaceError("it was changed meanwhile")
            os.replace(temporary, path)
            made = False
        finally:
            if made:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
    except OSError as error:
        raise ReplaceError(f"it cannot be written: {(error.strerror or str(error)).lower()}") from None
    with contextlib.suppress(OSError):
        _sync_folder(os.path.dirname(path))


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW"):
    _NEW |= getattr(os, _flag, 0)


def _checked(path: str, old: bytes) -> os.stat_result:
    """Return what the file is. Raises ReplaceError unless it is one that may be replaced and holds `old`."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or os.path.realpath(path) != path:
        raise ReplaceError("a link has taken its place")
    if found.st_nlink > 1:
        raise ReplaceError("it has another name (a hard link), which would keep the old content")
    if not os.access(path, os.W_OK):
        raise ReplaceError("it is write-protected")
    if found.st_size != len(old) or read_file(path, len(old)) != old:
        raise ReplaceError("it was changed meanwhile")
    return found


def _keep(descriptor: int, path: str, known: os.stat_result) -> None:
    """Give the new file the owner, extended attributes and mode of the old one."""
    if hasattr(os, "fchown"):
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (known.st_uid, known.st_gid):
            os.fchown(descriptor, known.st_uid, known.st_gid)
    if hasattr(os, "listxattr"):
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(path, name))
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(known.st_mode))


def _sync_folder(folder: str) -> None:
    """Make the new name last through a crash, where the system can do that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
