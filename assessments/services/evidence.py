"""Evidence of a program: files that are what they say, and links; kept under random names and handed out as attachments."""

import datetime
import hashlib
import io
import struct
import uuid
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import regex
from django.db import transaction
from django.db.models.functions import Now

from accounts import backups
from accounts.audit import database_now, record_event
from accounts.letters import without_unseen
from accounts.models import Membership
from assessments.errors import Invalid
from assessments.models import Evidence, Program, Review
from assessments.scoring.schema import FIRST_YEAR, LAST_YEAR
from assessments.services import files
from assessments.services.reviews import problem

FOLDER = "evidence"
ORPHANS_KEPT = datetime.timedelta(days=1)
# Where a day begins first: the date there has come for whoever reads the file, wherever they are.
FIRST_TO_BEGIN = datetime.timezone(datetime.timedelta(hours=14))
MOST_BYTES = 20 * 1024 * 1024
LONGEST_NAME = 150
TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
BEGINNINGS = {".pdf": b"%PDF-", ".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
LONGEST_URL = 1000
NOT_KEPT = regex.compile(r"[^-.\w\u200c\u200d]")  # of a name; joiners that are left by now are seen
# What zipfile raises for archives that are broken in one way or another; it lists no error of its own for most.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    NotImplementedError,
    OSError,
    OverflowError,
    EOFError,
)
OFFICE = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/"}


@dataclass(frozen=True)
class Given:
    """A file as it was uploaded, or the address of a link; one of the two."""

    title: str = ""
    filename: str = ""
    data: bytes = b""
    url: str = ""
    dated: datetime.date | None = None
    valid_until: datetime.date | None = None


@dataclass(frozen=True)
class Kept:
    """What was given, with its file on the disk.

    name, content_type  under which a file is handed out; empty for a link
    path                below MEDIA_ROOT, chosen at random; empty for a link
    """

    given: Given
    name: str = ""
    content_type: str = ""
    path: str = ""
    sha256: str = ""


def checked(given: Given) -> tuple[str, str]:
    """The name and type under which a file is kept; ("", "") for a link. Raises Invalid naming what is wrong."""
    problems = []
    for field, day in (("dated", given.dated), ("valid_until", given.valid_until)):
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            words = f"Give a date from {FIRST_YEAR} to {LAST_YEAR}, such as 2026-05-31."
            problems.append(problem(field, words, day.isoformat()))
    if not problems and given.dated and given.dated > database_now().astimezone(FIRST_TO_BEGIN).date():
        words = "Evidence is something that there is already: its date is today's or an earlier one."
        problems.append(problem("dated", words, given.dated.isoformat()))
    if not problems and given.dated and given.valid_until and given.valid_until < given.dated:
        words = f"It would end before its own date, {given.dated:%-d %b %Y}."
        problems.append(problem("valid_until", words, given.valid_until.isoformat()))
    if bool(given.data or given.filename) == bool(given.url):
        problems.append(problem("file", "Give a file or a link, one of the two."))
    elif given.url:
        if words := _link_fault(given.url):
            problems.append(problem("url", words, given.url))
    if problems or given.url:
        if problems:
            raise Invalid(problems)
        return "", ""
    name = PurePosixPath(given.filename.replace("\\", "/")).name
    ending = PurePosixPath(name).suffix.lower()
    if ending not in TYPES:
        kinds = ", ".join(sorted(one.removeprefix(".") for one in TYPES))
        problems.append(problem("file", f"A file is one of {kinds}.", name))
    elif not given.data:
        problems.append(problem("file", "The file is empty.", name))
    elif len(given.data) > MOST_BYTES:
        problems.append(problem("file", f"A file has at most {MOST_BYTES // 1024 // 1024} MB.", name))
    elif not _is(ending, given.data):
        problems.append(problem("file", f"What is in the file is not what its name ({ending}) says.", name))
    if problems:
        raise Invalid(problems)
    return f"{_stem(name[: -len(ending)][: LONGEST_NAME - len(ending)])}{ending}", TYPES[ending]


def _stem(name: str) -> str:
    """What is left of a name for a file: its letters with their marks, digits, hyphens and dots; blanks as underscores.

    Characters that nobody sees are left out: systems put them into names of files, and nobody can type such a name again.
    """
    seen = without_unseen("_".join(name.split()))
    return NOT_KEPT.sub("", seen).strip(".") or "evidence"


