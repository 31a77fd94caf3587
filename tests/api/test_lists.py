"""Lists: pages of a total order, filters that refuse nonsense, and queries that do not grow with the rows."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, AuditEvent, MembershipFunction
from assessments.models import Condition, Evidence, Program, Rating, Report
from tests.api.crawl import views
from tests.factories import MembershipFactory, ProgramFactory
from tests.rights.reviews import sign


def names(answer):
    return [one["name"] for one in answer.json()["results"]]


def test_pages_give_every_row_once_also_where_the_order_ties(world, caller):
    ProgramFactory.create_batch(23, criteria_version=world.version)
    Program.objects.update(created_at="2026-01-01T00:00:00Z")
    admin, seen, address = caller("admin"), [], "/api/v1/programs/?page_size=5&ordering=created_at"
    while address:
        page = admin.get(address).json()
        seen += [one["id"] for one in page["results"]]
        address = page["next"]
    assert page["count"] == len(seen) == len(set(seen)) == 24


def test_a_page_has_at_most_200_rows(world, caller):
    ProgramFactory.create_batch(202, criteria_version=world.version)
    assert len(caller("admin").get("programs/?page_size=100000").json()["results"]) == 200
    assert caller("admin").get("programs/?page=99").status_code == 404


def test_order_and_filters(world, caller):
    (
        ProgramFactory(criteria_version=world.version, name="Alpha"),
        ProgramFactory(criteria_version=world.version, name="Zeta"),
    )
    admin = caller("admin")
    assert names(admin.get("programs/?ordering=-name")) == ["Zeta", "MSC-1", "Alpha"]
    assert names(admin.get("programs/?name=LPH")) == ["Alpha"]
    for wrong in ("ordering=password", "ordering=--name", "ordering=name,created_by__user__password"):
        answer = admin.get(f"programs/?{wrong}")
        assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, "ordering")
    for path, field in (
        ("criteria-versions/?state=secret", "state"),
        ("criteria-versions/?criteria_set=7", "criteria_set"),
        ("audit-events/?since=yesterday", "since"),
    ):
        answer = admin.get(path)
        assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, field)
    assert admin.get("programs/?name=%00").status_code == 400
    assert admin.get("programs/?name=" + "a" * 50_000).status_code == 200


def test_the_trail_is_read_newest_first_without_a_count(world, caller):
    admin, seen, address = caller("admin"), [], "/api/v1/audit-events/?page_size=2"
    admin.get("audit-events/")  # the first look of an hour is an event itself
    while address:
        page = admin.get(address).json()
        seen += [one["id"] for one in page["results"]]
        address = page["next"]
    mine = AuditEvent.objects.visible_to(world.people["admin"]).order_by("-pk")
    assert seen == [str(uuid) for uuid in mine.values_list("uuid", flat=True)]


def test_the_trail_of_a_restricted_program_is_for_its_members(world, review_in, caller):
    review_in("draft")
    assert "review.opened" in caller("approver").get("audit-events/").content.decode()
    Program.objects.update(restricted=True)
    assert "review.opened" not in caller("approver").get("audit-events/").content.decode()


def more_rows(world):
    """More of everything that lists show."""
    people = MembershipFactory.create_batch(8, organization=world.people["lead"].organization, with_roles=["assessor"])
    function = world.people["rater"].functions[0]
    held = list(Rating.objects.filter(membership=world.people["rater"]))
    for person in people:
        MembershipFunction.objects.create(organization=person.organization, membership=person, function=function)
        world.review.assignments.create(
            organization=person.organization, membership=person, function=function, assigned_by=world.people["lead"]
        )
        for rating in held:
            rating.pk, rating.uuid, rating.membership = None, uuid4(), person
            rating.save(force_insert=True)
    ProgramFactory.create_batch(8, criteria_version=world.version)


LISTS = {
    "programs": "programs/",
    "people": "people/",
    "portfolio": "portfolio/",
    "reviews": "programs/{program}/reviews/",
    "revisions": "programs/{program}/revisions/",
    "options": "reviews/{review}/options/",
    "assignments": "reviews/{review}/assignments/",
    "ratings": "reviews/{review}/ratings/",
    "agreed_values": "reviews/{review}/agreed-values/",
    "submissions": "reviews/{review}/submissions/",
    "conditions": "reviews/{review}/conditions/",
    "reports": "reviews/{review}/reports/",
    "criteria_sets": "criteria-sets/",
    "criteria_versions": "criteria-versions/",
    "audit_events": "audit-events/",
    "trail_reviews": "audit-events/reviews/",
    "delegations": "delegations/",
    "notifications": "notifications/",
    "tripwires": "reviews/{review}/tripwires/",
    "standing_conditions": "conditions/",
    "condition_evidence": "conditions/{condition}/evidence/",
}


def test_every_list_is_measured():
    assert set(LISTS) == {name for name, view in views().items() if hasattr(view, "list")}


def counts(world, admin, names):
    found = {}
    for name in names:
        condition = world.review.conditions.first() if "{condition}" in LISTS[name] else None
        address = LISTS[name].format(
            program=world.program.uuid, review=world.review.uuid, condition=condition and condition.uuid
        )
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(address + "?page_size=200").status_code == 200
        found[name] = len(queries)
    return found


OF_DECISIONS = ("submissions", "conditions", "reports")
OF_CONDITIONS = ("condition_evidence",)


def test_queries_do_not_grow_with_the_rows(world, review_in, caller):
    review_in("reconciling")
    admin, names = caller("admin"), [name for name in LISTS if name not in OF_DECISIONS + OF_CONDITIONS]
    admin.get("me/")
    admin.get("audit-events/")  # the first look of an hour is an event itself
    few = counts(world, admin, names)
    more_rows(world)
    assert counts(world, admin, names) == few
    assert max(few.values()) <= 12


def test_queries_about_a_decision_do_not_grow_with_it(world, review_in, caller):
    review_in("in_approval")
    admin, people = caller("admin"), world.people
    here = {"organization": people["admin"].organization}
    assert admin.post(f"reviews/{world.review.uuid}/reports/").status_code == 202
    Condition.objects.create(review=world.review, key="one", title="One", owner=people["lead"], **here)
    step = world.review.submissions.first().steps.order_by("position")[0]
    sign(people["rater"].now(), step)
    few = counts(world, admin, OF_DECISIONS)
    for at in range(6):
        Condition.objects.create(review=world.review, key=f"k{at}", title="More", owner=people["rater"], **here)
        Report.objects.create(review=world.review, kind="brief", asked_by=people["rater"], **here)
    sign(people["lead"].now(), step)
    assert counts(world, admin, OF_DECISIONS) == few
    assert max(few.values()) <= 16


def test_queries_about_evidence_do_not_grow_with_it(world, review_in, caller):
    review = review_in("approved")
    admin, here = caller("admin"), {"organization": world.people["admin"].organization}
    row = Condition.objects.create(review=review, key="one", title="One", owner=world.people["lead"], **here)

    def attach(role):
        link = {"kind": "link", "title": "Report", "url": "https://example.org/", "uploaded_by": world.people[role]}
        made = Evidence.objects.create(program=world.program, **link, **here)
        row.evidence_links.create(evidence=made, added_by=world.people[role], **here)

    attach("lead")
    admin.get("me/")
    few = counts(world, admin, OF_CONDITIONS)
    for role in ("rater", "approver", "admin"):
        attach(role)
    assert counts(world, admin, OF_CONDITIONS) == few


def test_a_token_has_so_many_requests_a_minute(caller, settings):
    """RL-1: counted in the database, so that no restart and no second process forgets them."""
    settings.API_RATE_PER_MINUTE = 3
    lead, other = caller("lead"), caller("lead")
    answers = [lead.get("me/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    body = answers[-1].json()
    assert (body["code"], answers[-1].headers["Content-Type"]) == ("throttled", "application/problem+json")
    assert 55 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert other.get("me/").status_code == 200
    counted = ApiToken.objects.filter(requests=4)
    assert counted.count() == 1
    counted.update(window_from=Now() - timedelta(seconds=61))
    assert lead.get("me/").status_code == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [("0009-04-16T04:44:54-17:46", 200), ("0001-01-01T00:00:00+10:00", 400), ("2026-01-01T00:00:00Z", 200)],
)
def test_a_moment_with_an_odd_offset_is_taken_or_refused_by_name(caller, since, status):
    answer = caller("admin").get(f"audit-events/?since={since.replace('+', '%2B')}")
    assert answer.status_code == status
    assert status == 200 or "since" in str(answer.json()["problems"])
