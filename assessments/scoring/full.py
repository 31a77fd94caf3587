"""The full depth of one review or program: everything of the headline, and what takes longer than an edit may wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from assessments.scoring.explanation import explain_risk
from assessments.scoring.headline import Problem, computed
from assessments.scoring.risk import risk_of

Report = Callable[[int, str], None]


def full(problem: Problem, report: Report | None = None, *, compat: bool = False) -> dict[str, Any]:
    """The scorecard of depth "full" as JSON-able data: the keys of the headline and "risk", see the package docstring.

    report  called before each part with the percent done and the part's name; what it raises ends the computation
    compat  computes risk as the figures of the demo programs were (see the framework's risk.compat_demo)
    Raises  as `headline`
    """
    say = report or (lambda percent, part: None)
    say(0, "Gates, values and scenarios")
    card, done, layout = computed(problem)
    say(30, "Risk over time")
    began = time.perf_counter()
    risk = risk_of(problem.framework, done, layout, compat=compat)
    if risk is not None:
        card["risk"] = risk
        card["explanation"] += explain_risk(card)
    card["depth"] = "full"
    card["timings"]["risk_ms"] = (time.perf_counter() - began) * 1000
    card["timings"]["total_ms"] += card["timings"]["risk_ms"]
    return card
