"""The full depth of one review or program: everything of the headline, and what takes longer than an edit may wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assessments.scoring.headline import Problem, headline

Report = Callable[[int, str], None]


def full(problem: Problem, report: Report | None = None) -> dict[str, Any]:
    """The scorecard of depth "full" as JSON-able data: the keys of the headline, see the package docstring.

    report  called before each part with the percent done and the part's name; what it raises ends the computation
    Raises  as `headline`
    """
    if report:
        report(0, "Gates, values and scenarios")
    return headline(problem) | {"depth": "full"}
