"""What the result would be with one's own ratings, while everyone's are blind: computed now, shown to one person only."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Membership
from assessments.models import Assignment, Rating, Review
from assessments.scoring.full import full
from assessments.scoring.headline import Problem, headline
from assessments.services.frameworks import framework_of


@dataclass(frozen=True)
class PrivateResult:
    """numbers: a scorecard whose panel is one person; rated: cells with an own rating; cells: of the whole review."""

    numbers: dict[str, Any]
    rated: int
    cells: int

    @property
    def others(self) -> int:
        return self.cells - self.rated


def _own(member: Membership, review: Review) -> QuerySet[Rating]:
    """The person's own ratings while they are blind and asked for; none where there is nothing private to see."""
    if not review.is_blind or not Assignment.objects.filter(review=review, membership=member).exists():
        return Rating.objects.none()
    return Rating.objects.visible_to(member, review).filter(membership=member, to_confirm=False)


def has_own_ratings(member: Membership, review: Review) -> bool:
    """Whether `with_my_ratings` has something to show."""
    return _own(member, review).exists()


def with_my_ratings(member: Membership, review: Review, *, deep: bool = False) -> PrivateResult | None:
    """The facts' result with the person's own ratings in the cells that they rated; never stored.

    deep  at full depth, which takes some tenths of a second
    None where there is nothing private to see: not blind, not assigned, nothing rated yet.
    """
    own = {(rating.criterion, rating.option.key): rating for rating in _own(member, review).select_related("option")}
    if not own:
        return None
    framework = framework_of(review.criteria_version)
    facts, options = review.revision.facts, tuple(review.options.values_list("key", flat=True))
    suggested = headline(Problem(framework, facts, options))["suggestions"]
    panel: dict[str, dict[str, dict[str, float | None]]] = {}
    for criterion, cells in suggested.items():
        panel[criterion] = {key: {"value": cell["score"], "suggestion": cell["score"]} for key, cell in cells.items()}
    for (criterion, key), rating in own.items():
        seen = None if rating.suggestion is None else float(rating.suggestion)
        panel[criterion][key] = {"value": float(rating.score), "suggestion": seen}
    compute = full if deep else headline
    return PrivateResult(compute(Problem(framework, facts, options, panel)), len(own), len(panel) * len(options))
