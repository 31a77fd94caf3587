"""Whether a result that was computed again is the one on record: bit for bit, or within the errors of drawn figures.

Drawn (Monte Carlo) figures differ where another NumPy or SciPy draws other numbers; each is then held against the error
that the scorecard states for it, or, where it states none, against one that follows from what stands beside it.
Everything else is the same arithmetic on the same inputs and may differ by rounding alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assessments.scoring.risk import SCENARIO_DRAWS
from assessments.scoring.robustness import SCORE_DRAWS

WITHIN_ERRORS = 5.0  # standard errors of the difference: some thousand figures stay within at once
ROUNDING = 1e-9  # of figures that are not drawn, relative to their size
# How it was computed, not what came out.
PROVENANCE = {"timings", "software", "engine", "input_digest", "seed", "bit_generator", "generator", "draws", "n"}
# Texts put together from the figures, and which half-year or category is first, as the figures say.
FOLLOWS = {"se", "explanation", "sentence", "reason", "message", "first_breach", "binding"}
SHARE_OF_A_DIMENSION = 0.3  # no greater spread has a dimension's weight among any weights

Path = tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """One figure or word that is not the same. of_errors: the difference in standard errors; None: it has none."""

    path: Path
    stored: Any
    again: Any
    of_errors: float | None
    within: bool

    @property
    def weight(self) -> float:
        """How near the difference comes to what is allowed; above 1 where it goes beyond."""
        if self.of_errors is not None:
            return self.of_errors / WITHIN_ERRORS
        return 0.0 if self.within else math.inf


@dataclass(frozen=True)
class Comparison:
    """exact: the same bit for bit; gaps: every difference, the farthest from what is allowed first."""

    exact: bool
    figures: int
    gaps: tuple[Gap, ...]

    @property
    def within(self) -> bool:
        return all(gap.within for gap in self.gaps)

    @property
    def largest(self) -> Gap | None:
        return self.gaps[0] if self.gaps else None


def compare(stored: Mapping[str, Any], again: Mapping[str, Any]) -> Comparison:
    """Hold a full scorecard that was computed again against the stored one; both as read from JSON."""
    errors = _errors(stored), _errors(again)
    counted = _Walk(errors)
    counted.walk((), _comparable(stored), _comparable(again))
    gaps = sorted(counted.gaps, key=lambda gap: (-gap.weight, gap.path))
    return Comparison(not gaps and _bare(stored) == _bare(again), counted.figures, tuple(gaps))


def _bare(card: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in card.items() if key not in ("timings", "software", "engine")}


def _comparable(card: Mapping[str, Any]) -> dict[str, Any]:
    """The scorecard with the events of risk by their ids: which five are shown may change in a close race."""
    risk = card.get("risk")
    if not risk:
        return dict(card)
    options = {
        key: {**option, "events": {event["id"]: event for event in option["events"]}}
        for key, option in risk["options"].items()
    }
    return {**card, "risk": {**risk, "options": options}}


class _Walk:
    """Goes through two scorecards at once and notes what differs."""

    def __init__(self, errors: tuple[Mapping[Path, float], Mapping[Path, float]]):
        self.errors = errors
        self.gaps: list[Gap] = []
        self.figures = 0

    def walk(self, path: Path, stored: Any, again: Any) -> None:
        if isinstance(stored, Mapping) and isinstance(again, Mapping):
            # A figure that came with a later engine has nothing to be held against.
            for key in stored:
                self._entry(path, str(key), stored, again)
        elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
            for at, (was, now) in enumerate(zip(stored, again, strict=True)):
                self.walk((*path, str(at)), was, now)
        elif _is_number(stored) and isinstance(again, Mapping) and _is_number(again.get("value")):
            self._number(path, float(stored), float(again["value"]))  # a later engine states its error beside it
        elif _is_number(stored) and _is_number(again):
            self._number(path, float(stored), float(again))
        elif stored != again:
            self.gaps.append(Gap(path, stored, again, None, within=False))

    def _entry(self, path: Path, key: str, stored: Mapping[str, Any], again: Mapping[str, Any]) -> None:
        if key in PROVENANCE or key in FOLLOWS or key.endswith("_se"):
            return
        if path and path[-1] == "events" and not (key in stored and key in again):
            return
        self.walk((*path, key), stored.get(key), again.get(key))

    def _number(self, path: Path, stored: float, again: float) -> None:
        self.figures += 1
        if stored == again:
            return
        found = [one for error in self.errors if (one := error.get(path, error.get((*path, "value"))))]
        rounding = ROUNDING * max(1.0, abs(stored), abs(again))
        if found and (error := math.hypot(*found)) > 0:
            off = abs(stored - again) / error
            within = off <= WITHIN_ERRORS or abs(stored - again) <= rounding
            self.gaps.append(Gap(path, stored, again, off, within))
        else:
            self.gaps.append(Gap(path, stored, again, None, abs(stored - again) <= rounding))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- the standard error of every drawn figure ---------------------------------------------------------------------


def _errors(card: Mapping[str, Any]) -> dict[Path, float]:
    """What the scorecard states, and for drawn figures without an error of their own what follows from their neighbours."""
    found = dict(_followed_weights(card))
    if card.get("risk"):
        found |= dict(_followed_risk(card["risk"]))
    for path, error in _stated((), card):
        # One that is 0 by luck (no draw had it, or all had) is no certainty.
        found[path] = max(error, found.get(path, 0.0))
    return found


def _stated(path: Path, value: Any) -> Iterator[tuple[Path, float]]:
    """Every "se" beside its "value" or "mean", and every "x_se" beside its "x"; lists entry by entry."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            named = {"se": ("value", "mean")}.get(key, (key.removesuffix("_se"),) if key.endswith("_se") else ())
            for figure in named:
                if figure in value:
                    yield from _beside((*path, figure), inner)
            yield from _stated((*path, str(key)), inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _stated((*path, str(at)), inner)


def _beside(path: Path, error: Any) -> Iterator[tuple[Path, float]]:
    if isinstance(error, list):
        for at, one in enumerate(error):
            yield from _beside((*path, str(at)), one)
    elif _is_number(error):
        yield path, float(error)


def share_error(share: float, draws: float) -> float:
    """The standard error of a share of draws; of one that none or all had, not 0 but what four more draws would leave
    open (Agresti & Coull 1998, The American Statistician 52(2) 119-126)."""
    centred = (share * draws + 2) / (draws + 4)
    return math.sqrt(centred * (1 - centred) / (draws + 4))


def _followed_weights(card: Mapping[str, Any]) -> Iterator[tuple[Path, float]]:
    robustness = card["robustness"]
    for key, share in robustness["first_share"].items():
        error = share_error(share["value"], share["n"])
        yield ("robustness", "first_share", key, "value"), error
        if key == card["verdict"]["option"]:
            yield ("verdict", "first_share"), error
    yield from _between_pairs(("robustness", "paired"), robustness, card["draws"])
    drawn = robustness.get("any_weights")
    if not drawn:
        return
    draws, place = drawn["draws"], ("robustness", "any_weights")
    yield from _between_pairs((*place, "paired"), drawn, draws)
    for key, option in drawn["options"].items():
        at = (*place, "options", key)
        for rank, share in enumerate(option["ranks"]):
            yield (*at, "ranks", str(rank), "value"), share_error(share["value"], draws)
        first = max(1.0, option["ranks"][0]["value"] * draws)
        for dimension in option["central"] or ():
            yield (*at, "central", dimension), SHARE_OF_A_DIMENSION / math.sqrt(first)
        if option["confidence"] is not None:
            # Rests on a central weight that is estimated from as many draws as had the option first.
            yield (*at, "confidence"), share_error(option["confidence"], 1 / (1 / SCORE_DRAWS + 1 / first))
        for other, share in option["beats"].items():
            if isinstance(share, Mapping):
                yield (*at, "beats", other, "value"), share_error(share["value"], draws)
            else:
                yield (*at, "beats", other), share_error(share, draws)


def _between_pairs(at: Path, part: Mapping[str, Any], draws: float) -> Iterator[tuple[Path, float]]:
    """The difference of two shares lies between -1 and 1: as a share of the way it has twice a share's error."""
    for pair, one in (part.get("paired") or {}).items():
        yield (*at, pair, "value"), 2 * share_error((one["value"] + 1) / 2, draws)


def _followed_risk(risk: Mapping[str, Any]) -> Iterator[tuple[Path, float]]:
    draws = risk["draws"]
    for key, option in risk["options"].items():
        at = ("risk", "options", key)
        means = {"slip": option["slip"]["se"], "cost": option["cost"]["se"]}
        for part in ("slip", "cost", "partner_cost"):
            # A skewed spread, an exponential one: the median is as sure as the mean, the 80th percentile 2 times less,
            # the 95th 4.4 times less.
            for percentile, factor in (("p50", 1.5), ("p80", 2.0), ("p95", 5.0)):
                if not option[part].get(f"{percentile}_se"):
                    yield (*at, part, percentile), factor * option[part]["se"]
        for category, own in option["by_category"].items():
            for unit in own:
                yield (*at, "by_category", category, unit), means.get(unit, 0.0)
        for series, unit in (("delay", "slip"), ("spending", "cost")):
            for half_year, own in enumerate(option[series]):
                for figure in own:
                    yield (*at, series, str(half_year), figure), means[unit] * (1 if figure == "mean" else 3)
        for event in option["events"]:
            own_at = (*at, "events", event["id"])
            yield (*own_at, "probability"), share_error(event["probability"], draws)
            yield (*own_at, "slip_mean"), means["slip"]
            yield (*own_at, "cost_mean"), means["cost"]
        yield from _of_breach(at, option, means, draws)
    yield from _of_scenarios(risk)


def _of_breach(
    at: Path, option: Mapping[str, Any], means: Mapping[str, float], draws: int
) -> Iterator[tuple[Path, float]]:
    if "breach" not in option:
        return
    yield (*at, "breach_ever"), share_error(option["breach_ever"], draws)
    for half_year, share in enumerate(option["breach"]):
        yield (*at, "breach", str(half_year)), share_error(share, draws)
    for unit, shares in option["breach_by"].items():
        for half_year, share in enumerate(shares):
            yield (*at, "breach_by", unit, str(half_year)), share_error(share, draws)
    for unit, own in option["headroom"].items():
        for category in own:
            yield (*at, "headroom", unit, category), 3 * means["slip" if unit == "delay" else "cost"]


def _of_scenarios(risk: Mapping[str, Any]) -> Iterator[tuple[Path, float]]:
    """A scenario may spread what it hits more widely than the unchanged facts do: twice their error, for fewer draws."""
    fewer = 2 * math.sqrt(max(1.0, risk["draws"] / SCENARIO_DRAWS))
    for scenario, options in risk["scenarios"].items():
        for key, own in options.items():
            base, at = risk["options"][key], ("risk", "scenarios", scenario, key)
            yield (*at, "slip_mean"), fewer * base["slip"]["se"]
            for unit in ("slip", "cost"):
                yield (*at, f"{unit}_p80"), fewer * max(base[unit]["p80_se"], base[unit]["se"])
            if "breach_ever" in own:
                yield (*at, "breach_ever"), share_error(own["breach_ever"], SCENARIO_DRAWS)
