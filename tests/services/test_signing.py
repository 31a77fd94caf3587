"""A signature: given in person, for exactly what was shown, once; and found out when it is not where it was given."""

import datetime
import re
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.models import ProtectedError
from psycopg import sql

from accounts import first_passwords, people, proof
from accounts.models import AuditEvent, RoleGrant, User
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Clash, GrantRefused, Invalid, WrongState
from assessments.models import ApprovalStep, Rating, Review, Signature, SigningGrant, Submission
from assessments.services import approvals, signing, verifying
from tests.factories import PASSWORD
from tests.rights.reviews import sign
from tests.services.decided import BLOCKED, OTHER, decided_world, member, submit, submitted_world
from tests.support.begun import afresh, shared

pytestmark = pytest.mark.django_db


begun, world = shared(submitted_world)


def step_of(world, kind="functional"):
    return ApprovalStep.objects.select_related("submission", "review").get(
        submission=world.review.submissions.order_by("-number")[0], kind=kind
    )


def bound(step):
    return signing.what_is_signed(step, signing.proposed_of(step))


def confirm(world, role="rater", kind="functional", password=PASSWORD):
    step = step_of(world, kind)
    return signing.grant_to_sign(member=member(world, role), step_id=step.pk, password=password, bound_to=bound(step))


def put(world, grant, role="rater", kind="functional", **changed):
    meaning = "reviewed" if kind == "functional" else "approved"
    values = {"member": member(world, role), "step_id": step_of(world, kind).pk, "grant": grant, "meaning": meaning}
    with transaction.atomic():
        return approvals.sign(**values | changed)


def functional_signed(world):
    for role in ("rater", "second"):
        sign(member(world, role), step_of(world))


def age(grant, minutes):
    """Makes a grant older by the database's clock."""
    SigningGrant.objects.filter(digest=signing.sha256_of(grant)).update(
        expires_at=signing.database_now() + signing.GOOD_FOR - datetime.timedelta(minutes=minutes)
    )


# -- re-authentication --------------------------------------------------------------------------------------------


def test_a_wrong_password_gives_no_grant_and_stays_on_record(world):
    with pytest.raises(NotAllowed, match="password is wrong"):
        confirm(world, password="something else")
    assert not SigningGrant.objects.exists()
    event = AuditEvent.objects.get(action="signing.password_refused")
    assert event.actor == world.people["rater"] and event.review_uuid == world.review.uuid
    assert "something else" not in str(event.__dict__)


def test_five_wrong_passwords_in_a_row_lock_signing_even_for_the_right_one(world):
    for _ in range(5):
        with pytest.raises(NotAllowed):
            confirm(world, password="guess")
    assert AuditEvent.objects.filter(action="signing.locked").count() == 1
    with pytest.raises(NotAllowed, match="locked until"):
        confirm(world)
    assert AuditEvent.objects.filter(action="signing.password_refused").count() == 5
    assert proof.locked_until(world.people["rater"].user) - signing.database_now() <= proof.LOCKED_FOR


def test_the_lock_holds_in_another_organization_of_the_same_person_and_for_nobody_else(world):
    for _ in range(5):
        with pytest.raises(NotAllowed):
            confirm(world, password="guess")
    assert proof.locked_until(User.objects.get(pk=world.people["rater"].user_id))
    confirm(world, role="second")


def test_the_lock_ends_by_itself(world, monkeypatch):
    for _ in range(5):
        with pytest.raises(NotAllowed):
            confirm(world, password="guess")
    later = signing.database_now() + proof.LOCKED_FOR + datetime.timedelta(seconds=1)
    monkeypatch.setattr(proof, "database_now", lambda: later)
    assert confirm(world)


@pytest.mark.parametrize(("ago", "locked"), [((14, 10, 6, 2, 0.2), True), ((40, 10, 6, 2, 0.2), False)])
def test_the_lock_lasts_from_the_last_of_five_attempts_however_far_apart_they_were(world, ago, locked):
    rater, now = world.people["rater"], signing.database_now()
    for minutes in ago:
        AuditEvent.objects.create(
            organization_id=rater.organization_id,
            at=now - datetime.timedelta(minutes=minutes),
            transaction_id=1,
            actor=rater,
            actor_name=rater.name,
            action=proof.PASSWORD_REFUSED,
            object_type="approvalstep",
            channel="web",
            digest="0" * 64,
        )
    until = proof.locked_until(rater.user)
    assert (until is not None) == locked
    if locked:
        assert until - now > proof.LOCKED_FOR - datetime.timedelta(minutes=1)


