"""The full depth of one review or program: everything of the headline, and what takes longer than an edit may wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from typing import Any

import numpy as np

from assessments.scoring.agreement import agreement_of
from assessments.scoring.crosschecks import crosschecks_of
from assessments.scoring.explanation import explain_risk
from assessments.scoring.flips import fact_flips, score_flips
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, cells_of, computed
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import reads
from assessments.scoring.ranking import ranking, totals_of
from assessments.scoring.risk import risk_of
from assessments.scoring.robustness import equal_weights, robustness_of
from assessments.scoring.runs import Layout, Run, run, values_of
from assessments.scoring.weights import weights_of

Report = Callable[[int, str], None]


def full(problem: Problem, report: Report | None = None, *, compat: bool = False) -> dict[str, Any]:
    """The scorecard of depth "full" as JSON-able data: the keys of the headline and those of depth, see the package.

    report  called before each part with the percent done and the part's name; what it raises ends the computation
    compat  computes risk as the figures of the demo programs were (see the framework's risk.compat_demo)
    Raises  as `headline`
    """
    say = report or (lambda percent, part: None)
    say(0, "Gates, values and scenarios")
    card, done, layout = computed(problem)
    timings = card["timings"]
    clock = _Clock()
    _answer(card, problem, done, layout, say)
    timings["answer_ms"] = clock.lap()
    say(60, "Risk over time")
    risk = risk_of(problem.framework, done, layout, compat=compat)
    if risk is not None:
        card["risk"] = risk
        card["explanation"] += explain_risk(card)
    timings["risk_ms"] = clock.lap()
    timings["total_ms"] += timings["answer_ms"] + timings["risk_ms"]
    card["depth"] = "full"
    return card


class _Clock:
    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        """Milliseconds since the last lap."""
        before, self._last = self._last, time.perf_counter()
        return (self._last - before) * 1000


def _answer(card: dict[str, Any], problem: Problem, done: Run, layout: Layout, say: Callable[[int, str], None]) -> None:
    """What the answer rests on: any weights, ranges of weights, smallest changes, other frameworks, the panel."""
    framework, keys = problem.framework, problem.chosen
    weights = weights_of(framework, problem.weights)
    cells, _ = cells_of(problem, done, keys)
    scores = (done.scores if cells is None else cells)[0]
    values, blocked = values_of(framework.criteria, scores), done.blocked[0]
    place = ranking(keys, totals_of(values, weights)[0], blocked)
    say(15, "Weights")
    robust = robustness_of(framework, keys, weights, scores, values, blocked, place)
    weight_flips = robust.pop("weight_flips")
    card["robustness"] |= robust
    say(30, "Smallest changes of the answer")

    def shifted(run: Run) -> np.ndarray:
        moved, _ = cells_of(problem, run, keys)
        return run.scores if moved is None else moved

    found = fact_flips(framework, problem.facts, layout, weights, shifted)
    card["flips"] = {
        "weights": weight_flips,
        "scores": score_flips(framework, keys, weights, scores, blocked),
        "facts": found["answer"],
        "opens": found["opens"],
    }
    equal = ranking(keys, totals_of(values, equal_weights(framework))[0], blocked)
    card["crosschecks"] = crosschecks_of(keys, weights, values, blocked, place["winner"])
    card["counterfactual"] = _counterfactual(problem, card, place, equal)
    if problem.ratings and cells is not None:
        # In an order of their own, so that the last bit of a sum does not hang on the order in which they were read.
        ordered = sorted(problem.ratings, key=astuple)
        card["agreement"] = agreement_of(framework, keys, ordered, weights, cells[0], blocked)


def _counterfactual(
    problem: Problem, card: Mapping[str, Any], place: Mapping[str, Any], equal: Mapping[str, Any]
) -> dict[str, Any]:
    """Whether other ways to judge would choose the same: the lenses, equal weights, the criteria version before this."""
    others = [
        {"key": key, "name": lens["name"], "winner": lens["winner"], "margin": lens["margin"]}
        for key, lens in card["lenses"].items()
        if key != "default"
    ]
    others.append(
        {"key": "equal_weights", "name": "Equal weights", "winner": equal["winner"], "margin": equal["margin"]}
    )
    why_not = ""
    if problem.previous is not None:
        former = _former(problem, problem.previous)
        if former is None:
            why_not = "these facts cannot be read under the criteria version before"
        else:
            label = problem.previous.label
            name = f"Criteria version before ({label})" if label else "Criteria version before"
            others.append(
                {"key": "previous", "name": name, "winner": former["winner"], "margin": former["margin"]}
                | {"digest": problem.previous.digest}
            )
    for one in others:
        one["same"] = place["winner"] is not None and one["winner"] == place["winner"]
    same = sum(1 for one in others if one["same"])
    return {"frameworks": others, "same": same, "of": len(others), "why_not_previous": why_not}


def _former(problem: Problem, previous: Framework) -> dict[str, Any] | None:
    """Who comes first under another criteria version; None where it cannot read these facts. Own weights given stay out
    of it: they were given for this version's."""
    if not reads(previous.schema, problem.facts, problem.chosen):
        return None
    layout = Layout.of(problem.facts["options"], problem.chosen)
    try:
        done = run(previous, [problem.facts], layout, scenarios=False)
    except EvaluationError:
        return None
    cells, _ = cells_of(replace(problem, framework=previous), done, problem.chosen)
    values = values_of(previous.criteria, (done.scores if cells is None else cells)[0])
    return ranking(problem.chosen, totals_of(values, weights_of(previous))[0], done.blocked[0])
