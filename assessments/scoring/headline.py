"""The headline of one review or program: everything that an edit waits for. The JSON stands in the package docstring."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from assessments.scoring.agreement import Rated
from assessments.scoring.explanation import explain, verdict_sentence
from assessments.scoring.framework import Framework, canonical
from assessments.scoring.language import evaluate
from assessments.scoring.ranking import TIE, ranking, ranks, totals_of, verdict_kind
from assessments.scoring.rules import fill
from assessments.scoring.runs import Layout, Run, run, values_of
from assessments.scoring.software import software
from assessments.scoring.weights import BIT_GENERATOR, first_shares, plausible_weights, seed_of, weights_of

ENGINE_VERSION = "1.3.1"


@dataclass(frozen=True)
class Problem:
    """The inputs of one computation.

    framework  compiled
    facts      plain facts (see profile)
    options    keys of the review's options; None: all of the facts
    panel      {criterion: {option: {"value": 1..5, "suggestion": the suggestion when it was judged, or None}}}; a cell
               left out is missing; None: no panel yet
    weights    replacing own weights, {"dimensions": {..}, "criteria": {..}}
    ratings    the single ratings behind the panel, for its agreement; they change no value
    previous   the criteria version before this one, for what it would have chosen; None: there is none
    """

    framework: Framework
    facts: Mapping[str, Any]
    options: tuple[str, ...] | None = None
    panel: Mapping[str, Mapping[str, Mapping[str, float | None]]] | None = None
    weights: Mapping[str, Mapping[str, float]] | None = None
    ratings: tuple[Rated, ...] = ()
    previous: Framework | None = None

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(self.options if self.options is not None else self.facts["options"])

    def digest(self) -> str:
        """SHA-256 of the canonical inputs; the order of options does not matter."""
        inputs = {
            "framework": self.framework.digest,
            "facts": self.facts,
            "options": sorted(self.chosen),
            "panel": self.panel,
            "weights": self.weights,
            "ratings": sorted(astuple(one) for one in self.ratings),
        }
        if self.previous is not None:
            inputs["previous"] = self.previous.digest
        return hashlib.sha256(canonical(inputs)).hexdigest()


def headline(problem: Problem) -> dict[str, Any]:
    """The scorecard of depth "headline" as JSON-able data; see the package docstring.

    Raises EvaluationError where a rule has no answer for these facts, ValueError for fewer than one option or for
    impossible weights
    """
    return computed(problem)[0]


def computed(problem: Problem) -> tuple[dict[str, Any], Run, Layout]:
    """The headline, and the run that it rests on for what goes deeper. Raises as `headline`."""
    started = time.perf_counter()
    framework, keys = problem.framework, problem.chosen
    if not keys:
        raise ValueError("There is no option to score.")
    layout = Layout.of(problem.facts["options"], keys)
    done = run(framework, [problem.facts], layout, scenarios=True)
    ran = time.perf_counter()
    weights = weights_of(framework, problem.weights)
    cells, moved = cells_of(problem, done, keys)
    facts_result = _result(framework, keys, weights, done.scores[0], done.blocked[0], done)
    panel_result = None if cells is None else _result(framework, keys, weights, cells[0], done.blocked[0], done)
    scores = done.scores if cells is None else cells
    values = values_of(framework.criteria, scores)
    totals = totals_of(values, weights)[0]
    base = ranking(keys, totals[0], done.blocked[0])
    scenarios = _scenarios(framework, keys, totals, done, base)
    drawn = plausible_weights(framework, weights)
    shares = first_shares(drawn, values[0], done.blocked[0])
    labels = {key: _labels(problem, key) for key in keys}
    gates = _gates(framework, done, keys, problem, labels)
    robustness = {
        "first_share": {
            key: {"value": float(share), "se": math.sqrt(max(0.0, share * (1 - share)) / len(drawn)), "n": len(drawn)}
            for key, share in zip(keys, shares, strict=True)
        },
        "paired": paired_shares(keys, shares, done.blocked[0], len(drawn)),
    }
    kept = sum(1 for one in scenarios.values() if one["kept"])
    names = {key: problem.facts["options"][key]["name"] for key in keys}
    verdict = _verdict(framework, base, robustness, kept, len(scenarios), gates, names)
    suggestions = _suggestions(problem, done, keys, layout, labels)
    card: dict[str, Any] = {
        "engine": ENGINE_VERSION,
        "software": software(),
        "depth": "headline",
        "framework": {"key": framework.key, "label": framework.label, "digest": framework.digest},
        "input_digest": problem.digest(),
        "seed": f"{seed_of(framework):032x}",
        "bit_generator": BIT_GENERATOR,
        "draws": len(drawn),
        "basis": "facts" if cells is None else "panel",
        "options": [
            {
                "key": key,
                "kind": problem.facts["options"][key]["kind"],
                "name": names[key],
                "host": problem.facts["options"][key].get("host"),
            }
            for key in keys
        ],
        "criteria": [criterion.key for criterion in framework.criteria],
        "weights": {c.key: float(w) for c, w in zip(framework.criteria, weights, strict=True)},
        "suggestions": suggestions,
        "derived": {
            key: {
                q.key: _plain(done.names[at][q.key][0])
                for q in framework.derived
                if q.scope == "option" and q.key in done.names[at]
            }
            for at, key in enumerate(keys)
        },
        "program_derived": {q.key: _plain(done.program[q.key][0]) for q in framework.derived if q.scope == "program"},
        "gates": gates,
        "facts": facts_result,
        "panel": panel_result,
        "moved": moved,
        "clipped": _clipped(problem, done, keys),
        "lenses": _lenses(framework, problem, keys, values[0], done.blocked[0]),
        "scenarios": scenarios,
        "robustness": robustness,
        "verdict": verdict,
        "warnings": _warnings(scores[0], keys, names, framework),
    }
    card["explanation"] = explain(card, framework)
    ended = time.perf_counter()
    card["timings"] = {"rules_ms": (ran - started) * 1000, "total_ms": (ended - started) * 1000}
    return card, done, layout


def _plain(value: Any) -> float | bool | None:
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    return None if np.isnan(value) else float(value)


def cells_of(problem: Problem, done: Run, keys: tuple[str, ...]) -> tuple[np.ndarray | None, list[dict[str, Any]]]:
    """Panel scores of every row, judgement carried as an offset, and the cells that facts moved since they were judged."""
    if problem.panel is None:
        return None, []
    cells = np.full(done.scores.shape, np.nan)
    moved = []
    for at, criterion in enumerate(problem.framework.criteria):
        for position, key in enumerate(keys):
            rating = problem.panel.get(criterion.key, {}).get(key)
            if rating is None or rating.get("value") is None:
                continue
            value = float(rating["value"])  # type: ignore[arg-type]  # None was excluded above
            suggested = done.scores[:, position, at]
            if np.isnan(suggested[0]):
                cells[:, position, at] = value
                continue
            then = rating.get("suggestion")
            judged_at = float(suggested[0]) if then is None else float(then)
            cells[:, position, at] = np.clip(suggested + (value - judged_at), 1.0, 5.0)
            if judged_at != suggested[0]:
                now = float(suggested[0])
                cell = {"criterion": criterion.key, "option": key, "was": judged_at, "now": now}
                moved.append(cell | {"judgement": value - judged_at})
    return cells, moved


def _result(
    framework: Framework, keys: tuple[str, ...], weights: np.ndarray, scores: np.ndarray, blocked: np.ndarray, done: Run
) -> dict[str, Any]:
    values = values_of(framework.criteria, scores)
    total, low, high = totals_of(values, weights)
    placed = ranks(keys, total, blocked)
    options: dict[str, dict[str, Any]] = {}
    for at, key in enumerate(keys):
        dimensions = {}
        for dimension in framework.dimensions:
            own = [
                i
                for i, c in enumerate(framework.criteria)
                if c.dimension == dimension.key and not np.isnan(values[at, i])
            ]
            weight = math.fsum(weights[own])
            points = math.fsum(weights[i] * values[at, i] for i in own) * 100.0
            dimensions[dimension.key] = {"value": points / weight if weight > 0 else None, "contribution": points}
        options[key] = {
            "total": _plain(total[at]),
            "low": float(low[at]),
            "high": float(high[at]),
            "blocked": bool(blocked[at]),
            "blocked_by": [gate.id for gate, entry, where in done.fired if entry.effect == "block" and where[0, at]],
            "rank": placed[key],
            "dimensions": dimensions,
            "scores": {c.key: _plain(scores[at, i]) for i, c in enumerate(framework.criteria)},
        }
        options[key]["blocked_by"] = list(dict.fromkeys(options[key]["blocked_by"]))
    order = sorted(keys, key=lambda key: (options[key]["blocked"], -(options[key]["total"] or 0.0)))
    certain = [[a, b] for a in order for b in order if a != b and options[a]["low"] > options[b]["high"] + TIE]
    return {"options": options, "order": order, "certain": certain}


def paired_shares(keys: tuple[str, ...], shares: np.ndarray, blocked: np.ndarray, draws: int) -> dict[str, Any]:
    """Differences of two open options' first shares on the same draws, with their error: only one of them can be first,
    so that the variance of the difference is a + b - (a - b) ** 2 over the draws."""
    open_ = [(key, float(share)) for key, share, shut in zip(keys, shares, blocked, strict=True) if not shut]
    return {
        f"{a}|{b}": {"value": x - y, "se": math.sqrt(max(0.0, x + y - (x - y) ** 2) / draws)}
        for (a, x), (b, y) in combinations(open_, 2)
    }


def _clipped(problem: Problem, done: Run, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Cells that a rule, or a judgement carried along with newer facts, would put outside the scale of 1 to 5."""
    found = []
    for at, criterion in enumerate(problem.framework.criteria):
        for position, key in enumerate(keys):
            cell = {"criterion": criterion.key, "option": key}
            raw, suggested = done.unclipped[position, at], done.scores[0, position, at]
            if raw != suggested and not np.isnan(raw):
                found.append(cell | {"by": "rule", "unclipped": float(raw), "score": float(suggested)})
            rating = (problem.panel or {}).get(criterion.key, {}).get(key) or {}
            value, then = rating.get("value"), rating.get("suggestion")
            if value is None or then is None or np.isnan(suggested):
                continue
            carried = float(suggested + (value - then))
            if not 1.0 <= carried <= 5.0:
                held = min(5.0, max(1.0, carried))
                found.append(cell | {"by": "judgement", "unclipped": carried, "score": held})
    return found


