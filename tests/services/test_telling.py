"""At each act of a review the right people are told, once, and nobody else; never of a rating, a price or a secret."""

import pytest

from accounts.models import MembershipFunction, Notification, Outbound
from assessments.models import Assignment, Program, ProgramMember
from assessments.services import approvals, programs, ratings, reconciling, reviews, telling
from tests.factories import MembershipFactory
from tests.rights.reviews import sign
from tests.services import scene as scenes
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import amend, functional_signed, step_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    made = scenes.make_scene(ann="cmc", ben="qa")
    scenes.open_review(made)
    return made


@pytest.fixture
def world():
    made = decided_world()
    made.more["submission"] = submit(made)
    return made


def told(kind):
    """The names of those who were told of the kind, sorted."""
    return sorted(Notification.objects.filter(kind=kind).values_list("membership__user__full_name", flat=True))


def names(world, *roles):
    return sorted(world.people[role].user.full_name for role in roles)


def test_who_is_assigned_is_told_once_they_can_rate_and_not_again(scene):
    scene.assign("ann")
    assert told("assignment_given") == []
    scene.review = reviews.start(member=scene.lead, review_id=scene.review.pk)
    assert told("assignment_given") == ["Ann"]
    scene.assign("ben")
    scene.assign("ben")
    assert told("assignment_given") == ["Ann", "Ben"]
    ben = Notification.objects.get(kind="assignment_given", membership=scene.raters["ben"])
    assert ben.title == "Rate for QA (MSC-1, Review 1)"
    assert ben.url == f"/reviews/{scene.review.uuid}/score/"


def test_the_lead_is_told_when_the_last_one_has_scored_and_nothing_of_the_scores(scene):
    scenes.start_scoring(scene)
    for name in ("ann", "ben"):
        assert told("scoring_done") == []
        ratings.accept_suggestions(member=scene.raters[name], review_id=scene.review.pk)
        ratings.finish_scoring(member=scene.raters[name], review_id=scene.review.pk)
    assert told("scoring_done") == ["Lea"]
    row = Notification.objects.get(kind="scoring_done")
    assert (row.title, row.body) == ("Everyone has scored (MSC-1, Review 1)", "You can reveal the ratings now.")
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk)
    assert told("ratings_revealed") == ["Ann", "Ben"]


def test_a_submission_tells_those_whose_signature_it_waits_for_and_each_signature_the_next(world):
    assert told("step_open") == names(world, "rater", "lead", "second")
    sign(member(world, "rater"), step_of(world))
    assert told("step_open") == names(world, "rater", "lead", "second"), "nobody twice, and not yet the executives"
    assert told("signed") == names(world, "lead")
    sign(member(world, "second"), step_of(world))
    assert told("step_open") == names(world, "rater", "lead", "second", "approver", "second_approver")
    sign(member(world, "approver"), step_of(world, "executive"))
    assert told("decision_made") == names(world, "lead", "rater", "second")


def test_whoever_may_not_sign_is_not_asked_to(world):
    """The submitter and the raters hold no approver role here; a rater who does is kept apart all the same."""
    from accounts.models import RoleGrant

    RoleGrant.objects.create(
        organization=world.program.organization, membership=world.people["second"], role="approver"
    )
    functional_signed(world)
    executives = Notification.objects.filter(kind="step_open", title__contains="Executive")
    assert sorted(executives.values_list("membership__user__full_name", flat=True)) == names(
        world, "approver", "second_approver"
    )


def test_a_return_and_a_rejection_tell_lead_and_signers_the_reason(world):
    sign(member(world, "second"), step_of(world))
    approvals.return_review(
        member=member(world, "rater"), review_id=world.review.pk, reason="The slot date is a guess."
    )
    assert told("review_returned") == names(world, "lead", "second")
    row = Notification.objects.filter(kind="review_returned")[0]
    assert row.body == "The slot date is a guess."
    assert row.title.startswith(f"{world.people['rater'].name} returned MSC-1, Review ")


def test_an_amendment_asks_the_executives_again_and_tells_lead_and_signers(world):
    functional_signed(world)
    before = Notification.objects.filter(kind="step_open", membership=world.people["second_approver"]).count()
    amend(world)
    after = Notification.objects.filter(kind="step_open", membership=world.people["second_approver"]).count()
    assert (before, after) == (1, 2)
    assert told("decision_amended") == names(world, "lead", "rater", "second")


def test_a_withdrawal_tells_those_who_were_at_work(scene):
    scenes.start_scoring(scene)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="The partner is gone.")
    assert told("review_withdrawn") == ["Ann", "Ben"]


def test_of_a_restricted_program_only_those_are_told_who_may_see_it(scene):
    scenes.start_scoring(scene)
    Program.objects.update(restricted=True)
    ProgramMember.objects.filter(membership=scene.raters["ben"]).delete()
    Assignment.objects.all()
    ProgramMember.objects.get_or_create(
        organization=scene.admin.organization, program=scene.program, membership=scene.raters["ann"]
    )
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="The partner is gone.")
    assert told("review_withdrawn") == ["Ann"]


def test_the_new_lead_of_a_program_is_told_and_the_former_one_too(scene):
    ann = scene.raters["ann"]
    programs.appoint_lead(member=scene.admin, program=scene.program, membership=ann)
    programs.release_lead(member=scene.admin, program=scene.program, membership=ann)
    titles = Notification.objects.filter(membership=ann, kind="lead_appointed").order_by("pk")
    assert [row.title for row in titles] == ["You lead MSC-1 now", "You no longer lead MSC-1"]


def test_nobody_of_another_organization_is_ever_told(world):
    stranger = MembershipFactory(with_roles=["approver"])
    MembershipFunction.objects.create(
        organization=stranger.organization,
        membership=stranger,
        function=stranger.organization.functions.get(key="qa"),
    )
    functional_signed(world)
    assert telling.who_see(world.review, [stranger]) == []
    assert not Notification.objects.filter(membership=stranger).exists()


def test_what_is_mailed_of_a_review_names_no_figure_of_its_result(world):
    """Scores, totals, costs: the numbers of a scorecard have decimals, and nothing that is mailed has any."""
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    for row in Outbound.objects.all():
        said = row.body.replace(row.notification.body, "") if row.notification.body else row.body
        words = [word for word in said.split() if "://" not in word]
        assert not [word for word in words if any(a.isdigit() and "." in word.strip(".") for a in word)]
