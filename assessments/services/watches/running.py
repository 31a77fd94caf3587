"""The handler of watch jobs: one decision whole, or many sifted at batch depth."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.audit import record_event
from accounts.models import Membership
from assessments import jobs
from assessments.live import announce
from assessments.models import DecisionWatch, Job, Review, Signature
from assessments.scoring.headline import ENGINE_VERSION
from assessments.scoring.language import EvaluationError
from assessments.services import telling
from assessments.services.leads import leads_of
from assessments.services.owing_watches import owe_watches
from assessments.services.watches.causes import causes_of
from assessments.services.watches.inputs import Look, Watched, look_at, read
from assessments.services.watches.wording import Words

CANNOT_BE_JUDGED = (EvaluationError, ValueError, KeyError, TypeError)
AT_ONCE = 250  # watches that are sifted together
State = DecisionWatch.State
KINDS = {
    State.HOLDS: "decision_holds_again",
    State.WEAKER: "decision_weaker",
    State.NO_LONGER_HOLDS: "decision_no_longer_holds",
}


@jobs.handler(Job.Kind.WATCH)
def watch(held: jobs.Claim) -> None:
    kind = held.target.partition(":")[0]
    if kind == "review":
        _one(held)
        return
    many = DecisionWatch.objects.filter(ended_at=None)
    if kind == "criteria":
        many = many.filter(criteria_version__criteria_set=held.target_id)
    else:
        many = many.filter(organization=held.target_id)
    for done, of in sift(many):
        jobs.report_progress(held, 100 * done // max(1, of), f"{done} of {of} decisions")
    with transaction.atomic():
        jobs.close(held, done=held.wanted_revision)


def _one(held: jobs.Claim) -> None:
    found = read(DecisionWatch.objects.filter(review=held.target_id))
    if not found:
        with transaction.atomic():
            jobs.close(held, done=held.wanted_revision)
        return
    one = found[0]
    seen = look_at([one])[0]
    words = Words(one, seen)
    causes = words.causes(causes_of(one, seen))
    with transaction.atomic():
        store(one, seen, words, causes)
        jobs.close(held, done=one.wanted)


def sift(many: Any) -> Iterator[tuple[int, int]]:
    """Look at every watch of a queryset; owe those of which something else is to be told a whole look, note of the others
    that they were seen.

    One that cannot be judged, or has a look to come, is owed a whole look too: of the former its own job fails, with the
    reason, and holds no other up.
    Yields how many are done, of how many. Memory stays bounded: AT_ONCE at a time
    """
    keys = list(many.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        found = read(DecisionWatch.objects.filter(pk__in=keys[start : start + AT_ONCE]))
        moved: list[int] = []
        same: list[tuple[Watched, Look]] = []
        for one, seen in _looks(found):
            # A look that is under way may have read older criteria, and would be stored over what is compared here.
            if seen is None or one.watch.wanted != one.watch.seen or _tells_otherwise(one, seen):
                moved.append(one.watch.pk)
            else:
                same.append((one, seen))
        with transaction.atomic():
            # In one order, so that two siftings at once wait for each other and neither fails.
            held = DecisionWatch.objects.select_for_update(no_key=True).filter(pk__in=[one.watch.pk for one in found])
            list(held.order_by("pk").values_list("pk", flat=True))
            _note(same)
            owe_watches(moved)
        yield min(start + AT_ONCE, len(keys)), len(keys)


def _tells_otherwise(one: Watched, seen: Look) -> bool:
    """Whether a look found another answer, or the same one with other numbers in its sentences."""
    watch = one.watch
    if seen.state != watch.state or seen.signature != watch.figures.get("reasons"):
        return True
    if not seen.reasons and one.unread is None and not watch.causes:
        return False
    words = Words(one, seen)
    return (
        words.sentence() != watch.sentence
        or words.fired() != watch.fired
        or words.notes() != [cause for cause in watch.causes if cause["kind"] == "note"]
        or any(reason not in watch.causes for reason in words.further_reasons())
        or any(cause["kind"] == "time" and words.time() not in cause["sentence"] for cause in watch.causes)
    )


# One that newer inputs came for meanwhile is looked at by its own job.
NOTE = """
UPDATE assessments_decisionwatch AS watch SET
    elapsed_months = seen.elapsed, criteria_version_id = seen.version, engine_version = %(engine)s,
    checked_at = statement_timestamp(), figures = jsonb_set(watch.figures, '{now}', seen.now::jsonb)
FROM unnest(%(keys)s::bigint[], %(elapsed)s::smallint[], %(versions)s::bigint[], %(now)s::text[])
    AS seen (id, elapsed, version, now)
