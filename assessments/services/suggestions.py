"""What the rules derive from a revision's facts, as raters see it beside each cell."""

from functools import lru_cache

from assessments.models import CriteriaVersion, ProfileRevision, Review
from assessments.scoring.headline import Problem, headline
from assessments.scoring.language import EvaluationError
from assessments.services.frameworks import framework_of


@lru_cache(maxsize=64)
def _suggested(version_id: int, _framework: str, revision_id: int, _facts: str, options: tuple[str, ...]) -> dict:
    version = CriteriaVersion.objects.get(pk=version_id)
    revision = ProfileRevision.objects.get(pk=revision_id)
    known = tuple(key for key in options if key in revision.facts["options"])
    if not known:
        return {}
    try:
        return headline(Problem(framework_of(version), revision.facts, known))["suggestions"]
    except EvaluationError:
        # Scoring goes on without suggestions; the failed result names the rule that has no answer.
        return {}


def suggestions_of(review: Review, revision: ProfileRevision | None = None) -> dict[str, dict[str, dict]]:
    """{criterion: {option key: {"score": 1..5 or None, "reason": text}}} of the facts that the review rests on now,
    or of an earlier revision of them.

    Kept per process: a published version and a saved revision never change.
    """
    facts = revision or review.revision
    options = tuple(option.key for option in review.options.all())
    return _suggested(review.criteria_version_id, review.criteria_version.digest, facts.pk, facts.digest, options)
