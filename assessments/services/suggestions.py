"""What the rules derive from a revision's facts, as raters see it beside each cell."""

from functools import lru_cache

from assessments.models import CriteriaVersion, ProfileRevision, Review
from assessments.scoring.headline import Problem, headline
from assessments.services.frameworks import framework_of


@lru_cache(maxsize=64)
def _suggested(version_id: int, digest: str, revision_id: int, options: tuple[str, ...]) -> dict:
    version = CriteriaVersion.objects.get(pk=version_id)
    revision = ProfileRevision.objects.get(pk=revision_id)
    return headline(Problem(framework_of(version), revision.facts, options))["suggestions"]


def suggestions_of(review: Review) -> dict[str, dict[str, dict]]:
    """{criterion: {option key: {"score": 1..5 or None, "reason": text}}} of the facts that the review rests on now.

    Kept per process: a published version and a saved revision never change.
    """
    options = tuple(review.options.values_list("key", flat=True))
    return _suggested(review.criteria_version_id, review.criteria_version.digest, review.revision_id, options)