def _scenarios(
    framework: Framework, keys: tuple[str, ...], totals: np.ndarray, done: Run, base: Mapping[str, Any]
) -> dict[str, Any]:
    found = {}
    for row, scenario in enumerate(framework.scenarios, 1):
        place = ranking(keys, totals[row], done.blocked[row])
        blocked_by = {
            key: list(dict.fromkeys(g.id for g, e, where in done.fired if e.effect == "block" and where[row, at]))
            for at, key in enumerate(keys)
        }
        found[scenario.id] = {
            "name": scenario.name,
            "question": scenario.question,
            **place,
            "kept": place["winner"] is not None and place["winner"] == base["winner"],
            "totals": {key: _plain(totals[row, at]) for at, key in enumerate(keys)},
            "blocked_by": blocked_by,
        }
    return found


def _lenses(
    framework: Framework, problem: Problem, keys: tuple[str, ...], values: np.ndarray, blocked: np.ndarray
) -> dict[str, Any]:
    found = {}
    for lens, (name, multipliers) in framework.lenses.items():
        totals = totals_of(values, weights_of(framework, problem.weights, multipliers))[0]
        place = ranking(keys, totals, blocked)
        found[lens] = {"name": name, "totals": {k: _plain(t) for k, t in zip(keys, totals, strict=True)}, **place}
    return found


