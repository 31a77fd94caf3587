"""What the database itself refuses, whoever writes: frozen criteria, closed reviews, doubled rows, foreign eyes."""

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, transaction

from accounts.models import Membership, MembershipFunction
from assessments.models import (
    Assignment,
    CriteriaVersion,
    Dimension,
    ProfileRevision,
    Program,
    ProgramMember,
    Rating,
    Review,
    Source,
)
from tests.factories import (
    CriteriaVersionFactory,
    MembershipFactory,
    ProfileRevisionFactory,
    ProgramFactory,
    ReviewFactory,
    ReviewOptionFactory,
)

pytestmark = pytest.mark.django_db


def refused(error=DatabaseError, **kwargs):
    class Refused:
        def __enter__(self):
            self.point = transaction.atomic()
            self.point.__enter__()

        def __exit__(self, kind, problem, trace):
            self.point.__exit__(kind, problem, trace)
            assert kind is not None, "the database let it pass"
            return issubclass(kind, error)

    return Refused(**kwargs)


def fresh(member):
    return Membership.objects.with_rights().get(pk=member.pk)


@pytest.fixture
def version():
    version = CriteriaVersionFactory()
    common = {"organization": version.organization, "criteria_version": version}
    Dimension.objects.create(key="pdr", name="Patient delivery risk", position=0, weight=20, **common)
    Source.objects.create(key="S01", name="A source", position=0, **common)
    return version


def publish(version):
    CriteriaVersion.objects.filter(pk=version.pk).update(state="published", digest="d" * 64)


# -- criteria -----------------------------------------------------------------------------------------------------


def test_rows_of_a_draft_may_change(version):
    assert Dimension.objects.update(weight=21) == 1


@pytest.mark.parametrize("state", ["published", "retired"])
def test_rows_of_a_published_version_never_change(version, state):
    publish(version)
    if state == "retired":
        CriteriaVersion.objects.update(state="retired")
    with refused(ProgrammingError):
        Dimension.objects.update(weight=21)
    with refused(ProgrammingError):
        Source.objects.all().delete()
    with refused(ProgrammingError):
        Source.objects.create(
            organization=version.organization, criteria_version=version, key="S02", name="late", position=1
        )
    assert float(Dimension.objects.get().weight) == 20
    assert Source.objects.count() == 1


def test_a_row_cannot_be_moved_into_a_published_version(version):
    draft = CriteriaVersionFactory(criteria_set=version.criteria_set, number=99, created_by=version.created_by)
    row = Source.objects.create(
        organization=version.organization, criteria_version=draft, key="S09", name="x", position=0
    )
    publish(version)
    with refused(ProgrammingError):
        Source.objects.filter(pk=row.pk).update(criteria_version=version)


def test_of_a_published_version_only_the_state_moves_and_only_to_retired(version):
    publish(version)
    for change in ({"label": "other"}, {"digest": ""}, {"meta": {"a": 1}}, {"state": "draft"}):
        with refused(ProgrammingError):
            CriteriaVersion.objects.update(**change)
    CriteriaVersion.objects.update(state="retired")
    with refused(ProgrammingError):
        CriteriaVersion.objects.update(state="published")
    with refused(ProgrammingError):
        CriteriaVersion.objects.all().delete()


def test_a_draft_may_be_thrown_away_with_its_rows(version):
    version.delete()
    assert not Dimension.objects.exists()


# -- reviews and ratings ------------------------------------------------------------------------------------------


@pytest.fixture
def review():
    return ReviewFactory(state="scoring")


def rate(review, **changed):
    option = changed.pop("option", None) or ReviewOptionFactory(review=review)
    member = changed.pop("member", None) or MembershipFactory(organization=review.organization)
    values = {
        "organization": review.organization,
        "review": review,
        "option": option,
        "criterion": "pdr_lot_success",
        "membership": member,
        "function": review.organization.functions.first(),
        "score": 3,
        "revision": review.revision,
    }
    return Rating.objects.create(**values | changed)


@pytest.mark.parametrize("state", [s for s in Review.State.values if s not in Review.TAKES_RATINGS])
def test_a_review_that_takes_no_ratings_gets_none(review, state):
    rating = rate(review)
    Review.objects.update(state=state)
    with refused(ProgrammingError):
        Rating.objects.filter(pk=rating.pk).update(score=5)
    with refused(ProgrammingError):
        rate(review)
    assert Rating.objects.get().score == 3


