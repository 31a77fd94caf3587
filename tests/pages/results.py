"""A review of the default framework with the facts of a demo program, led by the services into the state asked for."""

from dataclasses import dataclass, field
from functools import cache

from django.conf import settings

from accounts.models import Membership, MembershipFunction
from assessments import jobs
from assessments.models import Job, Program, Review
from assessments.services import criteria, demo, programs, ratings, reconciling, reviews
from assessments.views.results.pages import PAGES
from assessments.views.results.reading import read
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.documents import demo_profile, framework_document


@cache
def profile(name: str) -> dict:
    return demo_profile(name) | {"assessment_date": "2026-05-31"}


@dataclass
class Place:
    """One organization, one program, the people around it."""

    people: dict[str, Membership]
    program: Program
    review: Review | None = None
    more: dict = field(default_factory=dict)


def work_off() -> None:
    """The headline of everything that is owed."""
    for job in Job.objects.filter(kind=Job.Kind.RESCORE, state=Job.State.QUEUED, depth="headline"):
        jobs.run(job.pk)


def settle() -> None:
    """Everything that is owed, the full depth too."""
    demo.settle()


def body_of(place: "Place", key: str, card, numbers: dict, page: str = "result") -> dict:
    """What the page of a person shows of these numbers."""
    return PAGES[page].read(read(place.people[key], place.program, card, numbers))


def person(organization, roles, function="", name="") -> Membership:
    made = MembershipFactory(organization=organization, with_roles=roles, **({"user__full_name": name} if name else {}))
    if function:
        MembershipFunction.objects.create(
            organization=organization, membership=made, function=organization.functions.get(key=function)
        )
    return Membership.objects.get(pk=made.pk)


def make_place(name: str = "ostara") -> Place:
    """The program with its first facts, computed. Needs a test that really commits."""
    here = OrganizationFactory()
    people = {
        "admin": person(here, ["admin"]),
        "lead": person(here, ["assessor"], "program_leadership", "Lea Ode"),
        "cmc": person(here, ["assessor"], "cmc", "Max Cell"),
        "finance": person(here, ["assessor"], "finance", "Fia Cent"),
        "viewer": person(here, ["viewer"]),
        "approver": person(here, ["approver"]),
    }
    draft = criteria.import_draft(member=people["admin"], document=framework_document())
    version = criteria.publish(member=people["admin"], version_id=draft.pk, reason="First version.")
    program = programs.create_program(
        member=people["admin"], name="OST-101", criteria_version=version, lead=people["lead"]
    )
    programs.import_revision(member=people["lead"], program=program, document=profile(name), summary="First facts")
    work_off()
    return Place(people, Program.objects.get(pk=program.pk))


def open_scoring(place: Place) -> Review:
    lead = place.people["lead"]
    review = reviews.open_review(member=lead, program=place.program, question="Where should OST-101 be made?")
    for key in ("cmc", "finance"):
        member = place.people[key]
        reviews.assign(member=lead, review_id=review.pk, membership=member, function=member.functions[0])
    reviews.start(member=lead, review_id=review.pk)
    work_off()
    place.review = Review.objects.get(pk=review.pk)
    return place.review


def rate(place: Place, key: str, criterion: str, option: str, score: int) -> None:
    ratings.rate(
        member=place.people[key],
        review_id=place.review.pk,
        criterion_key=criterion,
        option_key=option,
        score=score,
        confidence="medium",
        rationale="As the lots show.",
    )
    work_off()


def reveal(place: Place) -> Review:
    reconciling.reveal(member=place.people["lead"], review_id=place.review.pk, reason="The meeting is today.")
    work_off()
    place.review = Review.objects.get(pk=place.review.pk)
    return place.review


def sign_in(client, member: Membership):
    client.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client
