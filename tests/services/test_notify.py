"""What people are told is told once, in the transaction of the act, to the right people, by their own settings."""

import pytest
from django.db import transaction

from accounts.mail_choices import choose
from accounts.models import Notification, Outbound
from accounts.outbound import notify, told
from tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory(name="Halden")


@pytest.fixture
def people(organization):
    return [MembershipFactory(organization=organization, with_roles=["viewer"]) for _ in range(3)]


def tell(members, organization, kind="step_open", **more):
    given = {"title": "Sign: Executive decision", "url": "/reviews/1/approval/", "key": "step_open:1"} | more
    return notify(members, kind, organization_id=organization.pk, **given)


def test_one_thing_is_told_once_to_each_person(people, organization):
    assert tell(people, organization) == 3
    assert tell(people, organization) == 0
    assert tell(people[:1], organization, key="step_open:2") == 1
    assert (Notification.objects.count(), Outbound.objects.count()) == (4, 4)


def test_nobody_is_told_of_their_own_act(people, organization):
    assert tell([*people, None], organization, actor=people[0]) == 2
    assert not Notification.objects.filter(membership=people[0]).exists()


def test_people_without_access_and_of_other_organizations_are_never_told(people, organization):
    people[0].is_active = False
    people[0].save()
    people[1].user.is_active = False
    people[1].user.save()
    assert tell([*people, MembershipFactory()], organization) == 1
    assert Notification.objects.get().membership == people[2]
    assert Outbound.objects.get().to == people[2].user.email


def test_what_is_rolled_back_was_never_told(people, organization):
    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        tell(people, organization)
        raise Undone
    assert not Notification.objects.exists()
    assert not Outbound.objects.exists()


@pytest.mark.parametrize(("mail", "mails"), [("at_once", 1), ("daily", 0), ("never", 0)])
def test_a_mail_is_written_only_as_the_person_chose(people, organization, mail, mails):
    choose(member=people[0], choices={"step_open": mail})
    tell(people[:1], organization)
    assert Notification.objects.count() == 1
    assert Outbound.objects.count() == mails


def test_an_unknown_kind_is_refused_by_name(people, organization):
    with pytest.raises(LookupError, match="no kind of notification 'news'"):
        tell(people, organization, kind="news")


def test_a_title_with_line_breaks_is_one_line_in_the_subject(people, organization):
    tell(people[:1], organization, title="Sign\r\nBcc: everyone@example.org\n\nnow")
    mail = Outbound.objects.get()
    assert mail.subject == "Sign Bcc: everyone@example.org now"
    assert mail.notification.title == mail.subject


def test_whoever_delivers_hears_of_it_in_the_same_transaction(people, organization):
    heard = []

    def hear(sender, **given):
        heard.append((given["organization_id"], [one.pk for one in given["memberships"]], given["mails"]))

    told.connect(hear)
    try:
        tell(people, organization, kind="signed")
    finally:
        told.disconnect(hear)
    assert heard == [(organization.pk, [one.pk for one in people], 0)]
