"""What is due or late is told on the days that count, once, to those who can do something about it."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, Notification, Organization
from assessments import tasks
from assessments.models import ApprovalStep, Assignment, Condition, Review
from assessments.services import reminders, telling
from tests.factories import OrganizationFactory
from tests.rights.reviews import sign
from tests.services import scene as scenes
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of

pytestmark = pytest.mark.django_db
DUE = datetime.date(2031, 3, 10)


def day(offset):
    return DUE + datetime.timedelta(days=offset)


def told(kind):
    rows = Notification.objects.filter(kind=kind).order_by("membership__user__full_name", "pk")
    return [(row.membership.name, row.title) for row in rows]


@pytest.mark.parametrize(
    ("offset", "found"),
    [(-4, None), (-3, -3), (-1, -3), (0, 0), (1, 1), (2, 1), (6, 1), (7, 7), (13, 7), (14, 14), (400, 399)],
)
def test_the_days_that_count(offset, found):
    assert reminders.milestone(day(offset), DUE) == found


def test_a_rater_is_reminded_once_on_each_day_that_counts_and_the_lead_when_it_is_late():
    scene = scenes.make_scene(ann="cmc", ben="qa")
    scenes.start_scoring(scene)
    Assignment.objects.filter(membership=scene.raters["ann"]).update(due_on=DUE)
    for offset in (-4, -3, -2, -2):
        reminders.remind(today=day(offset))
    assert told("assignment_due") == [("Ann", "Your scoring for CMC is due on 10 Mar 2031 (MSC-1, Review 1)")]
    for offset in (1, 2):
        reminders.remind(today=day(offset))
    assert told("assignment_due")[1:] == [
        ("Ann", "Your scoring for CMC was due on 10 Mar 2031 (MSC-1, Review 1)"),
        ("Lea", "1 person is late with their ratings (MSC-1, Review 1)"),
    ]


def test_a_round_with_nothing_new_asks_as_much_whatever_is_due():
    scene = scenes.make_scene(ann="cmc", ben="qa")
    scenes.start_scoring(scene)
    counts = []
    for who in (["ann"], ["ann", "ben"]):
        raters = [scene.raters[name] for name in who]
        Assignment.objects.filter(membership__in=raters).update(due_on=DUE)
        assert sum(reminders.remind(today=day(1)).values()) > 0
        with CaptureQueriesContext(connection) as asked:
            assert not +reminders.remind(today=day(1))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10


def test_what_cannot_be_told_is_on_record_once_and_holds_nothing_up(monkeypatch):
    scene = scenes.make_scene(ann="cmc", ben="qa")
    scenes.start_scoring(scene)
    Assignment.objects.update(due_on=DUE)
    tell = telling.tell

    def raises_for_ann(people, *given, **more):
        if scene.raters["ann"] in people:
            raise RuntimeError("odd")
        return tell(people, *given, **more)

    with monkeypatch.context() as odd:
        odd.setattr(telling, "tell", raises_for_ann)
        odd.setattr(reminders.routes, "today_in", lambda organization: day(0))
        for _ in range(2):
            tasks.remind_in(organization_id=scene.review.organization_id)
    ann = Assignment.objects.get(membership=scene.raters["ann"])
    assert [name for name, _ in told("assignment_due")] == ["Ben"]
    event = AuditEvent.objects.get(action="system.left_undone")
    assert (event.organization, event.channel) == (scene.review.organization, "worker")
    assert event.new["what"] == "reminders"
    assert event.new["named"] == [f"assignment_due:{ann.uuid}:{DUE}:0: RuntimeError"]
    reminders.remind(today=day(0))
    assert [name for name, _ in told("assignment_due")] == ["Ann", "Ben"]


def test_each_organization_is_reminded_in_a_task_of_its_own(monkeypatch):
    scenes.make_scene(ann="cmc")
    OrganizationFactory()
    keys = list(Organization.objects.order_by("pk").values_list("pk", flat=True))
    sent = []
    monkeypatch.setattr(tasks.remind_in, "delay", lambda **given: sent.append(given["organization_id"]))
    tasks.remind()
    assert sent == keys and len(sent) >= 2


def test_who_was_asked_today_is_not_reminded_today():
    scene = scenes.make_scene(ann="cmc")
    scenes.start_scoring(scene)
    today = Review.objects.get().state_since.date()
    Assignment.objects.update(due_on=today + datetime.timedelta(days=2))
    reminders.remind(today=today)
    assert told("assignment_due") == []
    reminders.remind(today=today + datetime.timedelta(days=1))
    assert len(told("assignment_due")) == 1


def test_only_those_whose_signature_is_missing_are_reminded_of_a_step():
    world = decided_world()
    submit(world)
    sign(member(world, "rater"), step_of(world))
    ApprovalStep.objects.filter(state="open").update(due_on=DUE)
    reminders.remind(today=day(1))
    lead, second = world.people["lead"].name, world.people["second"].name
    assert sorted(told("step_reminder")) == sorted(
        [
            (lead, "Your signature was due on 10 Mar 2031: Functional sign-off (MSC-1, Review 1)"),
            (lead, "Signatures are late: Functional sign-off (MSC-1, Review 1)"),
            (second, "Your signature was due on 10 Mar 2031: Functional sign-off (MSC-1, Review 1)"),
        ]
    )


def test_the_owner_of_a_condition_is_reminded_until_it_is_done():
    world = decided_world()
    submit(world)
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    owner = world.people["rater"].name
    # Month 6 after 15 January 2026.
    Condition.objects.update(due_month=6)
    reminders.remind(today=datetime.date(2026, 7, 14))
    assert {name for name, _ in told("condition_due")} == {owner}
    assert told("condition_overdue") == []
    reminders.remind(today=datetime.date(2026, 7, 16))
    assert {name for name, _ in told("condition_overdue")} == {owner, world.people["lead"].name}
    lead = world.people["lead"]
    Condition.objects.update(owner=world.people["second"])
    for _ in range(2):
        reminders.remind(today=datetime.date(2026, 7, 16))
    late = [name for name, _ in told("condition_overdue")]
    assert sorted(late) == sorted([owner, lead.name, world.people["second"].name]), "who took it over, once"
    Membership.objects.filter(pk=world.people["second"].pk).update(is_active=False)
    reminders.remind(today=datetime.date(2026, 7, 23))
    later = [name for name, _ in told("condition_overdue")]
    assert sorted(later) == sorted([*late, lead.name])
    with CaptureQueriesContext(connection) as asked:
        reminders.remind_in(world.program.organization_id, datetime.date(2026, 7, 23))
    assert len(asked) <= 9, "of who left nothing is waited for"
    before = len(told("condition_overdue"))
    assert before == len(later)
    Condition.objects.update(state="done")
    reminders.remind(today=datetime.date(2026, 8, 30))
    assert len(told("condition_overdue")) == before
