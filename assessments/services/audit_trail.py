"""Reading the audit trail: which events a person may see and how much of each; verifying it; saying that it was reviewed.

The contents of an event are open to whoever may read what it is about. Of the rest everybody who reads the trail sees
that something was done, by whom and when.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Replace
from django.db.models.query import ModelIterable

from accounts import anchors, chain, sealing, trail_watch
from accounts.audit import database_now, record_event
from accounts.models import AuditEvent, Membership, TrailReview
from accounts.permissions import can_read_audit
from assessments.errors import Invalid
from assessments.models import Program, Review

MOST_EXPORTED = 20_000
MOST_WALKED = 10_000  # entries verified in one request
LONGEST_NOTE = 4_000
READS_LIE_WITHIN = 500  # events among which an earlier look into the trail is searched for
READ_AGAIN_AFTER = timedelta(hours=1)
WORK_ON_FACTS = Q(action__startswith="facts.") & ~Q(action="facts.saved")
WITHHELD = {
    "review": "A review that is not approved",
    "program": "A program without an approved review",
    "draft": "A draft of the facts",
}


class _AsFarAsOpen(ModelIterable):
    """Rows of the trail without what is withheld: no page, file or endpoint built on them can show it by mistake."""

    def __iter__(self):
        for event in super().__iter__():
            if event.withheld:
                event.old = event.new = event.object_uuid = None
                event.reason = ""
                event.object_label = WITHHELD[event.withheld]
            yield event


def events_for(member: Membership) -> QuerySet:
    """The organization's events, without those of programs hidden from the person.

    withheld       why an event is shown without its contents (a key of WITHHELD), or empty
    sealed_number  its place in the sealed trail, or None
    Raises NotAllowed
    """
    can_read_audit(member).require()
    hidden = Program.objects.hidden_from(member).values("uuid")
    programs = Program.objects.visible_to(member).values("uuid")
    reviews = Review.objects.visible_to(member).values("uuid")
    cases = [
        When(Q(review_uuid__isnull=False) & ~Q(review_uuid__in=reviews), then=Value("review")),
        When(Q(program_uuid__isnull=False) & ~Q(program_uuid__in=programs), then=Value("program")),
    ]
    if not member.roles - {"auditor"}:
        cases.append(When(WORK_ON_FACTS, then=Value("draft")))
    events = (
        AuditEvent.objects.visible_to(member)
        .select_related("on_behalf_of__user")
        .exclude(program_uuid__in=hidden)
        .annotate(withheld=Case(*cases, default=Value(""), output_field=CharField()), sealed_number=F("entry__number"))
    )
    events._iterable_class = _AsFarAsOpen  # copies of a queryset keep it
    return events


def matching(events: QuerySet, text: str) -> QuerySet:
    """The events that name the text: by the person, the act, and, where the contents are open, by label and reason."""
    act = Replace(Replace(F("action"), Value("."), Value(" ")), Value("_"), Value(" "))
    inside = Q(object_label__icontains=text) | Q(reason__icontains=text)
    return events.annotate(act=act).filter(
        Q(actor_name__icontains=text) | Q(act__icontains=text) | Q(action__icontains=text) | (Q(withheld="") & inside)
    )


@transaction.atomic
def record_export(*, member: Membership, filters: dict[str, str], count: int) -> None:
    """Record that events left the product, before they do. Raises NotAllowed."""
    now = member.now()
    can_read_audit(now).require()
    record_event(
        "audit.exported",
        organization_id=member.organization_id,
        actor=member,
        subject=now.organization,
        label=now.organization.name,
        new={"events": count, "filters": filters},
    )


@transaction.atomic
def record_read(*, member: Membership) -> None:
    """Record that somebody looks into the trail: once an hour, or the trail would tell of nothing else."""
    newest = AuditEvent.objects.filter(organization_id=member.organization_id).order_by("-pk")[:READS_LIE_WITHIN]
    since = database_now() - READ_AGAIN_AFTER
    if AuditEvent.objects.filter(pk__in=newest, action="audit.read", actor=member, at__gt=since).exists():
        return
    record_event(
        "audit.read",
        organization_id=member.organization_id,
        actor=member,
        subject=member.organization,
        label=member.organization.name,
    )


# Verifying


@dataclass(frozen=True)
class Verification:
    """How far verifying came. state: "more" (go on with `after`), "matches" or "broken"."""

    state: str
    through: int
    total: int
    after: str = ""
    result: chain.Result | None = None


def verify(*, member: Membership, after: str = "") -> Verification:
    """Verify the next MOST_WALKED entries of the organization's trail; at the end record what was found.

    after   from the former Verification: what was verified already, signed by this product
    Raises  NotAllowed, Invalid for an `after` that is not this person's, or is old
    """
    can_read_audit(member).require()
    walk = _walk_of(member, after) if after else chain.Walk()
    try:
        kept = anchors.kept_of(member.organization)
    except anchors.Unreadable as problem:
        raise _invalid("after", "", str(problem)) from problem
    held = anchors.standing(kept or [])
    end = walk.through + MOST_WALKED
    while not walk.done and walk.through < end:
        walk = chain.step(member.organization_id, walk, held.by_number)
    total = sealing.head_of(member.organization_id).number
    if not walk.done:
        given = {"member": member.pk, "through": walk.through, "digest": walk.digest}
        return Verification("more", walk.through, total, signing.dumps(given, salt=__name__))
    result = chain.conclude(member.organization_id, walk, None if kept is None else held)
    trail_watch.record_outcome(member.organization, result, member)
    return Verification("matches" if result else "broken", walk.through, total, result=result)


def _walk_of(member: Membership, after: str) -> chain.Walk:
    try:
        said = signing.loads(after, salt=__name__, max_age=3600)
    except signing.BadSignature:
        said = {}
    if said.get("member") != member.pk:
        raise _invalid("after", after, "Verify from the beginning.")
    return chain.Walk(said["through"], said["digest"])


def _invalid(field: str, value: Any, message: str) -> Invalid:
    return Invalid([{"field": field, "option": "", "value": value, "message": message}])


# Reviewing


@transaction.atomic
def record_review(*, member: Membership, through_number: int, note: str) -> TrailReview:
    """Record that the person has reviewed the trail up to a sealed number. Raises NotAllowed, Invalid."""
    now = member.now()
    can_read_audit(now).require()
    head = sealing.head_of(member.organization_id).number
    if not head:
        raise _invalid("through_number", through_number, "Nothing is sealed yet; the trail is sealed every minute.")
    if not 1 <= through_number <= head:
        raise _invalid("through_number", through_number, f"The sealed trail goes from number 1 to {head:,}.")
    if len(note) > LONGEST_NOTE:
        raise _invalid("note", note, f"A note has at most {LONGEST_NOTE:,} characters.")
    review = TrailReview.objects.create(
        organization_id=member.organization_id, reviewer=member, through_number=through_number, note=note.strip()
    )
    record_event(
        "audit.reviewed",
        organization_id=member.organization_id,
        actor=member,
        subject=review,
        label=f"Audit trail to number {through_number}",
        new={"through_number": through_number},
        reason=review.note,
    )
    return review


@dataclass(frozen=True)
class Standing:
    """How the trail stands: sealed to, when; events not sealed yet; who verified and who reviewed it last.

    late  what to say of events that have waited too long for a seal; empty where none have
    """

    head: int
    sealed_at: Any
    younger: int
    late: str
    verified: AuditEvent | None
    reviewed: TrailReview | None
    anchored: str


def standing(member: Membership) -> Standing:
    """Raises NotAllowed."""
    can_read_audit(member).require()
    here = {"organization_id": member.organization_id}
    head = sealing.head_of(member.organization_id)
    last = sealing.last_seal(member.organization_id)
    young = sealing.waiting(member.organization_id, head)
    verified = AuditEvent.objects.filter(**here, action__in=("audit.verified", "audit.found_broken"))
    return Standing(
        head=head.number,
        sealed_at=last.sealed_at if last else None,
        younger=young.count,
        late=chain.late_words(young.late, young.oldest) if young.late else "",
        verified=verified.order_by("-pk").first(),
        reviewed=TrailReview.objects.visible_to(member).select_related("reviewer__user").first(),
        anchored="the log of this system"
        if settings.AUDIT_ANCHOR == anchors.IN_THE_LOG
        else "a file outside the database",
    )
