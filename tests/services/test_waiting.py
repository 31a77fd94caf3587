"""What waits for a person: of reviews that they may see, by the calendar of their organization."""

import datetime

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization
from assessments.models import Assignment, Condition, Program, ProgramMember
from assessments.services import approvals, routes
from assessments.services.waiting import page_of, waiting_for
from tests.rights.reviews import sign
from tests.services import scene as scenes
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    made = scenes.make_scene(ann="cmc", ben="qa")
    scenes.start_scoring(made)
    return made


def waits(person):
    return [(one.kind, one.words) for one in waiting_for(person.now())]


def queries(person):
    now = person.now()
    with CaptureQueriesContext(connection) as found:
        waiting_for(now)
    return len(found)


def test_who_was_taken_off_a_restricted_program_is_not_asked_to_rate_it(scene):
    ann = scene.raters["ann"]
    assert waits(ann) == [("rate", "Rate for CMC")]
    belongs = ProgramMember.objects.create(organization_id=ann.organization_id, program=scene.program, membership=ann)
    Program.objects.update(restricted=True)
    assert waits(ann) == [("rate", "Rate for CMC")]
    belongs.delete()
    assert waits(ann) == []


def test_the_owner_of_a_condition_who_may_not_see_its_program_reads_nothing_of_it():
    world = decided_world()
    submit(world)
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    viewer = world.people["viewer"]
    Condition.objects.update(owner=viewer)
    assert {kind for kind, _ in waits(viewer)} == {"condition"}
    few = queries(viewer)
    row = Condition.objects.first()
    Condition.objects.bulk_create(
        Condition(organization_id=row.organization_id, review=row.review, key=f"c{at}", title=f"C {at}", owner=viewer)
        for at in range(10)
    )
    assert len(waits(viewer)) > 10 and queries(viewer) == few
    Program.objects.update(restricted=True)
    assert waits(viewer) == []


# At any moment these two are on different days, and one of them is on another day than UTC.
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_day_is_past_when_it_is_past_where_the_organization_is(scene, zone):
    Organization.objects.update(time_zone=zone)
    today = routes.today_in(Organization.objects.get())
    ann = scene.raters["ann"]
    for due, late in ((today, False), (today - datetime.timedelta(days=1), True)):
        Assignment.objects.filter(membership=ann).update(due_on=due)
        assert [one.is_late for one in waiting_for(ann.now())] == [late]
        chased = [one.kind for one in waiting_for(scene.lead.now())]
        assert chased == (["chase"] if late else [])


@pytest.mark.parametrize(("act", "kind"), [("return", "returned"), ("ask", "answer")])
def test_what_was_sent_back_leads_to_where_the_reason_stands_and_it_is_submitted_again(client, act, kind):
    world = decided_world()
    submit(world)
    words, sent = "Is the slot of March still free?", {"member": member(world, "rater"), "review_id": world.review.pk}
    if act == "return":
        approvals.return_review(**sent, reason=words)
    else:
        approvals.ask_question(**sent, question=words)
    (one,) = [one for one in waiting_for(member(world, "lead")) if one.review == world.review]
    assert (one.kind, one.detail) == (kind, words)
    client.force_login(world.people["lead"].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    page = client.get(page_of(one)).content.decode()
    assert words in page and reverse("assessments:review_submit", args=[world.review.uuid]) in page
