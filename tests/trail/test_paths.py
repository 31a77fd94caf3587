"""Every path leaves its event, with who, by which way, what was and what is (AT-2, AT-5, AT-8, P11-10e)."""

import datetime

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from accounts import people
from accounts.models import AuditEvent, MembershipFunction, RoleGrant
from assessments.models import Job, ProfileDraft, Rating, Report
from assessments.services import programs, reconciling, reports
from tests.services import scene as scenes
from tests.support.work import work_off

BACKEND = settings.AUTHENTICATION_BACKENDS[-1]


@pytest.fixture
def scene(db):
    return scenes.make_scene(cem="cmc", quin="qa")


def last(action: str) -> AuditEvent:
    return AuditEvent.objects.filter(action=action).order_by("-pk")[0]


@pytest.mark.django_db(transaction=True)
def test_at_2_an_act_and_its_event_stand_or_fall_together(monkeypatch):
    scene = scenes.make_scene(cem="cmc")
    count = AuditEvent.objects.count()

    def fail(*_args, **_more):
        raise RuntimeError("no event")

    with monkeypatch.context() as broken:
        broken.setattr("accounts.people.record_event", fail)
        with pytest.raises(RuntimeError):
            people.grant_role(actor=scene.admin, membership_id=scene.lead.pk, role="viewer")
    assert not RoleGrant.objects.filter(membership=scene.lead, role="viewer").exists()
    assert AuditEvent.objects.count() == count
    people.grant_role(actor=scene.admin, membership_id=scene.lead.pk, role="viewer")
    assert RoleGrant.objects.filter(membership=scene.lead, role="viewer").exists()
    assert AuditEvent.objects.count() == count + 1


def test_at_5_a_queryset_update_leaves_an_event(scene):
    people.revoke_role(actor=scene.admin, membership_id=scene.raters["cem"].pk, role="assessor")
    event = last("role.revoked")
    assert (event.actor, event.object_label, event.old) == (scene.admin, "Cem", {"role": "assessor"})


def test_at_5_bulk_create_and_bulk_delete_leave_an_event(scene):
    people.set_functions(actor=scene.admin, membership_id=scene.raters["cem"].pk, functions=("qa", "finance"))
    assert MembershipFunction.objects.filter(membership=scene.raters["cem"]).count() == 2
    event = last("functions.set")
    assert (event.old, event.new) == ({"functions": ["cmc"]}, {"functions": ["finance", "qa"]})


def test_at_5_an_import_leaves_an_event_that_names_the_way_in_and_the_person(scene):
    programs.import_revision(member=scene.lead, program=scene.program, document=scenes.facts(), summary="From a file")
    event = last("facts.saved")
    assert (event.channel, event.actor, event.program_uuid) == ("import", scene.lead, scene.program.uuid)


def test_at_5_an_import_through_a_page_keeps_the_requests_id(scene):
    client = Client()
    client.force_login(scene.lead.user, backend=BACKEND)
    text = yaml.safe_dump(scenes.facts())
    answer = client.post(
        f"/programs/{scene.program.uuid}/facts/import/save/",
        {"text": text, "summary": "From a page", "version": ProfileDraft.objects.get().version},
        headers={"X-Request-ID": "request-7"},
    )
    assert answer.status_code == 302
    event = last("facts.saved")
    assert (event.channel, event.request_id) == ("import", "request-7")


def test_p11_10e_three_edits_leave_three_events_that_the_application_cannot_change(scene):
    scenes.start_scoring(scene)
    for score in (2, 3, 4):
        rating = Rating.objects.filter(review=scene.review).first()
        scene.rate("cem", score, seen_version=rating.version if rating else 0)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    events = list(
        AuditEvent.objects.filter(action="rating.revealed", actor__isnull=False, new__score__isnull=False).order_by(
            "pk"
        )
    )
    assert [event.new["score"] for event in events] == [2, 3, 4]
    given = AuditEvent.objects.filter(action__in=("rating.given", "rating.changed"), actor=scene.raters["cem"])
    assert given.count() == 3
    for statement in ("UPDATE accounts_auditevent SET new = NULL", "DELETE FROM accounts_auditevent"):
        with psycopg.connect(settings.TEST_APP_URL) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


def test_al_c_the_time_of_an_event_is_the_databases_whatever_a_client_says(scene):
    client = Client()
    _token, secret = people.issue_token(member=scene.admin, name="t", scopes=("read", "write"))
    client.post(
        "/api/v1/programs/",
        {"name": "X-1", "at": "1999-01-01T00:00:00Z", "created_at": "1999-01-01T00:00:00Z"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert AuditEvent.objects.filter(at__lt=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)).count() == 0


def test_at_5_the_api_and_the_command_line_name_themselves(scene):
    _token, secret = people.issue_token(member=scene.admin, name="t", scopes=("read", "write"))
    assert last("token.issued").channel == "command"
    answer = Client().post(
        "/api/v1/criteria-versions/" + str(scene.program.criteria_version.uuid) + "/retire/",
        {"reason": "Replaced."},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 200, answer.content
    event = last("criteria.retired")
    assert (event.channel, event.actor, event.reason) == ("api", scene.admin, "Replaced.")
    call_command("api_token", scene.lead.user.email, organization="h", stdout=open("/dev/null", "w"))
    assert (last("token.issued").channel, last("token.issued").actor) == ("command", scene.lead)


@pytest.mark.django_db(transaction=True)
def test_at_5_at_8_a_report_made_by_a_job_names_the_person_and_each_download_is_one_event(settings, tmp_path):
    """AL-A."""
    settings.MEDIA_ROOT = tmp_path
    scene = scenes.make_scene(cem="cmc", quin="qa")
    scenes.start_scoring(scene)
    scene.rate("cem", 2)
    scene.rate("quin", 5)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    work_off()
    report = reports.ask_for_report(member=scene.lead, review_id=scene.review.pk)
    work_off(Job.Kind.REPORT)
    made = last("report.made")
    assert (made.channel, made.actor) == ("worker", scene.lead), "the person who caused it"
    report = Report.objects.get(pk=report.pk)
    client = Client()
    client.force_login(scene.lead.user, backend=BACKEND)
    for count in (1, 2):
        assert client.get(f"/reports/{report.uuid}/file/").status_code == 200
        assert AuditEvent.objects.filter(action="report.downloaded", object_uuid=report.uuid).count() == count


def test_at_8_facts_and_portfolio_that_leave_as_files_leave_an_event_each(scene):
    client = Client()
    client.force_login(scene.lead.user, backend=BACKEND)
    assert client.get(f"/programs/{scene.program.uuid}/revisions/1/facts.yaml").status_code == 200
    assert client.get("/portfolio/portfolio.csv?state=none").status_code == 200
    assert last("facts.downloaded").new == {"what": "Revision 1"}
    assert last("portfolio.exported").actor == scene.lead
    client.head("/portfolio/portfolio.csv")
    assert AuditEvent.objects.filter(action="portfolio.exported").count() == 1
