"""Files below MEDIA_ROOT: written whole or not at all, and handed out only while they are what was written."""

import datetime
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from assessments.errors import FileDamaged, NotStored

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this process may write",
    errno.EACCES: "the folder may not be written to",
    errno.EROFS: "the disk is read-only",
}


def store(path: str, data: bytes, token: str) -> None:
    """Write a file below MEDIA_ROOT so that its name never stands for a part of it, also if the power fails.

    path   relative to MEDIA_ROOT
    token  of this run, so that two runs never write into the same unfinished file
    Raises NotStored with the cause in plain words; nothing is left then
    """
    target = settings.MEDIA_ROOT / path
    unfinished = target.with_name(f".{target.stem}.{token}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as problem:
        reason = _REASONS.get(problem.errno or 0, problem.strerror or str(problem))
        raise NotStored(f"The file could not be stored: {reason}. Nothing else is affected.") from problem


def read_back(path: str, sha256: str) -> bytes:
    """The bytes of a stored file. Raises FileDamaged if it is gone or no longer has this digest."""
    try:
        data = (settings.MEDIA_ROOT / path).read_bytes()
    except OSError as problem:
        raise FileDamaged("The stored file is gone, so it cannot be handed out.") from problem
    if hashlib.sha256(data).hexdigest() != sha256:
        raise FileDamaged("The stored file no longer matches its record (SHA-256 differs), so it is not handed out.")
    return data


def leftovers(folder: str, stem: str) -> list[Path]:
    """Finished and unfinished files below a folder of MEDIA_ROOT whose names begin with the stem."""
    where = settings.MEDIA_ROOT / folder
    return [*where.glob(f"{stem}*"), *where.glob(f".{stem}*.part")]


def older_than(folder: str, age: datetime.timedelta, *, by: datetime.datetime, at_once: int) -> Iterator[list[str]]:
    """The files anywhere below a folder of MEDIA_ROOT, unfinished ones too, last written so long before `by`, as paths
    relative to MEDIA_ROOT, so many at once."""
    latest = (by - age).timestamp()
    some: list[str] = []
    for place, _, names in os.walk(settings.MEDIA_ROOT / folder):
        for name in names:
            file = Path(place) / name
            try:
                if file.stat().st_mtime >= latest:
                    continue
            except FileNotFoundError:
                continue
            some.append(file.relative_to(settings.MEDIA_ROOT).as_posix())
            if len(some) == at_once:
                yield some
                some = []
    if some:
        yield some


def remove(path: str) -> None:
    """Delete a file below MEDIA_ROOT; one that is gone is no fault."""
    (settings.MEDIA_ROOT / path).unlink(missing_ok=True)
