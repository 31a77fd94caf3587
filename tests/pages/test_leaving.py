"""Before somebody is deactivated their page says what they would leave behind, as far as the reader may see it."""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, Notification
from assessments.models import Condition, Program, ProgramMember, Review, Tripwire
from assessments.services import delegations, routes, tripwires
from tests.pages.test_approval import address, client_of
from tests.rights.reviews import sign
from tests.services.decided import FIRST, assigned, decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def holding_world():
    """In approval: the one who alone speaks for CMC owns the condition and a tripwire, and delegated."""
    world = decided_world()
    rater = world.people["rater"]
    wire = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 9}
    with transaction.atomic():
        tripwires.set_tripwire(member=member(world, "lead"), review_id=world.review.pk, owner=rater, **wire)
    submit(world, conditions=assigned(world, "rater"))
    today = routes.today_in(world.program.organization)
    delegations.delegate(member=rater.now(), giver=rater, taker=world.people["viewer"], first_day=today, last_day=today)
    return world


begun, world = shared(holding_world)


def page_of(world, role, reader="admin"):
    return client_of(world, reader).get(reverse("accounts:person", args=[world.people[role].uuid]))


def left_on(page):
    """What the page says would be left behind, and where its links lead."""
    found = re.search(r'<div class="notice warning" role="note" id="left-behind">.*?</ul>', page.content.decode(), re.S)
    if found is None:
        return "", []
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(0))), re.findall(
        r'<a href="([^"]+)"', found.group(0)
    )


def test_the_page_says_what_a_deactivation_would_leave_behind_and_where_it_is(world):
    said, links = left_on(page_of(world, "rater"))
    for words in (
        f"{world.people['rater'].name} would leave behind",
        "1 open step that nobody else can sign : Functional sign-off (MSC-1, Review 1)",
        "1 open condition that they see to : Potency assay (MSC-1, Review 1)",
        "1 tripwire that they own : MSC-1, Review 1",
        f"1 delegation given or taken : {world.people['viewer'].name} in the place of {world.people['rater'].name} until",
    ):
        assert words in said
    place = address(world)
    assert links == [f"{place}#reassign-functional", place, place, reverse("assessments:delegations")]
    client = client_of(world, "admin")
    assert {client.get(link).status_code for link in links} == {200}


def test_it_is_said_of_what_the_reader_may_see_alone(world):
    Program.objects.update(restricted=True)
    said, links = left_on(page_of(world, "rater"))
    assert links == [reverse("assessments:delegations")] and "1 delegation" in said and "MSC-1" not in said
    ProgramMember.objects.create(
        organization=world.program.organization, program=world.program, membership=world.people["admin"]
    )
    assert len(left_on(page_of(world, "rater"))[1]) == 4


def test_a_program_that_nobody_else_leads_is_named(world):
    said, links = left_on(page_of(world, "lead"))
    assert "1 program that nobody else leads : MSC-1 . Nobody is told of what happens there" in said
    assert links == [reverse("assessments:program_detail", args=[world.program.uuid])]
    ProgramMember.objects.create(
        organization=world.program.organization, program=world.program, membership=world.people["viewer"], is_lead=True
    )
    assert left_on(page_of(world, "lead")) == ("", [])


def test_what_is_settled_is_not_left_behind(world):
    functional_signed(world)
    Condition.objects.update(state="done")
    Tripwire.objects.update(owner=None)
    for row in world.people["rater"].delegations_given.all():
        delegations.end(member=member(world, "rater"), delegation_id=row.pk)
    assert left_on(page_of(world, "rater")) == ("", [])
    Condition.objects.update(state="open")
    Review.objects.filter(pk=world.review.pk).update(state="superseded")
    assert left_on(page_of(world, "rater")) == ("", [])


def test_nothing_of_it_stands_in_the_way_and_who_has_no_access_leaves_nothing(world):
    rater = world.people["rater"]
    place = reverse("accounts:person_deactivate", args=[rater.uuid])
    client = client_of(world, "admin")
    client.post(place, {"name": "Somebody else"})
    assert rater.now().is_active and not Notification.objects.filter(kind="step_stuck").exists()
    client.post(place, {"name": rater.name})
    assert not rater.now().is_active and Notification.objects.filter(kind="step_stuck").count() == 1
    assert left_on(page_of(world, "rater")) == ("", [])


def test_a_condition_of_a_decision_leads_to_its_own_page(world):
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    assert (
        reverse("assessments:condition_detail", args=[Condition.objects.get().uuid])
        in left_on(page_of(world, "rater"))[1]
    )


def test_many_are_counted_a_few_are_named_and_the_queries_stay_as_many(world):
    client, place = client_of(world, "admin"), reverse("accounts:person", args=[world.people["rater"].uuid])

    def asked():
        client.get(place)
        with CaptureQueriesContext(connection) as found:
            page = client.get(place)
        return len(found), left_on(page)[0]

    row = Condition.objects.get()

    def more(many):
        for at in range(many):
            row.pk, row.uuid, row.key, row.title = None, Condition().uuid, f"more-{many}-{at}", f"More {at}"
            row.save(force_insert=True)

    more(6)
    few, said = asked()
    assert "7 open conditions that they see to" in said and "and 2 more." in said
    more(20)
    assert asked()[0] == few and "27 open conditions" in asked()[1]


def test_only_an_admin_reads_it(world):
    assert page_of(world, "rater", reader="lead").status_code == 403
    assert Membership.objects.filter(pk=world.people["rater"].pk, is_active=True).exists()
