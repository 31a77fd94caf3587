"""Bringing the world's review into a state, by the services that people use."""

from assessments.models import ApprovalStep, Review, Signature
from assessments.services import approvals, conditions, ratings, reconciling, reviews, signing, submissions
from tests.factories import PASSWORD
from tests.support.results import compute

BEFORE_APPROVAL = ("draft", "scoring", "reconciling")


def bring_review_to(world, state):
    """Open the world's review and lead it into a state. Call inside a transaction that is undone."""
    lead, rater = world.people["lead"].now(), world.people["rater"].now()
    review = reviews.open_review(member=lead, program=world.program, question="Where should MSC-1 be made?")
    world.review = review
    reviews.assign(member=lead, review_id=review.pk, membership=rater, function=rater.functions[0])
    if state != "draft":
        reviews.start(member=lead, review_id=review.pk)
        rate_all(world, rater)
    if state not in ("draft", "scoring"):
        reconciling.reveal(member=lead, review_id=review.pk)
    if state not in BEFORE_APPROVAL:
        submit(world)
    if state == "rejected":
        sign_functions(world)
        approver = world.people["approver"].now()
        approvals.reject(member=approver, review_id=review.pk, reason="The facts are from before the inspection.")
    if state == "withdrawn":
        reviews.withdraw(member=lead, review_id=review.pk, reason="The program was sold.")
    if state in ("approved", "superseded"):
        approve(world)
    world.review = Review.objects.get(pk=review.pk)
    if state == "superseded":
        supersede(world)
    if world.review.state != state:
        raise LookupError(f"Nothing brings a review to {state!r} yet.")


def rate_all(world, rater):
    """Every cell that the person is asked about, at 3, and done."""
    review = world.review
    assignment = review.assignments.get(membership=rater)
    carried = {(one.criterion, one.option_id): one.version for one in review.ratings.filter(membership=rater)}
    given = [
        ratings.Given(
            criterion.key,
            option.key,
            score=3,
            seen_version=carried.get((criterion.key, option.pk), 0),
            rationale="As the lots show.",
        )
        for criterion, option in ratings.unrated(review, assignment)
    ]
    ratings.rate_many(member=rater, review_id=review.pk, given=given)
    ratings.finish_scoring(member=rater, review_id=review.pk)


def submit(world, **changed):
    """The lead proposes what the result says, or Partner A where it says nothing, with every condition assigned."""
    lead = world.people["lead"].now()
    scorecard = compute(world.review)
    first = scorecard.numbers["verdict"]["option"]
    values = {
        "kind": "recommended" if first else "alternative",
        "option_key": first or "a",
        "justification": "It carries the least risk over the next 24 months.",
        "missing_reason": "Quality has no one to spare before the inspection.",
        "conditions": [
            {"key": demand.key, "owner": lead, "due_month": 6}
            for demand in conditions.demands_on(scorecard.numbers, first or "a")
        ],
    }
    return submissions.submit(member=lead, review_id=world.review.pk, **values | changed)


def sign(member, step, **changed):
    """Re-authenticate and sign a step, as the person would."""
    step = ApprovalStep.objects.select_related("submission", "review").get(pk=step.pk)
    grant = signing.grant_to_sign(
        member=member,
        step_id=step.pk,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
        on_behalf_of=changed.get("on_behalf_of"),
    )
    meaning = signing.MEANING_OF[step.kind]
    return approvals.sign(**{"member": member, "step_id": step.pk, "grant": grant, "meaning": meaning} | changed)


def approve(world):
    """Both functions and the approver sign the latest submission. Answers the last signature."""
    submission = world.review.submissions.first()
    executive = submission.steps.get(kind="executive")
    sign_functions(world)
    signature = sign(world.people["approver"].now(), executive)
    assert signature.meaning == Signature.Meaning.APPROVED
    return signature


def sign_functions(world):
    """Both functions of the route sign the latest submission."""
    functional = world.review.submissions.first().steps.get(kind="functional")
    for role in ("rater", "lead"):
        sign(world.people[role].now(), functional)


def supersede(world):
    """A second review of the program is approved; the world keeps the first."""
    first = world.review
    bring_review_to(world, "approved")
    world.review = Review.objects.get(pk=first.pk)