def _gates(
    framework: Framework,
    done: Run,
    keys: tuple[str, ...],
    problem: Problem,
    labels: Mapping[str, Mapping[str, str]],
) -> list[dict[str, Any]]:
    """Gate entries of the unchanged facts; one per firing option, or one that names all of them."""
    found = []
    for gate, entry, where in done.fired:
        firing = [at for at in range(len(keys)) if where[0, at]]
        for group in [[at] for at in firing] if entry.per_option else [firing] if firing else []:
            columns = done.columns[group[0]]
            kind = "all" if entry.applies_to_all else problem.facts["options"][keys[group[0]]]["kind"]
            named = [problem.facts["options"][keys[at]]["name"] for at in group]
            extra = {**labels[keys[group[0]]], "option": named[0], "options": ", ".join(named)}
            condition = None
            if entry.effect == "condition":
                due = entry.due.get(kind)
                condition = {
                    "title": fill(entry.title, columns, 0, extra),
                    "owner": entry.owner,
                    "due": None if due is None else _plain(evaluate(due.tree, columns)[0]),
                }
            found.append(
                {
                    "id": gate.id,
                    "name": gate.name,
                    "effect": entry.effect,
                    "options": [keys[at] for at in group],
                    "message": fill(entry.message, columns, 0, extra),
                    "condition": condition,
                }
            )
    return found