@pytest.mark.parametrize("score", [0, 6])
def test_scores_go_from_one_to_five(review, score):
    with refused(IntegrityError):
        rate(review, score=score)


def test_one_person_has_one_rating_for_a_cell(review):
    first = rate(review)
    with refused(IntegrityError):
        rate(review, option=first.option, member=first.membership)


def test_a_program_has_one_open_review(review):
    with refused(IntegrityError):
        ReviewFactory(program=review.program, state="draft")
    Review.objects.update(state="rejected")
    ReviewFactory(program=review.program, state="draft")
    assert Review.objects.count() == 2


def test_a_saved_revision_never_changes():
    ProfileRevisionFactory()
    with refused():
        ProfileRevision.objects.update(summary="rewritten")


# -- who sees what ------------------------------------------------------------------------------------------------


def member_of(review, *roles, function=None):
    member = MembershipFactory(organization=review.organization, with_roles=list(roles))
    if function:
        link = review.organization.functions.get(key=function)
        MembershipFunction.objects.create(organization=review.organization, membership=member, function=link)
    return member


def sees(member, review):
    return Review.objects.visible_to(fresh(member)).filter(pk=review.pk).exists()


@pytest.mark.parametrize(
    ("role", "states"),
    [
        ("viewer", {"in_approval", "approved", "superseded", "rejected"}),
        ("approver", {"in_approval", "approved", "superseded", "rejected"}),
        ("auditor", {"approved", "superseded"}),
        ("admin", set(Review.State.values)),
    ],
)
def test_roles_see_reviews_of_their_states_only(role, states):
    review = ReviewFactory()
    member = member_of(review, role)
    seen = set()
    for state in Review.State.values:
        Review.objects.filter(pk=review.pk).update(state=state)
        if sees(member, review):
            seen.add(state)
    assert seen == states


def test_the_lead_and_the_assigned_see_a_review_from_its_draft_on():
    review = ReviewFactory()
    lead, assigned, other = (member_of(review, "assessor") for _ in range(3))
    ProgramMember.objects.create(
        organization=review.organization, program=review.program, membership=lead, is_lead=True
    )
    Assignment.objects.create(
        organization=review.organization,
        review=review,
        function=review.organization.functions.first(),
        membership=assigned,
        assigned_by=lead,
    )
    assert [sees(member, review) for member in (lead, assigned, other)] == [True, True, False]


def test_nobody_without_a_role_sees_anything():
    review = ReviewFactory(state="approved")
    member = member_of(review)
    assert not sees(member, review)
    assert not Program.objects.visible_to(fresh(member)).exists()


def test_another_organizations_admin_sees_nothing():
    review = ReviewFactory(state="approved")
    stranger = MembershipFactory(with_roles=["admin", "approver", "auditor", "viewer", "assessor"])
    assert not sees(stranger, review)
    assert not Program.objects.visible_to(fresh(stranger)).exists()
    assert not ProfileRevision.objects.visible_to(fresh(stranger)).exists()
    assert not CriteriaVersion.objects.visible_to(fresh(stranger)).exists()


def test_a_restricted_program_is_hidden_even_from_admins_who_are_no_members():
    review = ReviewFactory(state="approved", program=ProgramFactory(restricted=True))
    admin, insider = member_of(review, "admin"), member_of(review, "viewer")
    ProgramMember.objects.create(organization=review.organization, program=review.program, membership=insider)
    assert not sees(admin, review)
    assert sees(insider, review)
    assert list(Program.objects.visible_to(fresh(admin))) == []
    assert list(Program.objects.visible_to(fresh(insider))) == [review.program]


def test_before_the_reveal_everyone_sees_only_their_own_ratings(review):
    mine, theirs = rate(review), rate(review)
    admin = member_of(review, "admin")
    assert list(Rating.objects.visible_to(mine.membership, review)) == [mine]
    assert list(Rating.objects.visible_to(admin, review)) == []
    Review.objects.update(state="reconciling", revealed_at="2026-01-02T00:00:00Z")
    review.refresh_from_db()
    assert list(Rating.objects.visible_to(admin, review)) == [mine, theirs]


def test_drafts_of_criteria_are_for_admins():
    version = CriteriaVersionFactory()
    viewer = MembershipFactory(organization=version.organization, with_roles=["viewer"])
    admin = MembershipFactory(organization=version.organization, with_roles=["admin"])
    assert not CriteriaVersion.objects.visible_to(fresh(viewer)).exists()
    assert CriteriaVersion.objects.visible_to(fresh(admin)).exists()
