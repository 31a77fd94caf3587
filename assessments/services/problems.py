"""What the engine is asked about a subject: one place, so that every result of the same inputs has the same digest."""

from assessments.models import Program, Review
from assessments.scoring.headline import Problem
from assessments.services.frameworks import framework_of, previous_of
from assessments.services.panel import panel_of, ratings_of


def problem_of(subject: Program | Review) -> Problem:
    """The inputs of a program (facts only, of its saved revision) or of a review, with the panel once it is revealed."""
    revision, version = subject.revision, subject.criteria_version
    before = previous_of(version)
    previous = None if before is None else framework_of(before)
    if isinstance(subject, Program):
        return Problem(framework_of(version), revision.facts, tuple(revision.option_keys), previous=previous)
    return Problem(
        framework_of(version),
        revision.facts,
        tuple(subject.options.values_list("key", flat=True)),
        panel_of(subject),
        ratings=ratings_of(subject),
        previous=previous,
    )