def test_four_wrong_passwords_are_forgotten_after_a_right_one(world):
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(NotAllowed):
                confirm(world, password="guess")
        confirm(world)
    assert not AuditEvent.objects.filter(action="signing.locked").exists()


def test_a_person_without_a_password_cannot_sign(world):
    User.objects.filter(pk=world.people["rater"].user_id).update(password="!unusable")
    step = step_of(world)
    with pytest.raises(NotAllowed):
        signing.grant_to_sign(member=member(world, "rater"), step_id=step.pk, password="", bound_to=bound(step))


def test_whom_the_route_does_not_name_gets_no_grant(world):
    for role in ("assessor", "viewer", "approver", "admin", "stranger"):
        with pytest.raises(NotAllowed):
            confirm(world, role=role)
    assert not SigningGrant.objects.exists()


def test_a_grant_is_given_only_for_what_was_shown(world):
    functional_signed(world)
    shown = bound(step_of(world, "executive"))
    amend(world)
    with pytest.raises(Clash, match="amended"):
        signing.grant_to_sign(
            member=member(world, "approver"),
            step_id=step_of(world, "executive").pk,
            password=PASSWORD,
            bound_to=shown,
        )


def amend(world, **changed):
    values = {
        "member": member(world, "second_approver"),
        "review_id": world.review.pk,
        "kind": "alternative",
        "option_key": OTHER,
        "justification": "The partner has a slot, and the suite has none before autumn.",
    }
    return approvals.amend(**values | changed)


# -- grants -------------------------------------------------------------------------------------------------------


def test_without_a_grant_nothing_is_signed(world):
    for grant in ("", "made up"):
        with pytest.raises(GrantRefused):
            put(world, grant)
    assert not Signature.objects.exists()


def test_a_grant_is_good_for_five_minutes_by_the_databases_clock(world):
    grant = confirm(world)
    age(grant, minutes=5)
    with pytest.raises(GrantRefused, match="five minutes"):
        put(world, grant)
    age(grant, minutes=4)
    assert put(world, grant)


def test_a_grant_is_used_once(world):
    grant = confirm(world)
    put(world, grant)
    with transaction.atomic(), pytest.raises(GrantRefused, match="used"):
        signing.spend(member(world, "rater"), grant, bound(step_of(world)))
    assert Signature.objects.count() == 1


def test_another_persons_grant_is_refused(world):
    grant = confirm(world, role="rater")
    with pytest.raises(GrantRefused):
        put(world, grant, role="second")
    assert not Signature.objects.exists()


def test_a_grant_for_one_step_does_not_sign_another(world):
    grant = confirm(world)
    SigningGrant.objects.update(membership=world.people["approver"])
    functional_signed(world)
    with pytest.raises(Clash):
        put(world, grant, role="approver", kind="executive")


def test_a_refused_signature_does_not_use_its_grant_up(world):
    grant = confirm(world)
    with pytest.raises(Invalid):
        put(world, grant, meaning="approved")
    assert put(world, grant)


def test_only_the_digest_of_a_grant_is_kept(world):
    grant = confirm(world)
    assert grant not in str(SigningGrant.objects.values().get())


# -- what a signature says ----------------------------------------------------------------------------------------


def test_a_signature_says_who_when_what_and_in_which_meaning(world):
    """P11-50a, P11-10j."""
    before = signing.database_now()
    signature = put(world, confirm(world))
    signature.refresh_from_db()
    assert signature.printed_name == world.people["rater"].name
    assert signature.get_meaning_display() == "Reviewed for my function" and signature.function.key == "cmc"
    assert before <= signature.at <= signing.database_now()
    assert signature.statement == signing.STATEMENTS[signature.statement_version]
    assert signature.submission_sha256 == world.more["submission"].sha256
    assert (signature.proposed_decision, signature.proposed_sha256) == (None, "")
    event = AuditEvent.objects.get(action="signature.given")
    assert event.new["digest"] == signature.digest and event.object_uuid == signature.uuid


def test_an_executive_signature_binds_the_proposed_decision_too(world):
    functional_signed(world)
    signature = sign(member(world, "approver"), step_of(world, "executive"))
    assert signature.proposed_sha256 == signature.proposed_decision.sha256


