"""The audit page: how the trail stands, verifying, reviewing; and contents only where what they are about is open."""

import datetime
import re

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts import sealing
from accounts.audit import record_event
from accounts.models import AuditEvent, TrailReview
from accounts.permissions import NotAllowed
from assessments.api.audit import VerificationOut
from assessments.errors import Invalid
from assessments.services import audit_trail
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.support.begun import shared

BACKEND = settings.AUTHENTICATION_BACKENDS[-1]


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin.user, backend=BACKEND)
    return client


class TestSealed:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_each_event_says_its_number_or_that_it_is_not_sealed_yet(self, signed_in, organization, write):
        write(2, label="Sealed act")
        sealing.seal(organization.pk)
        write(1, label="Young act")
        text = signed_in.get("/audit/").content.decode()
        assert "No. 3" in text
        assert "Not sealed yet" in text
        assert re.search(r"Sealed to number <span class=\"tabular\">\d+</span>", text)
        export = signed_in.post("/audit/export/").content.decode()
        assert "Sealed act 1" in export and ",3," in export

    def test_verifying_from_the_page_says_what_was_found_and_is_an_event(self, signed_in, organization, write, tamper):
        write(3)
        sealing.seal(organization.pk)
        assert "<dt>Last verified</dt><dd>Not yet</dd>" in signed_in.get("/audit/verify/").content.decode()
        text = signed_in.post("/audit/verify/").content.decode()
        assert "Everything matches." in text and text.count('id="trail-standing"') == 1
        assert re.search(r"<dt>Last verified</dt><dd>Ada Quist, <time.*?</time>: everything matched", text)
        found = AuditEvent.objects.get(action="audit.verified")
        assert found.new["entries"] >= 4 and found.new["faults"] == []
        event = AuditEvent.objects.get(entry__number=2)
        tamper("UPDATE accounts_auditevent SET reason = 'other' WHERE id = %s", event.pk)
        text = signed_in.post("/audit/verify/", headers={"HX-Request": "true"}).content.decode()
        assert "does not match from number 2 on" in text
        assert "<html" not in text
        assert re.search(
            r'id="trail-standing" hx-swap-oob="true">.*?Ada Quist, <time.*?</time>: <strong class="bad">', text, re.S
        )
        assert AuditEvent.objects.get(action="audit.found_broken").new["faults"][0].startswith("Number 2:")
        assert "Found not to match" in signed_in.get("/audit/").content.decode()

    def test_heads_that_are_gone_are_said_on_the_page_and_by_the_api(self, signed_in, organization, write, anchor_file):
        write(3)
        sealing.seal(organization.pk)
        assert "The heads kept outside the database agree" in signed_in.post("/audit/verify/").content.decode()
        anchor_file.path.unlink()
        text = signed_in.post("/audit/verify/").content.decode()
        assert "The heads kept outside the database are gone." in text
        assert "Everything matches" not in text and "from number 0" not in text
        verification = audit_trail.verify(member=AuditEvent.objects.filter(action="audit.verified").get().actor)
        answer = VerificationOut(verification).data
        assert (answer["state"], [fault["number"] for fault in answer["faults"]]) == ("broken", [0])

    def test_a_sealer_that_is_down_and_anchors_that_begin_late_are_said_with_what_to_do(
        self, signed_in, admin, organization, write, anchor_file, monkeypatch
    ):
        write(2)
        sealing.seal(organization.pk)
        anchor_file.path.unlink()
        write(2)
        sealing.seal(organization.pk)
        write(3)
        pages = [signed_in.get(path).content.decode() for path in ("/audit/", "/audit/verify/")]
        assert not [page for page in pages if "not being sealed" in page], "a minute is no matter"
        monkeypatch.setattr(sealing, "LATE", datetime.timedelta())
        late = sealing.waiting(organization.pk, sealing.head_of(organization.pk))
        assert late.late == late.count >= 3
        words = f"{late.late} events have waited longer than 15 minutes to be sealed, the oldest since {late.oldest:%Y-%m-%d}"
        for path in ("/audit/", "/audit/verify/"):
            text = signed_in.get(path).content.decode()
            assert "The audit trail is not being sealed." in text and words in text and "seal_audit" in text
        begin = sealing.head_of(organization.pk).number
        begins = f"The anchor file begins at number {begin}; numbers before it cannot be compared."
        answered = signed_in.post("/audit/verify/").content.decode()
        assert begins in answered and words in answered and "Everything matches." in answered
        answer = VerificationOut(audit_trail.verify(member=admin)).data
        assert (answer["state"], answer["anchors_begin"]) == ("matches", begin)
        assert answer["sealing_late"] == answer["not_sealed_yet"] > late.late, "verifying from the page is an event too"
        assert answer["warnings"][0].startswith(begins) and answer["not_sealed_since"].startswith(
            f"{late.oldest:%Y-%m-%d}"
        )

    def test_a_long_trail_is_verified_in_bounded_parts_that_only_their_maker_goes_on_with(
        self, signed_in, admin, organization, write, monkeypatch
    ):
        from accounts import chain, people

        monkeypatch.setattr(audit_trail, "MOST_WALKED", 10)
        monkeypatch.setattr(chain.step, "__defaults__", (10,))
        write(25)
        sealing.seal(organization.pk)
        first = audit_trail.verify(member=admin)
        assert (first.state, first.through, first.total) == ("more", 10, 27)
        page = signed_in.post("/audit/verify/", {"after": first.after}).content.decode()
        assert "Go on from number 20" in page
        part = signed_in.post("/audit/verify/", {"after": first.after}, headers={"HX-Request": "true"}).content.decode()
        assert "Go on from number 20" in part and "trail-standing" not in part
        second = audit_trail.verify(member=admin, after=first.after)
        last = audit_trail.verify(member=admin, after=second.after)
        assert (last.state, last.through) == ("matches", 27)
        other = people.add_member(actor=admin, email="b@x.test", full_name="Ben", roles=("auditor",))
        with pytest.raises(Invalid):
            audit_trail.verify(member=other, after=first.after)
        with pytest.raises(Invalid):
            audit_trail.verify(member=admin, after="forged")

    def test_a_review_of_the_trail_is_recorded_with_number_and_note(self, signed_in, admin, organization, write):
        """A11-9."""
        sealing.seal(organization.pk)
        head = sealing.head_of(organization.pk).number
        assert signed_in.post("/audit/review/", {"through_number": head + 1}).status_code == 422
        assert not TrailReview.objects.exists()
        answer = signed_in.post("/audit/review/", {"through_number": head, "note": "Roles looked at."})
        assert answer.status_code == 302
        event = AuditEvent.objects.get(action="audit.reviewed")
        assert (event.actor_id, event.new, event.reason) == (admin.pk, {"through_number": head}, "Roles looked at.")
        text = signed_in.get("/audit/verify/").content.decode()
        assert "Roles looked at." in text and "Ada Quist" in text
        assert "by Ada Quist" in signed_in.get("/audit/").content.decode()
        with pytest.raises(Exception, match="Cannot update or delete|permission denied"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM accounts_trailreview")

    def test_a_deactivated_persons_word_is_not_taken(self, admin, organization, write):
        from accounts import people

        auditor = people.add_member(actor=admin, email="s@x.test", full_name="Sam", roles=("auditor",))
        sealing.seal(organization.pk)
        people.deactivate_member(actor=admin, membership_id=auditor.pk)
        with pytest.raises(NotAllowed):
            audit_trail.record_review(member=auditor, through_number=1, note="")


pytestmark = pytest.mark.django_db


def events_of(member, **by):
    return list(audit_trail.events_for(member.now()).filter(**by))


def reconciling():
    world = make_world()
    with transaction.atomic():
        bring_review_to(world, "reconciling")
    return world


begun, world = shared(reconciling)


def test_an_auditor_sees_that_something_was_done_in_a_review_that_is_not_approved_and_not_what(world):
    auditor, admin = world.people["auditor"], world.people["admin"]
    seen = events_of(auditor, review_uuid=world.review.uuid)
    everything = events_of(admin, review_uuid=world.review.uuid)
    assert len(seen) == len(everything) > 5
    assert {(e.old, e.new, e.reason, e.object_uuid, e.object_label) for e in seen} == {
        (None, None, "", None, "A review that is not approved")
    }
    assert {e.actor_name for e in seen} == {e.actor_name for e in everything}
    assert any(e.new for e in everything)


def test_no_surface_gives_withheld_contents_away(world, client):
    auditor = world.people["auditor"]
    client.force_login(auditor.user, backend=BACKEND)
    told = [
        e
        for e in events_of(world.people["admin"], review_uuid=world.review.uuid)
        if e.new and "rationale" in str(e.new)
    ]
    word = "As the lots show."
    assert any(word in str(e.new) for e in told)
    page = client.get("/audit/").content.decode()
    assert "A review that is not approved" in page
    assert word not in page
    assert word not in client.post("/audit/export/").content.decode()


def test_words_find_no_contents_that_are_withheld(world):
    admin, auditor = world.people["admin"], world.people["auditor"]
    with transaction.atomic():
        record_event(
            "review.edited",
            organization_id=admin.organization_id,
            actor=admin,
            subject=world.review,
            reason="Zanzibar",
            program=world.program,
            review=world.review,
        )

    def found(member, text):
        return audit_trail.matching(audit_trail.events_for(member.now()), text).count()

    assert found(admin, "zanzibar") == 1
    assert found(auditor, "zanzibar") == 0
    assert found(auditor, "review edited") == found(admin, "review edited") == 1
    assert found(auditor, admin.name) > 0


def test_the_draft_of_facts_is_not_an_auditors_to_read():
    world = make_world()
    auditor, admin = world.people["auditor"], world.people["admin"]
    with transaction.atomic():
        bring_review_to(world, "approved")
        record_event(
            "facts.edited",
            organization_id=admin.organization_id,
            actor=admin,
            subject=world.program,
            new={"lot_success_pct": 91},
            program=world.program,
        )
    (event,) = events_of(auditor, action="facts.edited", program_uuid=world.program.uuid)
    assert (event.new, event.object_label) == (None, "A draft of the facts")
    (event,) = events_of(admin, action="facts.edited", program_uuid=world.program.uuid)
    assert event.new == {"lot_success_pct": 91}
    approved = events_of(auditor, review_uuid=world.review.uuid)
    assert any(e.new for e in approved) and {e.withheld for e in approved} == {""}


def test_at_8_looking_into_the_trail_is_recorded_once_an_hour(client):
    admin = make_world().people["admin"]
    client.force_login(admin.user, backend=BACKEND)
    for _ in range(3):
        client.get("/audit/")
    assert AuditEvent.objects.filter(action="audit.read", actor=admin).count() == 1
    client.post("/audit/export/")
    assert AuditEvent.objects.filter(action="audit.exported", actor=admin).count() == 1


def test_the_api_verifies_reviews_and_withholds_alike(world, client):
    from accounts import people

    auditor = world.people["auditor"]
    _token, secret = people.issue_token(member=auditor, name="audit", scopes=("read", "write"))
    headers = {"Authorization": f"Bearer {secret}"}
    listed = client.get(f"/api/v1/audit-events/?review={world.review.uuid}", headers=headers).json()["results"]
    assert {one["withheld"] for one in listed} == {"review"}
    assert {str(one["new"]) for one in listed} == {"None"}
    verified = client.post("/api/v1/audit-events/verify/", {}, content_type="application/json", headers=headers)
    assert verified.status_code == 200
    assert verified.json()["state"] == "matches"
    assert verified.json()["total"] == 0, "nothing of this test's transaction can be sealed"
    refused = client.post(
        "/api/v1/audit-events/reviews/", {"through_number": 1}, content_type="application/json", headers=headers
    )
    assert refused.status_code == 400
    assert client.get("/api/v1/audit-events/reviews/", headers=headers).json()["results"] == []
