"""What the result would be with one's own ratings, while everyone's are blind: computed now, shown to one person only."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Membership
from assessments.models import Assignment, Rating, Review
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


def with_my_ratings(member: Membership, review: Review) -> PrivateResult | None:
    """The facts' result with the person's own ratings in the cells that they rated; never stored.

    None where there is nothing private to see: not blind, not assigned, nothing rated yet.
    """
    if not review.is_blind or not Assignment.objects.filter(review=review, membership=member).exists():
        return None
    mine = Rating.objects.visible_to(member, review).filter(membership=member, to_confirm=False)
    own = {(rating.criterion, rating.option.key): rating for rating in mine.select_related("option")}
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
    return PrivateResult(headline(Problem(framework, facts, options, panel)), len(own), len(panel) * len(options))