def _link_fault(text: str) -> str:
    """Why the text is no link that a reader may follow, as a sentence; empty if it is one."""
    faulty = f"A link begins with http:// or https://, has no spaces and at most {LONGEST_URL} characters."
    if len(text) > LONGEST_URL or "\\" in text or not text.isprintable() or any(one.isspace() for one in text):
        return faulty
    try:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            return faulty
    except ValueError:  # a bracket that does not close, a port that is no number
        return faulty
    if "@" in parts.netloc:
        return "A link holds no name or password before its host: everybody who reads the condition reads the link."
    if not parts.hostname.isascii():
        return (
            "Letters of other alphabets in a host look like those of another host: give it as browsers copy it, such as "
            "xn--mller-kva.example."
        )
    return ""


def _is(ending: str, data: bytes) -> bool:
    """Whether the bytes are of the type that the ending names."""
    if ending in BEGINNINGS:
        return data.startswith(BEGINNINGS[ending])
    if ending in OFFICE:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = archive.namelist()
        except UNREADABLE:
            return False
        macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return "[Content_Types].xml" in names and any(name.startswith(OFFICE[ending]) for name in names) and not macros
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def keep(organization_id: int, given: Given) -> Kept:
    """Write a file to its place, before the transaction that refers to it: nobody waits for a disk under a row's lock.

    A file whose transaction is rolled back stays behind without a row; `prune_orphans` takes it. Raises Invalid, NotStored
    """
    name, kind = checked(given)
    if given.url:
        return Kept(given)
    path = f"{FOLDER}/{organization_id}/{uuid.uuid4().hex}"
    files.store(path, given.data, uuid.uuid4().hex)
    return Kept(given, name, kind, path, hashlib.sha256(given.data).hexdigest())


def add(*, member: Membership, program: Program, review: Review | None, kept: Kept) -> Evidence:
    """Record a piece of evidence that was kept, inside the caller's transaction and under its guard and permission."""
    given = kept.given
    evidence = Evidence.objects.create(
        organization_id=program.organization_id,
        program=program,
        kind=Evidence.Kind.LINK if given.url else Evidence.Kind.FILE,
        title=(given.title.strip() or kept.name or given.url)[:250],
        url=given.url,
        path=kept.path,
        filename=kept.name,
        content_type=kept.content_type,
        size=len(given.data),
        sha256=kept.sha256,
        dated=given.dated,
        valid_until=given.valid_until,
        uploaded_by=member,
    )
    record_event(
        "evidence.added",
        organization_id=program.organization_id,
        actor=member,
        subject=evidence,
        program=program,
        review=review,
        new={
            "title": evidence.title,
            "kind": evidence.kind,
            "url": evidence.url,
            "sha256": evidence.sha256,
            "valid_until": evidence.valid_until,
        },
    )
    return evidence


def prune_orphans(most: int) -> int:
    """Delete files that no row refers to and that are older than a day, at most so many, and how many: their transaction
    was rolled back, or their writing was cut short. What was written within a day may still be waiting for its row. None
    while a backup is made, which deletes no stored file."""
    found = 0
    with transaction.atomic():
        if not backups.may_delete_files():
            return 0
        for paths in files.older_than(FOLDER, ORPHANS_KEPT, by=database_now(), at_once=most):
            held = set(Evidence.objects.filter(path__in=paths).values_list("path", flat=True))
            for path in [path for path in paths if path not in held][: most - found]:
                files.remove(path)
                found += 1
            if found >= most:
                break
    return found


def remove(*, member: Membership, evidence: Evidence, review: Review | None, reason: str) -> None:
    """Show a piece of evidence no longer, inside the caller's transaction and under its guard and permission."""
    Evidence.objects.filter(pk=evidence.pk).update(removed_at=Now())
    evidence.refresh_from_db(fields=["removed_at"])
    record_event(
        "evidence.removed",
        organization_id=evidence.organization_id,
        actor=member,
        subject=evidence,
        program=evidence.program,
        review=review,
        old={"title": evidence.title, "kind": evidence.kind, "url": evidence.url, "sha256": evidence.sha256},
        reason=reason,
    )


def read_back(evidence: Evidence) -> bytes:
    """The bytes of a file of evidence. Raises FileDamaged where they are not what was uploaded."""
    return files.read_back(evidence.path, evidence.sha256)
