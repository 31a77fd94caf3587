"""Whoever changes a record by SQL is found by `verify`, which names the record; a result comes out of its record again."""

import datetime
import importlib
import io
import json
import shutil
import threading
import time
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from psycopg import sql

from accounts.audit import canonical_json, sha256_of
from accounts.models import AuditEvent, Notification
from accounts.permissions import NotAllowed
from assessments.models import RecordCheck, Report, Review, Submission
from assessments.scoring import headline, robustness, weights
from assessments.scoring.full import full
from assessments.services import (
    approvals,
    briefs,
    check_turns,
    criteria,
    files,
    recomputing,
    record_checks,
    records,
    verifying,
)
from assessments.services.frameworks import framework_of
from tests.factories import ReviewFactory
from tests.rights.reviews import sign
from tests.rights.world import document
from tests.services.decided import FIRST, OTHER, decided_world, member, submit, submitted_world
from tests.services.racing import at_once
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import afresh, shared
from tests.support.owner import as_owner

OTHER_BITS = 2**127 - 1


begun, world = shared(submitted_world)


@pytest.fixture
def submission(world):
    return Submission.objects.select_related("review__program", "revision", "scorecard").get()


def approved(world):
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    world.review = Review.objects.get(pk=world.review.pk)
    return world


def verify(*given) -> tuple[str, str]:
    """What the command says: (standard output, errors and the reason for which it ended)."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify", *given, stdout=out, stderr=err)
    except CommandError as ended:
        assert ended.returncode == 1
        return out.getvalue(), f"{err.getvalue()}{ended}"
    return out.getvalue(), ""


# -- recompute from the record --------------------------------------------------------------------------------------


def test_al_a2_the_record_alone_gives_the_result_again_bit_for_bit(submission, django_assert_num_queries):
    with django_assert_num_queries(0):
        found = recomputing.recomputed(submission.record)
    assert found.outcome == recomputing.SAME and not found.is_fault
    assert found.figures > 200 and found.largest is None
    assert "the same bit for bit" in found.sentence


def other_draws(monkeypatch):
    """As if another NumPy drew other numbers from the same seed."""
    paths = importlib.import_module("assessments.scoring.risk.paths")
    for module in (headline, robustness, weights, paths):
        monkeypatch.setattr(module, "seed_of", lambda framework: int(framework.digest[:32], 16) ^ OTHER_BITS)


def test_another_version_with_other_draws_is_told_as_such_and_never_as_tampering(submission, monkeypatch):
    other_draws(monkeypatch)
    here = recomputing.software()
    monkeypatch.setattr(recomputing, "software", lambda: here | {"numpy": "9.0.1"})
    found = recomputing.recomputed(submission.record)
    assert found.outcome == recomputing.WITHIN and not found.is_fault
    assert [(one.name, one.now) for one in found.others] == [("NumPy", "9.0.1")]
    assert found.others[0].then == json.loads(submission.record)["software"]["numpy"]
    assert found.largest.of_errors < 5 and found.place
    assert "NumPy 9.0.1 here" in found.sentence and f"The largest difference: {found.place}" in found.sentence
    assert "changed" not in found.sentence and "tamper" not in found.sentence
    assert verifying.verify(submission) == []


def test_another_version_beyond_the_errors_says_that_the_hash_tells_about_changes(submission, monkeypatch):
    monkeypatch.setattr(recomputing, "ENGINE_VERSION", "9.0")
    monkeypatch.setattr(recomputing, "full", _with_another_total)
    found = recomputing.recomputed(submission.record)
    assert found.outcome == recomputing.BEYOND and found.is_fault
    assert "engine 9.0 here" in found.sentence and "Suite" in found.place
    assert "This says nothing about the record itself" in found.sentence


def _with_another_total(problem):
    card = full(problem)
    card["engine"] = "9.0"
    card["panel"]["options"][FIRST]["total"] += 0.5
    return card


def test_the_versions_of_the_record_with_other_figures_are_a_fault(submission, monkeypatch):
    other_draws(monkeypatch)
    found = recomputing.recomputed(submission.record)
    assert found.outcome == recomputing.DIFFERS and found.is_fault
    assert "The versions that the record names do not give its figures again" in found.sentence


def test_a_panel_that_its_ratings_do_not_give_is_a_fault(submission):
    held = json.loads(submission.record)
    held["ratings"][0]["score"] = 1 if held["ratings"][0]["score"] > 1 else 5
    found = recomputing.recomputed(canonical_json(held))
    assert found.outcome == recomputing.UNREADABLE
    assert "not what its ratings and agreed values give" in found.sentence


def test_facts_that_are_not_those_of_the_result_are_a_fault(submission):
    held = json.loads(submission.record)
    held["facts"]["values"]["program"]["need"] += 1
    found = recomputing.recomputed(canonical_json(held))
    assert found.outcome == recomputing.UNREADABLE and found.is_fault


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"format": "makewhere.submission/9"}'])
def test_what_is_no_record_is_said_to_be_none(record):
    found = recomputing.recomputed(record)
    assert found.outcome == recomputing.UNREADABLE and found.cause


def test_a_record_of_the_first_format_still_gives_its_result(submission):
    held = json.loads(submission.record)
    held["format"] = "makewhere.submission/1"
    del held["software"]["machine"]
    for row in held["ratings"] + held["agreed_values"]:
        del row["suggestion"]
    assert recomputing.recomputed(canonical_json(held)).outcome == recomputing.SAME


def test_p11_10c_a_record_of_criteria_v1_recomputes_once_v2_and_v3_exist(world, submission):
    admin = member(world, "admin")
    version = world.version
    for heavier in (2, 3):
        draft = criteria.import_draft(member=admin, document=_heavier(heavier))
        version = criteria.publish(member=admin, version_id=draft.pk, reason="Weighed anew.")
    assert version.number > world.version.number
    assert records.problem_of(json.loads(submission.record)).framework.digest == framework_of(world.version).digest
    assert recomputing.recomputed(submission.record).outcome == recomputing.SAME
    assert verifying.verify(submission) == []


def _heavier(factor):
    given = document()
    given["dimensions"][0]["weight"] *= factor
    return given


def test_recomputing_is_asked_for_on_record_by_those_who_may(world, submission):
    with pytest.raises(NotAllowed):
        recomputing.recompute(member=member(world, "viewer"), submission=submission)
    assert not AuditEvent.objects.filter(action="submission.recomputed").exists()
    found = recomputing.recompute(member=member(world, "auditor"), submission=submission)
    event = AuditEvent.objects.get(action="submission.recomputed")
    assert event.actor == world.people["auditor"] and event.new["outcome"] == found.outcome == "same"
    assert event.new["sha256"] == submission.sha256 and event.new["software"]["numpy"]


def test_the_daily_check_of_what_is_whole_is_on_record_and_tells_nobody(world):
    organization = world.program.organization
    assert record_checks.organizations_due() == [organization.pk]
    assert record_checks.check_next(organization.pk) == record_checks.Piece(submissions=1, recomputed=1)
    event = AuditEvent.objects.get(action="records.checked")
    assert event.new == {
        "submissions": 1,
        "recomputed": 1,
        "faults": 0,
        "named": [],
        "through": str(world.review.uuid),
        "more": False,
    }
    assert not Notification.objects.filter(kind="integrity_failed").exists()
    assert record_checks.organizations_due() == [], "once a day"
    assert record_checks.check_next(organization.pk) == record_checks.Piece()
    assert AuditEvent.objects.filter(action="records.checked").count() == 1


def test_the_daily_check_goes_on_where_it_was_stopped_and_what_raises_holds_nothing_up(world, monkeypatch):
    organization = world.program.organization
    others = [
        ReviewFactory(program=world.program, revision=world.revision, number=number, state="superseded")
        for number in (7, 8)
    ]
    stands, seen = verifying.verify_review, []

    def raises_at_first(review):
        seen.append(review.number)
        if review == world.review:
            raise RuntimeError("odd")
        return stands(review)

    monkeypatch.setattr(verifying, "verify_review", raises_at_first)
    monkeypatch.setattr(record_checks, "MOST_IN_A_PIECE", 2)
    first = record_checks.check_next(organization.pk)
    assert first.more and (first.submissions, first.recomputed) == (1, 1), "its submission is checked all the same"
    assert [(one.review, one.is_error) for one in first.faults] == [(world.review.pk, True), (others[0].pk, False)]
    told = Notification.objects.filter(kind="integrity_failed", membership=world.people["admin"])
    assert {one.title for one in told} == {
        "A record could not be checked (MSC-1, Review 1)",
        "A record is not what was signed (MSC-1, Review 7)",
    }
    with monkeypatch.context() as ended, pytest.raises(KeyboardInterrupt):
        ended.setattr(record_checks, "_record", Mock(side_effect=KeyboardInterrupt))  # the worker is killed
        record_checks.check_next(organization.pk)
    assert record_checks.organizations_due() == [], "nobody knows yet that the worker is gone"
    assert record_checks.check_next(organization.pk) == record_checks.Piece()
    lease_runs_out()
    assert record_checks.organizations_due() == [organization.pk]
    last = record_checks.check_next(organization.pk)
    assert not last.more and [one.review for one in last.faults] == [others[1].pk]
    assert seen == [1, 7, 8], "what has an answer is not done again"
    assert record_checks.organizations_due() == []
    events = list(AuditEvent.objects.filter(action="records.checked").order_by("pk"))
    assert [(one.new["through"], one.new["more"]) for one in events] == [
        (str(others[0].uuid), True),
        (str(others[1].uuid), False),
    ]
    assert events[0].new["named"][0].startswith("MSC-1, Review 1: A part of its check ended in an error (RuntimeError)")


def lease_runs_out():
    RecordCheck.objects.update(lease_until=RecordCheck.objects.get().lease_until - 2 * check_turns.LEASE)


def test_the_check_of_a_new_day_begins_anew(world):
    organization = world.program.organization
    record_checks.check_next(organization.pk)
    RecordCheck.objects.update(day=RecordCheck.objects.get().day - datetime.timedelta(days=1))
    assert record_checks.organizations_due() == [organization.pk]
    assert record_checks.check_next(organization.pk) == record_checks.Piece(submissions=1, recomputed=1)


def test_what_ends_its_process_before_anything_is_computed_is_passed_over_one_attempt_later(world, monkeypatch):
    organization = world.program.organization
    verify, began = verifying.verify, []

    def killed(submission):
        began.append(submission.pk)
        raise KeyboardInterrupt

    monkeypatch.setattr(verifying, "verify", killed)
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            record_checks.check_next(organization.pk)
        lease_runs_out()
    piece = record_checks.check_next(organization.pk)
    assert len(began) == 4 and (piece.submissions, piece.more) == (0, False)
    assert [one.what for one in piece.faults] == [
        "The records could not be checked: 4 attempts ended without an answer, as where the process is ended for want of memory."
    ]
    monkeypatch.setattr(verifying, "verify", verify)
    RecordCheck.objects.update(day=RecordCheck.objects.get().day - datetime.timedelta(days=1))
    assert record_checks.check_next(organization.pk).faults == (), "another day counts anew"


# -- the command ----------------------------------------------------------------------------------------------------


def test_the_command_verifies_and_recomputes_everything_on_record(world):
    approved(world)
    said, refused = verify("--recompute")
    assert refused == "" and "the same bit for bit" in said
    assert "Verified: 1 submissions of 1 reviews, nothing amiss." in said
    assert "1 submissions" in verify("--organization", world.program.organization.slug)[0]
    assert "1 submissions" in verify("--review", str(world.review.uuid))[0]


@pytest.mark.parametrize(
    "given", [("--organization", "nobody"), ("--review", "x"), ("--review", "7bd4a6d2-95cb-4b0e-9a22-0d2f4e0b6a11")]
)
def test_the_command_refuses_what_is_not_there(world, given):
    with pytest.raises(CommandError) as ended:
        call_command("verify", *given)
    assert ended.value.returncode == 2


def test_a_report_whose_file_was_changed_or_is_gone(world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    approved(world)
    data = b"%PDF-1.7 a brief"
    files.store("reports/brief.pdf", data, "token")
    Report.objects.create(
        organization=world.program.organization, review=world.review, kind="brief", path="reports/brief.pdf",
        filename="brief.pdf", sha256=sha256_of(data.decode()), size=len(data), made_at=world.review.state_since,
    )  # fmt: skip
    assert verify() == ("Verified: 1 submissions of 1 reviews, nothing amiss.\n", "")
    (tmp_path / "reports" / "brief.pdf").write_bytes(data + b" ")
    assert "Report brief.pdf: The stored file no longer matches" in verify()[1]
    shutil.rmtree(tmp_path / "reports")
    assert "Report brief.pdf: The stored file is gone" in verify()[1]


@pytest.mark.django_db(transaction=True)
class TestTwoRunsAtOnce:
    """The second begins while the first computes."""

    @pytest.fixture
    def both(self, monkeypatch):
        world = afresh(submitted_world)
        recomputed, self.began, computing = recomputing.recomputed, [], threading.Event()

        def slow(record):
            self.began.append(record)
            computing.set()
            time.sleep(1)
            return recomputed(record)

        def check():
            return record_checks.check_next(world.program.organization_id)

        def check_beside():
            assert computing.wait(timeout=30)
            return check()

        monkeypatch.setattr(recomputing, "recomputed", slow)
        return lambda: [one.submissions for one in at_once(check, check_beside)]

    def test_the_first_does_the_work(self, both):
        assert both() == [1, 0] and len(self.began) == 1
        assert AuditEvent.objects.filter(action="records.checked").count() == 1

    def test_without_the_lease_both_would_and_one_is_on_record(self, both, monkeypatch):
        monkeypatch.setattr(check_turns, "LEASE", datetime.timedelta(0))
        assert both() == [0, 1] and len(self.began) == 2
        assert AuditEvent.objects.filter(action="records.checked").count() == 1


@pytest.mark.django_db(transaction=True)
class TestByHand:
    """P11-10a, P11-70, F16: what a person with the owner's rights changes by SQL, triggers switched off."""

    @pytest.fixture
    def world(self):
        world = afresh(submitted_world)
        return approved(world)

    def test_one_byte_of_a_record_ends_the_command_with_an_error_that_names_it(self, world, owner_url):
        submission = Submission.objects.get()
        assert as_owner(
            owner_url, "assessments_submission",
            "UPDATE assessments_submission SET record = replace(record, 'Partner A', 'Partner B') WHERE id = %s",
            submission.pk,
        ) == 1  # fmt: skip
        said, refused = verify()
        assert "MSC-1, Review 1: Submission 1: The record is not the one that its hash was taken of." in refused
        assert "checks failed" in refused and said == ""
        piece = record_checks.check_next(world.program.organization_id)
        assert len(piece.faults) == 2  # nor does its result come out of it again
        event = AuditEvent.objects.get(action="records.checked")
        assert (event.new["submissions"], event.new["recomputed"], event.new["faults"]) == (1, 1, 2)
        assert event.new["named"][0].startswith("MSC-1, Review 1: Submission 1: The record is not")
        assert event.actor is None and event.channel == "worker"
        told = Notification.objects.filter(kind="integrity_failed")
        # Lead and second speak for quality; "deactivated" is an admin whose account nobody has switched off here.
        roles = ("admin", "deactivated", "approver", "second_approver", "auditor", "lead", "second")
        people = {world.people[role].pk for role in roles}
        assert set(told.values_list("membership_id", flat=True)) == people
        assert told.count() == len(people)
        basis = briefs.basis_of(Review.objects.select_related("program", "criteria_version").get(pk=world.review.pk))
        brief = briefs.brief_of(world.review, commercial=True, made_at=event.at, basis=basis)
        assert brief.watermark == "INTEGRITY CHECK FAILED" and brief.notice.startswith("Integrity check failed")

    @pytest.mark.parametrize("new", ["null", "[]", "{}", '"x"'])
    def test_events_of_another_form_are_findings(self, world, owner_url, new):
        actions = ["submission.made", "signature.given", "decision.made"]
        as_owner(
            owner_url, "accounts_auditevent",
            "UPDATE accounts_auditevent SET new = %s WHERE action = ANY(%s)", new, actions,
        )  # fmt: skip
        refused = verify()[1]
        for words in (
            "Submission 1: The audit trail holds another hash for it.",
            "The audit trail knows no proposed decision with this hash.",
            "The audit trail knows no such act.",
            "Decision of Review 1: The audit trail knows no such decision.",
        ):
            assert words in refused

    def test_a_record_that_is_no_json_though_its_hash_is_right_is_a_finding(self, world, owner_url):
        as_owner(
            owner_url, "assessments_submission", "UPDATE assessments_submission SET record = %s, sha256 = %s",
            "[[", sha256_of("[["),
        )  # fmt: skip
        assert "Submission 1: The record cannot be read." in verify("--recompute")[1]

    def test_a_record_that_was_changed_and_hashed_anew(self, world, owner_url):
        submission = Submission.objects.get()
        record = submission.record.replace("Partner A", "Partner B")
        as_owner(
            owner_url, "assessments_submission",
            "UPDATE assessments_submission SET record = %s, sha256 = %s WHERE id = %s",
            record, sha256_of(record), submission.pk,
        )  # fmt: skip
        refused = verify("--recompute")[1]
        assert "Submission 1: The audit trail holds another hash for it." in refused
        assert "It was given for another submission." in refused
        assert "its facts, criteria and ratings are not those that its result names" in refused

    def test_a_changed_result_row(self, world, owner_url):
        as_owner(
            owner_url, "assessments_scorecard",
            "UPDATE assessments_scorecard SET numbers = jsonb_set(numbers, '{verdict,margin}', '99') WHERE id = %s",
            Submission.objects.get().scorecard_id,
        )  # fmt: skip
        assert "The stored result says something else than the record." in verify()[1]

    def test_changed_facts(self, world, owner_url):
        as_owner(
            owner_url, "assessments_profilerevision",
            "UPDATE assessments_profilerevision SET facts = jsonb_set(facts, '{program,need}', '47') WHERE id = %s",
            world.revision.pk,
        )  # fmt: skip
        assert "Revision 1 of the facts says something else than the record." in verify()[1]

    def test_a_decision_moved_to_another_time(self, world, owner_url):
        as_owner(
            owner_url, "assessments_decision",
            "UPDATE assessments_decision SET decided_at = '2020-01-01T00:00:00Z' WHERE review_id = %s", world.review.pk,
        )  # fmt: skip
        assert "Decision of Review 1: It bears another time than the last signature." in verify()[1]

    def test_a_review_approved_by_hand(self, world, owner_url):
        as_owner(owner_url, "assessments_decisionwatch", "DELETE FROM assessments_decisionwatch")
        as_owner(owner_url, "assessments_decision", "DELETE FROM assessments_decision")
        assert "Review 1: It is approved without a decision." in verify()[1]

    def test_a_signature_taken_away(self, world, owner_url):
        as_owner(owner_url, "assessments_signature", "DELETE FROM assessments_signature WHERE proposed_sha256 <> ''")
        refused = verify()[1]
        assert "The audit trail holds this signature, and it is gone." in refused
        assert "Decision of Review 1: Executive decision lacks signatures." in refused

    def test_a_copied_signature(self, world, owner_url):
        """P11-70: the copy stands on the same submission under a number of its own."""
        as_owner(
            owner_url, "assessments_signature",
            """INSERT INTO assessments_signature (organization_id, uuid, step_id, submission_id, proposed_decision_id,
               membership_id, function_id, printed_name, meaning, statement, statement_version, submission_sha256,
               proposed_sha256, at, digest)
               SELECT organization_id, gen_random_uuid(), step_id, submission_id, proposed_decision_id, membership_id,
               function_id, printed_name, meaning, statement, statement_version, submission_sha256, proposed_sha256, at,
               digest FROM assessments_signature WHERE proposed_sha256 <> ''""",
        )  # fmt: skip
        refused = verify()[1]
        assert "altered, moved or copied" in refused and "The audit trail knows no such act." in refused