def test_p11_50b_the_name_at_signing_survives_a_rename(world):
    signature = put(world, confirm(world))
    name = signature.printed_name
    User.objects.filter(pk=world.people["rater"].user_id).update(full_name="Married Name")
    signature.refresh_from_db()
    assert signature.printed_name == name
    assert verifying.verify(world.more["submission"]) == []


# -- P11-70: a signature stays where it was given -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestForgery:
    """What somebody with the owner's rights does by SQL, triggers switched off, is found by `verify`."""

    @pytest.fixture
    def signed(self):
        world = afresh(submitted_world)
        functional_signed(world)
        approvals.return_review(member=member(world, "approver"), review_id=world.review.pk, reason="One question.")
        world.more["second"] = submit(world, conditions=[], answer="It is answered.")
        sign(member(world, "rater"), step_of(world))
        assert verifying.verify(world.more["submission"]) == verifying.verify(world.more["second"]) == []
        return world

    def as_owner(self, owner_url, table, statement, *values):
        name = sql.Identifier(table)
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
            done = owner.execute(statement, values).rowcount
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
        assert done == 1
        connection.close()

    def found(self, submission):
        submission = Submission.objects.get(pk=submission.pk)
        return [f"{one.what}: {one.message}" for one in verifying.verify(submission)]

    def test_another_answer_to_the_return(self, signed, owner_url):
        second = signed.more["second"]
        statement = "UPDATE assessments_submission SET return_answer = 'Nothing.' WHERE id = %s"
        self.as_owner(owner_url, "assessments_submission", statement, second.pk)
        assert self.found(second) == ["Submission 2: Its row answers the return otherwise than its record."]

    def test_a_moved_signature(self, signed, owner_url):
        first, second = signed.more["submission"], signed.more["second"]
        moved = first.signatures.get(membership=signed.people["second"])
        self.as_owner(
            owner_url,
            "assessments_signature",
            "UPDATE assessments_signature SET submission_id = %s, step_id = %s, submission_sha256 = %s WHERE id = %s",
            second.pk,
            step_of(signed).pk,
            second.sha256,
            moved.pk,
        )
        assert any("altered, moved or copied" in words for words in self.found(second))
        assert any("it is gone" in words for words in self.found(first))

    def test_a_copied_signature(self, signed, owner_url):
        first, second = signed.more["submission"], signed.more["second"]
        source = first.signatures.get(membership=signed.people["second"])
        self.as_owner(
            owner_url,
            "assessments_signature",
            """INSERT INTO assessments_signature (organization_id, uuid, step_id, submission_id, membership_id,
               function_id, printed_name, meaning, statement, statement_version, submission_sha256, proposed_sha256, at,
               digest)
               SELECT organization_id, gen_random_uuid(), %s, %s, membership_id, function_id, printed_name, meaning,
               statement, statement_version, %s, proposed_sha256, at, digest FROM assessments_signature WHERE id = %s""",
            step_of(signed).pk,
            second.pk,
            second.sha256,
            source.pk,
        )
        found = self.found(second)
        assert any("altered, moved or copied" in words for words in found)
        assert any("knows no such act" in words for words in found)

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("printed_name", "Somebody Else"),
            ("meaning", "approved"),
            ("at", "2020-01-01T00:00:00Z"),
            ("statement", "I sign nothing."),
        ],
    )
    def test_an_altered_signature(self, signed, owner_url, column, value):
        target = signed.more["second"].signatures.get()
        self.as_owner(
            owner_url,
            "assessments_signature",
            sql.SQL("UPDATE assessments_signature SET {} = %s WHERE id = %s").format(sql.Identifier(column)),
            value,
            target.pk,
        )
        assert any("altered" in words for words in self.found(signed.more["second"]))

    def test_a_deleted_signature(self, signed, owner_url):
        target = signed.more["second"].signatures.get()
        self.as_owner(owner_url, "assessments_signature", "DELETE FROM assessments_signature WHERE id = %s", target.pk)
        assert [words.rpartition(": ")[2] for words in self.found(signed.more["second"])] == [
            "The audit trail holds this signature, and it is gone."
        ]

    def test_one_byte_of_a_record(self, signed, owner_url):
        """P11-10a."""
        submission = signed.more["second"]
        self.as_owner(
            owner_url,
            "assessments_submission",
            "UPDATE assessments_submission SET record = replace(record, 'Partner A', 'Partner B') WHERE id = %s",
            submission.pk,
        )
        assert self.found(submission) == ["Submission 2: The record is not the one that its hash was taken of."]

    def test_a_proposal_whose_row_says_something_else(self, signed, owner_url):
        submission = signed.more["second"]
        proposed = submission.proposed_decisions.get()
        option = signed.review.options.get(key=BLOCKED)
        self.as_owner(
            owner_url,
            "assessments_proposeddecision",
            "UPDATE assessments_proposeddecision SET option_id = %s WHERE id = %s",
            option.pk,
            proposed.pk,
        )
        assert self.found(submission) == ["Proposed decision 1: Its row says something else than its record."]


