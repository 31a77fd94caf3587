"""Verifying the sealed audit trail: every digest is taken again from the rows, in order, a bounded number at a time."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Q

from accounts import anchors
from accounts.anchors import Anchor, Standing
from accounts.audit import event_digest
from accounts.models import AuditEvent, AuditSeal, AuditSealEntry, Organization
from accounts.sealing import LATE, chained, head_of, transaction_bounds, waiting

CHUNK = 1_000
LATE_MINUTES = int(LATE.total_seconds() // 60)


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was sealed. number: the first number of the trail that is wrong; 0: the anchors are."""

    number: int
    message: str

    def __str__(self):
        return f"Number {self.number}: {self.message}" if self.number else self.message


@dataclass(frozen=True)
class Walk:
    """How far a walk came. through, digest: the last number that matches, and its digest; done: the end was reached."""

    through: int = 0
    digest: str = ""
    fault: Fault | None = None
    done: bool = False


@dataclass(frozen=True)
class Result:
    """What verifying an organization's trail found.

    sealed    how many entries were checked and match, counted from the first
    head      the digest of the last of them
    faults    what is wrong, the first number first; empty: everything matches
    younger   how many events are younger than the last seal: not sealed yet, so not checked
    oldest    when the oldest of these was written
    late      how many of these have waited longer than `sealing.LATE`
    anchored  the last number that was compared with an anchor; None where no anchors were at hand
    anchors_begin  the first number that is anchored, where the anchors begin later than the seals; else 0
    lost_through  how far the trail reached before a restore set the database back; 0 where none did
    """

    sealed: int
    head: str
    faults: tuple[Fault, ...] = field(default=())
    younger: int = 0
    oldest: datetime.datetime | None = None
    late: int = 0
    anchored: int | None = None
    anchors_begin: int = 0
    lost_through: int = 0

    def __bool__(self):
        return not self.faults

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not contradict the trail, but leaves less of it proven than there should be."""
        found = []
        if self.anchors_begin:
            found.append(
                f"The anchor file begins at number {self.anchors_begin}; numbers before it cannot be compared. This is so "
                "after a restore onto another machine; otherwise somebody removed the file, and the next seal made it "
                "anew: look for the former file or the log."
            )
        if self.late:
            found.append(late_words(self.late, self.oldest))
        return tuple(found)


def late_words(late: int, oldest: datetime.datetime | None) -> str:
    """How many events have waited too long for a seal, since when, and what to do."""
    events = "1 event has waited" if late == 1 else f"{late:,} events have waited"
    since = f", the oldest since {oldest:%Y-%m-%d %H:%M} UTC" if oldest else ""
    return (
        f"{events} longer than {LATE_MINUTES} minutes to be sealed{since}; until then a change to them would not show. See "
        "that beat and a worker run and that no transaction hangs in the database, then run `manage.py seal_audit`."
    )


def verify(organization: Organization, kept: list[Anchor] | None = None) -> Result:
    """Verify an organization's whole trail against itself and, where given, against its anchors."""
    held = anchors.standing(kept or [])
    walk = Walk()
    while not walk.done:
        walk = step(organization.pk, walk, held.by_number)
    return conclude(organization.pk, walk, None if kept is None else held)


def step(organization_id: int, since: Walk, kept: Mapping[int, Anchor], most: int = CHUNK) -> Walk:
    """Walk on over at most `most` entries from where a former walk ended."""
    entries = list(
        AuditSealEntry.objects.filter(organization_id=organization_id, number__gt=since.through)
        .select_related("seal")
        .order_by("number")[:most]
    )
    events = AuditEvent.objects.in_bulk([entry.event_id for entry in entries])
    through, digest = since.through, since.digest
    for entry in entries:
        event = events.get(entry.event_id)
        words = _wrong_with(entry, event, through + 1, digest)
        if not words and (anchor := kept.get(entry.number)) and anchor.digest != entry.digest:
            before = max((number for number in kept if number < entry.number), default=0)
            words = (
                f"The trail was written anew somewhere from number {before + 1} on: its digest is not the one anchored "
                f"on {anchor.at}."
            )
        if words:
            return Walk(through, digest, Fault(through + 1, words), done=True)
        through, digest = entry.number, entry.digest
    return Walk(through, digest, done=len(entries) < most)


