"""An approved decision on the small framework, and a day on which it is looked at."""

import datetime

from assessments.models import DecisionWatch, Review
from assessments.services import programs
from assessments.services.watches import inputs
from tests.rights.reviews import sign
from tests.scoring import sample
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of
from tests.support.work import work_off

SIGNED_ON = datetime.datetime(2026, 1, 20, 9, tzinfo=datetime.UTC)


def at(monkeypatch, day: datetime.datetime) -> None:
    """The watch takes this for the present; the database's clock stays what it is."""
    monkeypatch.setattr(inputs, "database_now", lambda: day)


def approved_world(before=lambda world: None, facts=None, **proposed):
    """A world whose review is approved and looked at once. before: what is done before the submission."""
    world = decided_world(**(facts or {}))
    work_off("watch")  # what its criteria owed when they were published
    before(world)
    world.more["submission"] = submit(world, **proposed)
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    world.review = Review.objects.get(pk=world.review.pk)
    work_off("watch")
    return world


def watch_of(world) -> DecisionWatch:
    return DecisionWatch.objects.get(review=world.review)


def save(world, options=None, **changed):
    """The next revision of the facts: the sample with some values replaced; options as {key: facts}."""
    given = sample.profile() | {"assessment_date": "2026-01-15", "qms": 0, "potency": "none"} | changed
    for option in given["options"]:
        option["facts"] |= (options or {}).get(option["key"], {})
    revision = programs.import_revision(
        member=member(world, "lead"), program=world.program, document=given, summary="What changed"
    )
    work_off("watch")
    return revision