def test_whoever_lost_every_role_signs_for_no_function(world):
    RoleGrant.objects.filter(membership=member(world, "rater")).update(revoked_at=signing.database_now())
    assert not approvals.steps_waiting_for(member(world, "rater")).exists()
    with pytest.raises(NotAllowed, match="no role"):
        confirm(world)
    assert not SigningGrant.objects.exists()


def test_a_step_waits_for_an_approver_of_whom_only_a_carried_rating_stands_there():
    world = decided_world()
    approver = member(world, "approver")
    rating = Rating.objects.filter(review=world.review).first()
    rating.pk, rating.uuid, rating.membership, rating.to_confirm = None, uuid4(), approver, True
    rating.save(force_insert=True)
    submit(world)
    functional_signed(world)
    step = step_of(world, "executive")
    assert permissions.can_sign(approver, step)
    assert approvals.steps_waiting_for(approver).filter(pk=step.pk).exists()


def test_nothing_is_signed_on_a_review_that_is_not_in_approval(world):
    grant = confirm(world)
    Review.objects.filter(pk=world.review.pk).update(state="withdrawn")
    with pytest.raises(WrongState):
        put(world, grant)
    assert not Signature.objects.exists()


def test_p11_100_who_signed_is_deactivated_and_never_deleted(world):
    signature = put(world, confirm(world))
    person = world.people["rater"]
    for row in (person, person.user):
        with pytest.raises(ProtectedError), transaction.atomic():
            row.delete()
        # Past the ORM the role may not, and the owner meets the foreign key.
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            type(row).objects.filter(pk=row.pk)._raw_delete("default")
    people.deactivate_member(actor=member(world, "admin"), membership_id=person.pk)
    assert Signature.objects.get(pk=signature.pk).printed_name == person.name
    # The address given to somebody new is another person, to whom no signature belongs.
    User.objects.filter(pk=person.user_id).update(email="gone@example.org", is_active=False)
    again = people.add_member(actor=member(world, "admin"), email="gone2@example.org", full_name="Wanda Ito")
    assert again.user.uuid != person.user.uuid and not again.signatures.exists()


@pytest.mark.django_db(transaction=True)
def test_p11_100_not_even_the_owner_of_the_tables_deletes_who_signed(owner_url):
    world = decided_world()
    submit(world)
    put(world, confirm(world))
    with psycopg.connect(owner_url, autocommit=True) as owner, pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute("DELETE FROM accounts_user WHERE id = %s", [world.people["rater"].user_id])
    connection.close()


def test_p11_200b_no_admin_sets_a_password_that_signs(world):
    """A link for a first password is made only while none was ever set; the person then sets their own."""
    with pytest.raises(NotAllowed, match="nobody else can replace it"), transaction.atomic():
        first_passwords.make_link_code(actor=member(world, "admin"), membership_id=world.people["rater"].pk)
    User.objects.filter(pk=world.people["rater"].user_id).update(password="!unusable")
    step = step_of(world)
    for password in ("", "!unusable", PASSWORD):
        with pytest.raises(NotAllowed):
            signing.grant_to_sign(
                member=member(world, "rater"), step_id=step.pk, password=password, bound_to=bound(step)
            )


@pytest.mark.parametrize("length", [3, 75, 150])
def test_p11_50a_however_long_the_names_a_signature_prints_in_whose_place_it_was_given(length):
    signer, giver = SimpleNamespace(name="T" * length), SimpleNamespace(name="G" * length)
    printed = signing.printed_name(signer, giver)
    assert len(printed) <= 150 and re.fullmatch(r"T{3,}…? on behalf of G{3,}…?", printed)