@pytest.mark.django_db(transaction=True)
def test_an_amended_proposal_that_is_taken_away_is_missed(owner_url):
    world = decided_world()
    submit(world)
    functional_signed(world)
    second = amend(world, option_key=OTHER)
    assert verify()[1] == ""
    as_owner(owner_url, "assessments_proposeddecision", "DELETE FROM assessments_proposeddecision WHERE number = 1")
    assert second.number == 2
    assert "Submission 1: A proposed decision of it is gone." in verify()[1]


@pytest.mark.django_db(transaction=True)
def test_a_submission_that_is_taken_away_is_missed(owner_url):
    world = decided_world()
    submit(world)
    functional_signed(world)
    approvals.return_review(member=member(world, "approver"), review_id=world.review.pk, reason="One question.")
    submit(world, conditions=[], answer="It is answered.")
    assert verify()[1] == ""
    assert verify()[0].startswith("Verified: 2 submissions of 1 reviews")
    last = Submission.objects.get(number=2)
    for table, column in (
        ("assessments_approvalparty", "step_id IN (SELECT id FROM assessments_approvalstep WHERE submission_id = %s)"),
        ("assessments_approvalstep", "submission_id = %s"),
        ("assessments_proposeddecision", "submission_id = %s"),
        ("assessments_submission", "id = %s"),
    ):
        statement = sql.SQL("DELETE FROM {} WHERE ").format(sql.Identifier(table)) + sql.SQL(column)
        as_owner(owner_url, table, statement, last.pk)
    assert "Submission 2: The audit trail holds this submission, and it is gone." in verify()[1]
