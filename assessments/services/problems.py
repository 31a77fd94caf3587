"""What the engine is asked about a subject: one place, so that every result of the same inputs has the same digest."""

from assessments.models import Program, Review
from assessments.scoring.headline import Problem
from assessments.services.frameworks import framework_of
from assessments.services.panel import panel_of, ratings_of


def problem_of(subject: Program | Review) -> Problem:
    """The inputs of a program (facts only, of its saved revision) or of a review, with the panel once it is revealed."""
    revision = subject.revision
    if isinstance(subject, Program):
        return Problem(framework_of(subject.criteria_version), revision.facts, tuple(revision.option_keys))
    return Problem(
        framework_of(subject.criteria_version),
        revision.facts,
        tuple(subject.options.values_list("key", flat=True)),
        panel_of(subject),
        ratings=ratings_of(subject),
    )
