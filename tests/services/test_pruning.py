"""What nobody needs any more goes after a day; what anything refers to stays for ever."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import IdempotencyKey
from assessments.models import Program, ProgramSummary, Review, Scorecard, SigningGrant
from assessments.services import pruning
from tests.factories import MembershipFactory, ProfileRevisionFactory, ReviewFactory

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=2)


def scorecard(revision, digest, *, review=None, depth="headline", created_at=LONG_AGO):
    return Scorecard.objects.create(
        organization=revision.organization,
        program=revision.program,
        review=review,
        revision=revision,
        criteria_version=revision.criteria_version,
        inputs_revision=1,
        input_digest=digest,
        engine_version="1",
        depth=depth,
        numbers={},
        created_at=created_at,
    )


def kept():
    return set(Scorecard.objects.values_list("input_digest", flat=True))


def test_results_that_nothing_refers_to_go_after_a_day():
    revision = ProfileRevisionFactory()
    scorecard(revision, "old")
    scorecard(revision, "young", created_at=timezone.now() - timedelta(hours=23))
    assert pruning.prune()["scorecards"] == 1
    assert kept() == {"young"}


def test_a_shown_or_summarised_result_stays_however_old():
    revision = ProfileRevisionFactory()
    review = ReviewFactory(program=revision.program, revision=revision)
    Program.objects.update(headline=scorecard(revision, "headline"), full=scorecard(revision, "full", depth="full"))
    Review.objects.update(
        headline=scorecard(revision, "of the review", review=review),
        full=scorecard(revision, "full of the review", review=review, depth="full"),
    )
    ProgramSummary.objects.create(
        program=revision.program, organization=revision.organization, scorecard=scorecard(revision, "listed")
    )
    everything = kept()
    assert len(everything) == 5
    assert pruning.prune()["scorecards"] == 0
    assert kept() == everything


def test_every_table_that_refers_to_a_scorecard_protects_it():
    """A new reference, hidden ones too, is part of the question without anybody thinking of it."""
    sql = str(pruning.unreferenced_scorecards().query)
    for table in ("program", "review", "programsummary", "reviewsummary", "submission", "report"):
        assert f'"assessments_{table}"' in sql, table


def test_much_is_deleted_in_bounded_batches(monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    monkeypatch.setattr(pruning, "MOST_BATCHES", 2)
    revision = ProfileRevisionFactory()
    for at in range(5):
        scorecard(revision, f"old {at}")
    assert pruning.prune()["scorecards"] == 4
    assert kept() == {"old 4"}
    assert pruning.prune()["scorecards"] == 1


def test_kept_answers_leave_to_sign_and_ended_sessions_go_and_living_ones_stay():
    member, now = MembershipFactory(), timezone.now()
    for key, at in (("old", LONG_AGO), ("young", now)):
        IdempotencyKey.objects.create(organization=member.organization, membership=member, key=key, request_digest="x")
        IdempotencyKey.objects.filter(key=key).update(created_at=at)
        SigningGrant.objects.create(
            organization=member.organization, membership=member, digest=key, bound_to="x", expires_at=at
        )
        Session.objects.create(session_key=key, session_data="", expire_date=at + timedelta(hours=1))
    pruned = pruning.prune()
    assert (pruned["idempotency_keys"], pruned["signing_grants"], pruned["sessions"]) == (1, 1, 1)
    assert IdempotencyKey.objects.get().key == SigningGrant.objects.get().digest == "young"
    assert Session.objects.get().session_key == "young"
