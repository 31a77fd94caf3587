"""Heads of the chains, kept where the application's database role cannot write: a file, and always the log.

One JSON object a line: organization (uuid), slug, number, digest, cause, at. A line of cause "restore" says that the
database was set back to its number: what was anchored beyond it before is lost, and known to be. A line of cause "undone"
says that a restore was broken off and what it had replaced was put back: what the restore anchored since its `at` is void.
"""

import datetime
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings

from accounts.models import AuditSeal, Organization

log = structlog.get_logger(__name__)
IN_THE_LOG = "log"
RESTORE = "restore"
UNDONE = "undone"


class Unreadable(Exception):
    """The anchors cannot be read. The text says which line, and why."""


@dataclass(frozen=True)
class Anchor:
    organization: str  # uuid
    number: int
    digest: str
    cause: str
    at: str


def append(seal: AuditSeal) -> None:
    """Anchor a seal's head. A sink that cannot be written is logged as an error, and the next head takes its place."""
    seal.refresh_from_db(fields=["sealed_at"])
    if seal.number > 1 and (file := configured()) and not file.exists():
        # This line makes the file anew: the log is then what tells that there was another.
        log.error("audit_anchors_gone", file=str(file), organization=seal.organization_id)
    organization = Organization.objects.get(pk=seal.organization_id)
    _put(organization, seal.last_number, seal.digest, "seal", seal.sealed_at.isoformat())


def append_restore(organization: Organization, number: int, digest: str, at: str) -> None:
    """Say that the database was set back to this head."""
    _put(organization, number, digest, RESTORE, at)


def append_undone(uuid: str, slug: str, since: str) -> None:
    """Say that what a restore anchored of an organization since a moment is void. Raises OSError if it cannot be said."""
    _write(_line(uuid, slug, 0, "", UNDONE, since))


def _put(organization: Organization, number: int, digest: str, cause: str, at: str) -> None:
    try:
        _write(_line(str(organization.uuid), organization.slug, number, digest, cause, at))
    except OSError as problem:
        log.error("audit_anchor_not_written", file=settings.AUDIT_ANCHOR, problem=str(problem))


def _line(uuid: str, slug: str, number: int, digest: str, cause: str, at: str) -> dict[str, str | int]:
    return {"organization": uuid, "slug": slug, "number": number, "digest": digest, "cause": cause, "at": at}


def _write(line: dict[str, str | int]) -> None:
    log.info("audit_anchor", **line)
    file = configured()
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # One write of one line to a file opened for appending: lines of several workers do not mix.
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, (json.dumps(line) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_in_log() -> None:
    """Where the log alone keeps the anchors, let their lines stand in it, however little else is asked to be logged."""
    if configured() is None:
        logging.getLogger(__name__).setLevel(logging.INFO)


def where() -> str:
    """Where the anchors are kept, as a sentence for whoever ran a command."""
    file = configured()
    if file is not None:
        return f"The heads are anchored in {file}."
    return (
        "The heads are anchored in the log alone: keep the lines audit_anchor that this command wrote to standard error, "
        "with those of the worker."
    )


def configured() -> Path | None:
    """The file in which the anchors are kept, whether it is there or not; None where they are kept in the log."""
    return None if settings.AUDIT_ANCHOR == IN_THE_LOG else Path(settings.AUDIT_ANCHOR)


def kept_of(organization: Organization) -> list[Anchor] | None:
    """An organization's anchors, oldest first: none where their file is gone; None where they are kept in the log.

    Raises Unreadable for a file that is there and cannot be read.
    """
    file = configured()
    if file is None:
        return None
    return of(organization, file) if file.exists() else []


@dataclass(frozen=True)
class Standing:
    """The anchors that the chain must match, and how far it reached before a restore set it back (0: it was not)."""

    by_number: dict[int, Anchor]
    lost_through: int = 0


def standing(lines: Sequence[Anchor]) -> Standing:
    """What holds of anchors, given in the order in which they were written.

    A restore sets back to what held when its head was anchored first: a backup anchors its head. Where that line is not
    there, everything up to the restored number holds. A restore that was undone leaves what held before it.
    """
    known = _known_before(lines)
    wanted = set(known.values())
    after: dict[int, dict[int, Anchor]] = {}  # what held after a line, for the lines that a restore goes back to
    before: list[tuple[datetime.datetime, dict[int, Anchor], int]] = []  # what held, and was lost, before each restore
    by_number: dict[int, Anchor] = {}
    lost = 0
    for at, anchor in enumerate(lines):
        if anchor.cause == UNDONE:
            while before and before[-1][0] >= _moment(anchor):
                _, by_number, lost = before.pop()
            continue
        if anchor.cause == RESTORE:
            before.append((_moment(anchor), by_number, lost))
            lost = max([lost, *(number for number in by_number if number > anchor.number)])
            held = after[known[at]] if at in known else by_number
            by_number = {number: one for number, one in held.items() if number <= anchor.number}
        if anchor.number:
            by_number[anchor.number] = anchor
        if at in wanted:
            after[at] = dict(by_number)
    return Standing(by_number, lost)


def _moment(anchor: Anchor) -> datetime.datetime:
    return datetime.datetime.fromisoformat(anchor.at)


def _known_before(lines: Sequence[Anchor]) -> dict[int, int]:
    """For each line of a restore the last line before it that anchored the same head, where there is one."""
    known: dict[int, int] = {}
    seen: dict[tuple[int, str], int] = {}
    for at, anchor in enumerate(lines):
        if anchor.cause == UNDONE:
            continue
        head = (anchor.number, anchor.digest)
        if anchor.cause == RESTORE and head in seen:
            known[at] = seen[head]
        seen[head] = at
    return known


def of(organization: Organization, file: Path) -> list[Anchor]:
    """An organization's anchors, oldest first. Raises Unreadable, also for a file that is not there."""
    return [one for one in read(file) if one.organization == str(organization.uuid)]


def read(file: Path) -> list[Anchor]:
    """Every anchor of a file, oldest first. Raises Unreadable."""
    try:
        with file.open(encoding="utf-8") as lines:
            return list(parse(lines, str(file)))
    except (OSError, UnicodeDecodeError) as problem:
        raise Unreadable(f"The anchors in {file} cannot be read: {problem}.") from problem


def parse(lines: Iterable[str], name: str) -> Iterator[Anchor]:
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            anchor = Anchor(
                str(said["organization"]), int(said["number"]), str(said["digest"]), said["cause"], said["at"]
            )
            if _moment(anchor).tzinfo is None:
                raise ValueError(f"the moment {anchor.at} names no time zone")
            yield anchor
        except (ValueError, KeyError, TypeError) as problem:
            raise Unreadable(f"Line {at} of {name} is no anchor: {problem}.") from problem
