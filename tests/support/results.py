"""Results without a worker: computed here and stored as the worker stores them."""

from django.db import transaction

from assessments.models import Review, Scorecard
from assessments.scoring.full import full
from assessments.services.problems import problem_of
from assessments.services.rescore import Inputs, store


@transaction.atomic
def compute(review: Review) -> Scorecard:
    """The full result of a review's inputs as they are now, stored and shown. Runs inside any transaction."""
    review = Review.objects.select_related("program", "criteria_version", "revision").get(pk=review.pk)
    problem = problem_of(review)
    return store(Inputs(review, problem, review.revision_id, review.inputs_revision), full(problem))
