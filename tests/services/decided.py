"""A small decision: In-house is blocked by a gate, every option has a condition, two functions and an approver sign."""

from accounts.models import MembershipFunction
from assessments.models import Review
from assessments.services import conditions, ratings, reconciling, reviews, submissions
from tests.factories import MembershipFactory
from tests.rights.world import make_world
from tests.support.results import compute

BLOCKED, FIRST, OTHER = "own", "mix", "a"


def decided_world(**facts):
    """A world whose review is being reconciled with its full result; every criterion rated as the facts suggest."""
    world = make_world(**{"qms": 0, "potency": "none"} | facts)
    world.people["second"] = MembershipFactory(organization=world.program.organization, with_roles=["assessor"])
    world.people["second_approver"] = MembershipFactory(
        organization=world.program.organization, with_roles=["approver"]
    )
    MembershipFunction.objects.create(
        organization=world.program.organization,
        membership=world.people["second"],
        function=world.program.organization.functions.get(key="qa"),
    )
    lead = world.people["lead"].now()
    review = reviews.open_review(member=lead, program=world.program, question="Where should MSC-1 be made?")
    for role in ("rater", "second"):
        person = world.people[role].now()
        reviews.assign(member=lead, review_id=review.pk, membership=person, function=person.functions[0])
    reviews.start(member=lead, review_id=review.pk)
    for role in ("rater", "second"):
        person = world.people[role].now()
        ratings.accept_suggestions(member=person, review_id=review.pk)
        ratings.finish_scoring(member=person, review_id=review.pk)
    reconciling.reveal(member=lead, review_id=review.pk)
    world.review = Review.objects.get(pk=review.pk)
    compute(world.review)
    world.review.refresh_from_db()
    return world


def member(world, role):
    return world.people[role].now()


def assigned(world, owner="rater", due_month=6, option=FIRST):
    numbers = world.review.full.numbers
    return [
        {"key": demand.key, "owner": world.people[owner], "due_month": due_month}
        for demand in conditions.demands_on(numbers, option)
    ]


def submit(world, **changed):
    values = {
        "member": member(world, "lead"),
        "review_id": world.review.pk,
        "kind": "recommended",
        "option_key": FIRST,
        "justification": "The plant runs, and our own people stay in charge of quality.",
        "conditions": assigned(world),
    }
    return submissions.submit(**values | changed)


def submitted_world():
    """The same, submitted; its submission is `more["submission"]`."""
    world = decided_world()
    world.more["submission"] = submit(world)
    return world