def _wrong_with(entry: AuditSealEntry, event: AuditEvent | None, number: int, previous: str) -> str:
    """What is wrong with an entry that should stand at `number`, after `previous`; empty if nothing is."""
    seal = entry.seal
    if entry.number != number:
        return f"The entry is gone; the next one that is there has number {entry.number}."
    if event is None:
        return "The event is gone."
    stands = event_digest(event)
    if stands != event.digest or event.organization_id != entry.organization_id:
        return f"The event ({event.action}) is not as it was written."
    if chained(previous, number, stands) != entry.digest:
        return f"Another event ({event.action}) was sealed here, or the entry's digest was changed."
    if seal.organization_id != entry.organization_id or not seal.first_number <= number <= seal.last_number:
        return "The entry stands in a seal that does not reach to it."
    if number == seal.first_number and seal.previous_digest != previous:
        return "The seal does not begin where the one before it ends."
    if number == seal.last_number and seal.digest != entry.digest:
        return "The seal's digest is not that of its last entry."
    return ""


def conclude(organization_id: int, walk: Walk, held: Standing | None) -> Result:
    """What the end of a walk tells: cut ends, seals among themselves, events that no seal holds."""
    faults = [walk.fault] if walk.fault else []
    if not walk.fault:
        faults += [fault for fault in (_cut(organization_id, walk, held), _seals(organization_id)) if fault]
    faults += _slipped_in(organization_id)
    head = head_of(organization_id)
    if held is not None and not held.by_number and head.number:
        faults.append(
            Fault(0, f"The anchors are gone: the trail is sealed to number {head.number}, and no head of it is kept.")
        )
    young = waiting(organization_id, head)
    reached = [number for number in held.by_number if number <= walk.through] if held else []
    return Result(
        sealed=walk.through,
        head=walk.digest,
        faults=tuple(sorted(faults, key=lambda fault: (not fault.number, fault.number))),
        younger=young.count,
        oldest=young.oldest,
        late=young.late,
        anchors_begin=_anchors_begin(organization_id, held),
        anchored=max(reached, default=0) if held is not None else None,
        lost_through=held.lost_through if held else 0,
    )


def _anchors_begin(organization_id: int, held: Standing | None) -> int:
    """The first number that is anchored where an earlier seal has no anchor; each seal's head is anchored, so 0 else."""
    if held is None or not held.by_number:
        return 0
    begin = min(held.by_number)
    sealed_before = AuditSeal.objects.filter(organization_id=organization_id, last_number__lt=begin, last_number__gt=0)
    return begin if sealed_before.exists() else 0


def _cut(organization_id: int, walk: Walk, held: Standing | None) -> Fault | None:
    """The newest entries are gone: the last seal, or an anchor, reaches further."""
    last = head_of(organization_id).number
    if last > walk.through:
        return Fault(walk.through + 1, f"The entry is gone; the last seal reaches to number {last}.")
    anchored = max(held.by_number, default=0) if held else 0
    if held and anchored > walk.through:
        return Fault(
            walk.through + 1,
            f"The newest entries are gone: the trail was anchored to number {anchored} on {held.by_number[anchored].at}.",
        )
    return None


def _seals(organization_id: int) -> Fault | None:
    """Each seal begins where the one before it ends, and counts on."""
    number, last, digest, below = 0, 0, "", 0
    for seal in AuditSeal.objects.filter(organization_id=organization_id).order_by("number").iterator(CHUNK):
        wrong = ""
        if seal.number != number + 1:
            wrong = f"Seal {number + 1} is gone."
        elif seal.first_number != last + 1 or seal.previous_digest != digest:
            wrong = f"Seal {seal.number} does not begin where seal {number} ends."
        elif seal.last_number == last and (seal.cause != AuditSeal.Cause.RESTORE or seal.digest != digest):
            wrong = f"Seal {seal.number} holds nothing."
        elif seal.cause == AuditSeal.Cause.REGULAR and seal.below_transaction < below:
            wrong = f"Seal {seal.number} was made below an older transaction than seal {number}."
        if wrong:
            return Fault(last + 1, wrong)
        number, last, digest, below = seal.number, seal.last_number, seal.digest, seal.below_transaction
    return None


def _slipped_in(organization_id: int) -> list[Fault]:
    """Events that no seal holds though their transaction was sealed, or that claim one which has not begun."""
    head = head_of(organization_id)
    next_id = transaction_bounds()[1]
    outside = Q(transaction_id__lt=head.below_transaction) | Q(transaction_id__gte=next_id)
    event = (
        AuditEvent.objects.filter(outside, organization_id=organization_id, entry=None)
        .order_by("transaction_id", "pk")
        .first()
    )
    if event is None:
        return []
    later = Q(transaction_id__gt=event.transaction_id) | Q(transaction_id=event.transaction_id, pk__gt=event.pk)
    place = (
        AuditSealEntry.objects.filter(
            organization_id=organization_id,
            event__in=AuditEvent.objects.filter(later, organization_id=organization_id),
        )
        .order_by("number")
        .values_list("number", flat=True)
        .first()
    )
    return [
        Fault(
            place or head.number + 1,
            f"An event ({event.action}) was put in that no seal holds, though what was written then has been sealed.",
        )
    ]