def _labels(problem: Problem, key: str) -> dict[str, str]:
    """The words of every choice that a sentence about an option may name, by its name in the rules."""
    options, fields = problem.facts["options"], problem.framework.schema.fields
    own, host = options[key], options.get(options[key].get("host") or "", {"facts": {}})
    named = [(name, name, value) for name, value in (problem.facts["program"] | own["facts"]).items()]
    named += [(f"host.{name}", name, value) for name, value in host["facts"].items()]
    return {
        place: fields[name].choices[value]
        for place, name, value in named
        if name in fields and fields[name].type == "choice" and value in fields[name].choices
    }


def _suggestions(
    problem: Problem, done: Run, keys: tuple[str, ...], layout: Layout, labels: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    framework = problem.framework
    found: dict[str, Any] = {}
    for at, criterion in enumerate(framework.criteria):
        found[criterion.key] = {}
        for position, key in enumerate(keys):
            rule = criterion.rules.get(layout.kinds[position])
            columns = done.columns[position]
            reason = ""
            if rule is not None:
                held = done.held[position, at]
                reason = " ".join(fill(b.reason, columns, 0, labels[key]) for b, here in held if here[0] and b.reason)
            found[criterion.key][key] = {"score": _plain(done.scores[0, position, at]), "reason": reason}
    return found


def _verdict(
    framework: Framework, base: Mapping[str, Any], robustness: Mapping[str, Any], kept: int, runs: int,
    gates: list[dict[str, Any]], names: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    option = base["winner"]
    share = robustness["first_share"][option]["value"] if option else 0.0
    conditions = {
        (gate["id"], gate["condition"]["title"])
        for gate in gates
        if gate["condition"] and (option is None or option in gate["options"])
    }
    verdict = {
        "kind": verdict_kind(base, share, kept, framework.verdict),
        "option": option,
        "runner_up": base["runner_up"],
        "tied": base["tied"],
        "margin": base["margin"],
        "first_share": share if option else None,
        "scenarios_kept": kept,
        "scenarios": runs,
        "conditions": len(conditions),
        "within_resolution": base["margin"] is not None and base["margin"] < framework.verdict["resolution"],
    }
    verdict["sentence"] = verdict_sentence(verdict, names)
    return verdict


def _warnings(scores: np.ndarray, keys: tuple[str, ...], names: Mapping[str, str], framework: Framework) -> list[str]:
    missing = np.isnan(scores)
    return [
        f"{int(missing[at].sum())} of {len(framework.criteria)} cells of {names[key]} are missing: its total rests on the "
        "others, and its interval shows what they could change."
        for at, key in enumerate(keys)
        if missing[at].any()
    ]
