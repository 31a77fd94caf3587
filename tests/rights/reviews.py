"""Bringing the world's review into a state, by the services that people use."""

from assessments.models import Rating, Review
from assessments.services import ratings, reconciling, reviews

ORDER = ("draft", "scoring", "reconciling")


def bring_review_to(world, state):
    """Open the world's review and lead it into a state. Call inside a transaction that is undone."""
    lead, rater = world.people["lead"].now(), world.people["rater"].now()
    review = reviews.open_review(member=lead, program=world.program, question="Where should MSC-1 be made?")
    world.review = review
    reviews.assign(member=lead, review_id=review.pk, membership=rater, function=rater.functions[0])
    if state == "draft":
        return
    reviews.start(member=lead, review_id=review.pk)
    rate_all(world, rater)
    if state != "scoring":
        reconciling.reveal(member=lead, review_id=review.pk)
    world.review = Review.objects.get(pk=review.pk)
    if world.review.state != state:
        raise LookupError(f"Nothing brings a review to {state!r} yet.")


def rate_all(world, rater):
    """Every cell that the person is asked about, at 3, and done."""
    review = world.review
    assignment = review.assignments.get(membership=rater)
    for criterion, option in ratings.unrated(review, assignment):
        ratings.rate(
            member=rater,
            review_id=review.pk,
            criterion_key=criterion.key,
            option_key=option.key,
            score=3,
            confidence=Rating.Confidence.MEDIUM,
            rationale="As the lots show.",
        )
    ratings.finish_scoring(member=rater, review_id=review.pk)