WHERE watch.id = seen.id AND watch.wanted = watch.seen AND watch.ended_at IS NULL
"""
NOTE_SAME = """
UPDATE assessments_decisionwatch SET checked_at = statement_timestamp()
WHERE id = ANY(%s) AND wanted = seen AND ended_at IS NULL
"""


def _note(same: list[tuple[Watched, Look]]) -> None:
    """Write of those whose answer stays when they were seen, and the figures that moved beneath it."""
    keys = [one.watch.pk for one, _ in same]
    changed = [
        (one.watch.pk, one.elapsed, one.version.pk, json.dumps(seen.figures))
        for one, seen in same
        if (one.elapsed, one.version.pk, ENGINE_VERSION, seen.figures)
        != (
            one.watch.elapsed_months,
            one.watch.criteria_version_id,
            one.watch.engine_version,
            one.watch.figures.get("now"),
        )
    ]
    alike = sorted(set(keys) - {pk for pk, *_ in changed})
    with connection.cursor() as cursor:
        if alike:
            cursor.execute(NOTE_SAME, [alike])
        if changed:
            columns = zip(("keys", "elapsed", "versions", "now"), map(list, zip(*changed, strict=True)), strict=True)
            cursor.execute(NOTE, {"engine": ENGINE_VERSION, **dict(columns)})


def _looks(found: list[Watched]) -> list[tuple[Watched, Look | None]]:
    """Each watch with its look; None where facts, figures or criteria of that one do not go together."""
    try:
        return list(zip(found, look_at(found), strict=True))
    except CANNOT_BE_JUDGED:
        # The batch does not say which one it was.
        return [(one, _look_or_none(one)) for one in found]


def _look_or_none(one: Watched) -> Look | None:
    try:
        return look_at([one])[0]
    except CANNOT_BE_JUDGED:
        return None


def store(one: Watched, seen: Look, words: Words, causes: list[dict]) -> bool:
    """Write what a look found, unless newer inputs were seen meanwhile or the decision is watched no longer.

    Call inside the transaction that closes the job, which demands the lease. Returns whether it was written.
    """
    review = Review.objects.select_for_update(no_key=True).get(pk=one.watch.review_id)
    row = DecisionWatch.objects.select_for_update(no_key=True).get(pk=one.watch.pk)
    if row.ended_at is not None or row.seen > one.wanted:
        return False
    moved = row.state != seen.state
    before = {wire["key"] for wire in row.fired}
    fired = words.fired()
    values = {
        "revision": one.revision,
        "criteria_version": one.version,
        "elapsed_months": one.elapsed,
        "scorecard_id": one.watch.decision.submission.scorecard_id,
        "engine_version": ENGINE_VERSION,
        "state": seen.state,
        "sentence": words.sentence(),
        "causes": causes,
        "fired": fired,
        "figures": row.figures | {"now": seen.figures, "reasons": seen.signature},
        "seen": one.wanted,
        "checked_at": Now(),
    }
    if moved:
        values["since"] = Now()
    DecisionWatch.objects.filter(pk=row.pk).update(**values)
    program = one.watch.review.program
    if moved:
        record_event(
            "decision.watch_moved",
            organization_id=row.organization_id,
            actor=None,
            subject=row,
            label=f"{program.name}, {review}",
            program=program,
            review=review,
            old={"state": row.state},
            new={
                "state": seen.state,
                "sentence": words.sentence(),
                "facts": one.revision.number,
                "criteria": str(one.version),
                "elapsed_months": one.elapsed,
            },
        )
        announce(review, review.inputs_revision)
        announce(program, program.inputs_revision)
    _tell(one, row, seen, words, [wire for wire in fired if wire["key"] not in before], moved)
    return True


def _tell(one: Watched, row: DecisionWatch, seen: Look, words: Words, fired: list[dict], moved: bool) -> None:
    """Leads and signers once per change of state; the owner of a tripwire when it is crossed. Who may still see it."""
    review = one.watch.review
    given = Signature.objects.filter(submission=one.watch.decision.submission_id)
    signers = Membership.objects.filter(Q(pk__in=given.values("membership")) | Q(pk__in=given.values("on_behalf_of")))
    people = {person.pk: person for person in (*leads_of(review), *signers)}
    about, url = telling.named(review), telling.page("review_approval", review) + "#watch"
    if moved:
        says = {
            State.HOLDS: "The decision holds again",
            State.WEAKER: "The decision grows weaker",
            State.NO_LONGER_HOLDS: "The decision no longer holds",
        }[State(seen.state)]
        telling.tell(
            people.values(),
            KINDS[State(seen.state)],
            review,
            title=f"{says}: {about}",
            body=words.sentence(),
            url=url,
            key=f"watch:{row.uuid}:{one.wanted}:{seen.state}",
        )
    for wire in fired:
        owner = words.wires[wire["key"]]["owner"]
        person = (
            Membership.objects.filter(uuid=owner["uuid"], organization=row.organization_id).first() if owner else None
        )
        told = {} if moved else dict(people)
        if person is not None and not (moved and person.pk in people):
            told[person.pk] = person
        confidential = wire["commercial"]
        telling.tell(
            told.values(),
            "tripwire_fired",
            review,
            title=f"A tripwire is crossed: {about}",
            body="It watches a confidential fact." if confidential else f"{wire['sentence']} Now: {wire['now']}.",
            url=url,
            key=f"tripwire:{row.uuid}:{wire['key']}:{one.wanted}",
        )
