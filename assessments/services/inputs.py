"""The guard: the first statement of every write of inputs, which locks, checks and counts in one UPDATE."""

from django.db.models import F
from django.db.models.functions import Now

from assessments import jobs
from assessments.errors import ReviewClosed, WrongState
from assessments.models import Job, Program, Review


def touch_review(review_id: int, *, states: tuple[str, ...]) -> int:
    """Lock a review, count an input, and answer the new count. Raises ReviewClosed if its state takes no input."""
    moved = Review.objects.filter(pk=review_id, state__in=states).update(
        inputs_revision=F("inputs_revision") + 1, inputs_changed_at=Now()
    )
    if not moved:
        raise ReviewClosed("The review no longer takes this change: its state moved on meanwhile.")
    return Review.objects.values_list("inputs_revision", flat=True).get(pk=review_id)


def lock_review(review_id: int, *, states: tuple[str, ...]) -> Review:
    """Lock a review for an act that changes its state but no input. Raises WrongState."""
    review = (
        Review.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program", "criteria_version", "revision")
        .get(pk=review_id)
    )
    if review.state not in states:
        raise WrongState(f"The review is {review.get_state_display().lower()}; this act is not open to it now.")
    return review


def lock_program_of(review_id: int) -> None:
    """Lock the program of a review, before the review, for an act that must not run beside a saving of facts."""
    list(Program.objects.filter(reviews=review_id).select_for_update(no_key=True, of=("self",)).values_list("pk"))


def touch_program(program_id: int) -> int:
    """Lock a program, count an input, and answer the new count."""
    Program.objects.filter(pk=program_id).update(inputs_revision=F("inputs_revision") + 1, inputs_changed_at=Now())
    return Program.objects.values_list("inputs_revision", flat=True).get(pk=program_id)


def owe_review(review: Review, wanted: int, actor) -> None:
    """Owe a new scorecard of a review; the last statement of the transaction."""
    jobs.owe(
        Job.Kind.RESCORE,
        f"review:{review.pk}",
        organization_id=review.organization_id,
        wanted=wanted,
        depth="headline",
        asked_by=actor,
    )


def owe_program(program: Program, wanted: int, actor) -> None:
    """Owe a new facts-only scorecard of a program; the last statement of the transaction."""
    jobs.owe(
        Job.Kind.RESCORE,
        f"program:{program.pk}",
        organization_id=program.organization_id,
        wanted=wanted,
        depth="headline",
        asked_by=actor,
    )
