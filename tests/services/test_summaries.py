"""One summary a person and day, in the morning where they are, of what they want to hear of and nothing else."""

import datetime

import pytest
from django.db import transaction

from accounts.mail_choices import choose
from accounts.models import AuditEvent, Membership, Notification, Organization, Outbound, User
from accounts.outbound import notify
from assessments.models import Assignment
from assessments.services import summaries
from tests.factories import MembershipFactory
from tests.services import scene as scenes

pytestmark = pytest.mark.django_db
# 06:00 UTC on a winter's day: seven in Berlin, fifteen in Tokyo, one in New York, half past eleven in Kolkata.
NOW = datetime.datetime(2031, 1, 15, 6, 0, tzinfo=datetime.UTC)
ZONES = {"Europe/Berlin": True, "Asia/Tokyo": False, "America/New_York": False, "Asia/Kolkata": True, "UTC": False}


def person_in(zone, **more):
    made = MembershipFactory(with_roles=["viewer"], **more)
    User.objects.filter(pk=made.user_id).update(time_zone=zone)
    return Membership.objects.with_rights().get(pk=made.pk)


def tell(member, key="1", kind="ratings_revealed", at=NOW - datetime.timedelta(hours=3)):
    with transaction.atomic():
        notify([member], kind, organization_id=member.organization_id, title=f"News {key}", url="/portfolio/", key=key)
    Notification.objects.filter(key=key).update(created_at=at)


def hours(number):
    return NOW + datetime.timedelta(hours=number)


@pytest.mark.parametrize(("zone", "is_morning"), ZONES.items())
def test_it_is_written_in_the_morning_of_the_persons_own_zone(zone, is_morning):
    tell(person_in(zone))
    assert summaries.write_due(NOW) == is_morning
    assert Outbound.objects.count() == is_morning


def test_a_day_has_one_summary_however_often_beat_ticks_and_the_next_day_another():
    member = person_in("Europe/Berlin")
    tell(member)
    assert [summaries.write_due(hours(at / 6)) for at in range(6)] == [1, 0, 0, 0, 0, 0]
    Outbound.objects.update(created_at=NOW)
    assert summaries.write_due(hours(24)) == 0, "nothing is new and nothing waits"
    tell(member, "2", at=hours(20))
    assert summaries.write_due(hours(24)) == 1
    body = Outbound.objects.order_by("-pk")[0].body
    assert "News 2" in body and "News 1" not in body


def test_it_lists_what_is_wanted_daily_and_not_what_came_at_once_or_is_not_wanted_or_was_read():
    member = person_in("Europe/Berlin")
    choose(member=member, choices={"signed": "never", "decision_weaker": "at_once"})
    for kind in ("ratings_revealed", "signed", "decision_weaker", "role_changed"):
        tell(member, kind, kind)
    Notification.objects.filter(kind="role_changed").update(read_at=NOW)
    summaries.write_due(NOW)
    body = Outbound.objects.get(notification=None).body
    assert "News ratings_revealed" in body
    assert not [kind for kind in ("signed", "decision_weaker", "role_changed") if f"News {kind}" in body]


def test_what_waits_is_listed_when_it_presses_and_only_if_it_is_wanted():
    scene = scenes.make_scene(ann="cmc")
    scenes.start_scoring(scene)
    Notification.objects.all().update(read_at=NOW)
    Outbound.objects.all().update(state="sent")
    ann = scene.raters["ann"]
    User.objects.filter(pk=ann.user_id).update(time_zone="Europe/Berlin")
    Assignment.objects.update(due_on=NOW.date() + datetime.timedelta(days=10))
    assert summaries.write_due(NOW) == 0
    Assignment.objects.update(due_on=NOW.date() + datetime.timedelta(days=2))
    assert summaries.write_due(NOW) == 1
    row = Outbound.objects.get(message_id__startswith="<summary-")
    assert row.subject == "1 thing waits for you"
    assert "Rate for CMC: MSC-1, Review 1, due on 17 January 2031" in row.body
    assert f"/people/go/{ann.uuid}/?to=%2Freviews%2F{scene.review.uuid}%2Fscore%2F" in row.body
    choose(member=ann, choices={"waiting": "never"})
    assert summaries.write_due(hours(24)) == 0


def test_nothing_is_summarised_while_mail_is_held_or_for_who_has_no_access():
    held, gone = person_in("Europe/Berlin"), person_in("Europe/Berlin")
    tell(held, "1")
    tell(gone, "2")
    Organization.objects.filter(pk=held.organization_id).update(outbound_held_since=NOW)
    Membership.objects.filter(pk=gone.pk).update(is_active=False)
    assert summaries.write_due(NOW) == 0


def test_a_summary_that_cannot_be_written_is_on_record_and_holds_no_other_up(monkeypatch):
    first = person_in("Europe/Berlin")
    second = person_in("Europe/Berlin", organization=first.organization)
    for member in (first, second):
        tell(member, f"of {member.pk}")
    words_of = summaries.words_of

    def raises_for_first(member, summary):
        if member == first:
            raise RuntimeError("odd")
        return words_of(member, summary)

    with monkeypatch.context() as odd:
        odd.setattr(summaries, "words_of", raises_for_first)
        assert [summaries.write_due(NOW), summaries.write_due(NOW)] == [1, 0]
    assert Outbound.objects.get().membership == second
    event = AuditEvent.objects.get(action="system.left_undone")
    assert event.new == {"what": "summaries", "count": 1, "named": [f"summary of {first.uuid}: RuntimeError"]}
    assert summaries.write_due(NOW) == 1, "who was missed gets it with the next tick"
    assert summaries.organizations_due(hours(8)) == []


def test_a_time_zone_that_nobody_knows_holds_no_other_up():
    tell(person_in("Europe/Berlin"), "1")
    person_in("Mars/Olympus")
    assert summaries.write_due(NOW) == 1


def test_a_summary_says_nothing_of_another_organization_of_the_same_person():
    member = person_in("Europe/Berlin")
    other = MembershipFactory(user=member.user, with_roles=["viewer"])
    tell(other, "CANARY")
    tell(member, "1")
    summaries.write_due(NOW)
    mine = Outbound.objects.get(membership=member)
    assert "CANARY" not in mine.body and other.organization.name not in mine.body
