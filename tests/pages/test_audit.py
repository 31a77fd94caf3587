"""The audit page shows each act to whoever may read it, and gives nothing away that is hidden elsewhere."""

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.audit import record_event
from accounts.models import AuditEvent
from assessments.models import Program, ProgramMember
from tests.factories import CriteriaVersionFactory, MembershipFactory, ProgramFactory
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def approver():
    return MembershipFactory(user__full_name="Grace Lin", with_roles=["approver"])


@pytest.fixture
def signed_in(client, approver):
    client.force_login(approver.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def note(actor, action="facts.saved", label="MSC-1", **more):
    with transaction.atomic():
        return record_event(
            action, organization_id=actor.organization_id, actor=actor, subject=actor, label=label, **more
        )


@pytest.fixture
def program(approver):
    version = CriteriaVersionFactory(criteria_set__organization=approver.organization, created_by=approver)
    return ProgramFactory(criteria_version=version, name="Halden HLD-220")


def page(client, query=""):
    return client.get(f"/audit/?{query}").content.decode()


def test_an_event_says_who_what_when_why_and_what_changed(signed_in, approver, program):
    event = note(
        approver,
        old={"lot_success_pct": 82},
        new={"lot_success_pct": 88, "phase": "phase2"},
        reason="New lots.",
        program=program,
    )
    text = page(signed_in)
    assert "Facts saved" in text
    assert "Grace Lin · Command line · Halden HLD-220" in text
    assert "“New lots.”" in text
    assert event.at.strftime("%Y-%m-%d %H:%M:%S UTC") in text
    assert '<td class="wrap">82</td><td class="wrap">88</td>' in text


@pytest.mark.parametrize("left", [True, False])
def test_whose_owner_left_is_told_in_words_beside_the_owner(signed_in, approver, program, left):
    note(
        approver,
        "condition.handed_over",
        old={"owner": "Ada Ng", "left": left},
        new={"owner": "Ben Ode"},
        program=program,
    )
    text = page(signed_in)
    before = "Ada Ng, who had left" if left else "Ada Ng"
    assert f'Owner</th><td class="wrap">{before}</td><td class="wrap">Ben Ode</td>' in text
    assert ">Left<" not in text


def test_events_are_filtered_by_program_person_act_and_day(signed_in, approver, program):
    other = MembershipFactory(organization=approver.organization)
    note(approver, label="First", program=program)
    note(other, label="Second")
    note(other, action="role.granted", label="Third")
    today = AuditEvent.objects.first().at.date().isoformat()

    def labels(query):
        text = page(signed_in, query)
        return {label for label in ("First", "Second", "Third") if label in text}

    assert labels("") == {"First", "Second", "Third"}
    assert labels(f"program={program.uuid}") == {"First"}
    assert labels(f"person={other.uuid}") == {"Second", "Third"}
    assert labels("acts=people") == {"Third"}
    assert labels(f"since={today}&until={today}") == {"First", "Second", "Third"}
    assert labels("until=2020-01-01") == set()
    assert "comes before the first" in page(signed_in, "since=2026-02-01&until=2026-01-01")


def test_a_restricted_program_shows_its_events_to_its_members_alone(signed_in, approver, program):
    note(approver, label="Hidden act", program=program)
    Program.objects.filter(pk=program.pk).update(restricted=True)
    assert "Hidden act" not in page(signed_in)
    export = signed_in.post("/audit/export/").content.decode()
    assert "Hidden act" not in export
    ProgramMember.objects.create(organization=approver.organization, program=program, membership=approver)
    assert "Hidden act" in page(signed_in)


def test_nothing_of_another_organization_is_shown(signed_in, program):
    stranger = MembershipFactory(with_roles=["admin"])
    note(stranger, label="Foreign act")
    assert "Foreign act" not in page(signed_in)
    assert "Foreign act" not in page(signed_in, f"person={stranger.uuid}")


def test_while_scoring_ratings_stand_as_digests_alone(client):
    world = make_world()
    with transaction.atomic():
        bring_review_to(world, "scoring")
    client.force_login(world.people["admin"].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    text = page(client, f"review={world.review.uuid}")
    assert "Rating given" in text
    assert "As the lots show." not in text
    assert "As the lots show." not in client.post("/audit/export/").content.decode()


def test_pages_go_on_where_the_last_ended_whatever_comes_in_meanwhile(signed_in, approver):
    for number in range(55):
        note(approver, label=f"Act {number:02}.")
    first = page(signed_in)
    assert "Act 54." in first
    assert "Act 05." in first
    assert "Act 04." not in first
    note(approver, label="Act 55.")
    older = first.split("before=")[1].split('"')[0]
    second = page(signed_in, f"before={older}")
    assert all(f"Act {number:02}." in second for number in range(5))
    assert "Act 05." not in second
    assert signed_in.get("/audit/?before=nonsense").status_code == 200


def test_an_export_is_neutralised_and_recorded(signed_in, approver):
    """AL-L, AT-8, CSV-1."""
    note(approver, label="=HYPERLINK(1)", reason="+1")
    answer = signed_in.post("/audit/export/", {"acts": "facts"})
    text = answer.content.decode()
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    assert ",=HYPERLINK" not in text
    assert "HYPERLINK(1)" in text
    event = AuditEvent.objects.get(action="audit.exported")
    assert event.actor == approver
    assert event.new == {"events": 1, "filters": {"acts": "facts"}}


def test_the_page_asks_as_often_for_two_events_as_for_fifty(signed_in, approver, program):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            signed_in.get("/audit/")
        return len(caught)

    for _ in range(2):
        note(approver, program=program)
    signed_in.get("/audit/")  # the look of this hour is recorded
    few = queries()
    for _ in range(48):
        note(approver, program=program)
    assert queries() == few
