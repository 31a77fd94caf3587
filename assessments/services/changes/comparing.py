"""Two sides held against each other: facts, options, cells, weights, gates, result, risk, and the margin's shift."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from assessments.errors import Invalid
from assessments.scoring.attribution import attribution
from assessments.scoring.confidential import without_commercial
from assessments.scoring.effects import EVERYTHING, FactChange, moved_by
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import reads
from assessments.services.changes.sides import Side
from assessments.services.differences import ABSENT, Difference, differences

log = structlog.get_logger(__name__)
FACTS, PANEL = "facts", "panel"
PAIR = ("option", "over")  # what a refusal calls the two options: the lead of one over the other
NO_ANSWER = "the criteria give no answer on these facts."
NOTHING = 1e-9  # of a score, or of a share of weight


@dataclass(frozen=True)
class FactMoved:
    """A fact that differs. moves: any of "cells", "gates", "risk" that it alone moves; empty: it changed nothing."""

    difference: Difference
    moves: frozenset[str]


@dataclass(frozen=True)
class Cell:
    """A criterion and an option of either side. Values and suggestions are scores from 1 to 5, None where there is none.

    values: what the result uses; suggestions: what the facts say
    """

    criterion: str
    option: str
    values: tuple[float | None, float | None]
    suggestions: tuple[float | None, float | None]

    @property
    def moved(self) -> bool:
        return _differ(*self.values)

    @property
    def judged(self) -> tuple[float | None, float | None]:
        """What people added to the suggestion, on each side; None where there is nothing to compare."""
        first, last = (
            None if value is None or seen is None else value - seen
            for value, seen in zip(self.values, self.suggestions, strict=True)
        )
        return first, last


@dataclass(frozen=True)
class Weight:
    """The share of 1 of a criterion on each side; None where a side has no such criterion.

    set_anew: whether its own weight or that of its dimension was set otherwise; else the share only follows from others
    """

    criterion: str
    shares: tuple[float | None, float | None]
    set_anew: bool

    @property
    def moved(self) -> bool:
        return _differ(*self.shares)


@dataclass(frozen=True)
class GateMoved:
    """A gate and an option. effects: of each side, strongest first; empty where it did not fire. message: the newer one."""

    gate: str
    name: str
    option: str
    effects: tuple[tuple[str, ...], tuple[str, ...]]
    message: str

    @property
    def moved(self) -> bool:
        return self.effects[0] != self.effects[1]


@dataclass(frozen=True)
class Comparison:
    """basis        panel: both sides are compared with their judgement; facts: neither's is looked at
    why_facts       why, in words; empty with basis panel
    carried         from which side judgement is carried over to the other, saved facts without any, as an offset on what
                    these suggest; in words, empty where each has its own
    facts           every difference; options that one side lacks are differences of its facts only where the facts lack
                    them, `options` (added, removed, both) are those compared
    cards           headline or deeper result of each side on that basis, without what the reader may not see
    risks           the risk of each side, None where it is not computed for exactly these inputs
    why_no_card     of each side, in words; empty where there is one
    shift           see `assessments.scoring.attribution`; why_not says why there is none
    """

    before: Side
    after: Side
    basis: str
    why_facts: str
    carried: str
    facts: tuple[FactMoved, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    both: tuple[str, ...]
    cells: tuple[Cell, ...]
    weights: tuple[Weight, ...]
    gates: tuple[GateMoved, ...]
    cards: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]
    risks: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]
    why_no_card: tuple[str, str]
    shift: Mapping[str, Any]

    @property
    def same_criteria(self) -> bool:
        return self.before.problem.framework.digest == self.after.problem.framework.digest

    @property
    def names(self) -> dict[str, str]:
        """The name of every option of either side, as the newer side calls it."""
        found: dict[str, str] = {}
        for side in (self.before, self.after):
            options = side.problem.facts["options"]
            found |= {key: options[key]["name"] for key in side.problem.chosen}
        return found

    @property
    def kinds(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for side in (self.before, self.after):
            options = side.problem.facts["options"]
            found |= {key: options[key]["kind"] for key in side.problem.chosen}
        return found


def compare(before: Side, after: Side, *, commercial: bool, pair: tuple[str, str] | None = None) -> Comparison:
    """Hold two sides against each other; computes, reads and writes nothing.

    commercial  whether the reader may see prices and terms; differences of such facts are left out otherwise
    pair        keys of the two options whose margin is attributed; None: see `assessments.scoring.attribution`
    Raises Invalid, by `option` and `over`, for a pair that is not two different options compared on both sides.
    """
    before, after, carried = _carried_over(before, after)
    basis, why = _basis(before, after)
    problems = tuple(
        side.problem if basis == PANEL else replace(side.problem, panel=None, ratings=()) for side in (before, after)
    )
    made = [_card(side, problem, basis) for side, problem in zip((before, after), problems, strict=True)]
    cards = tuple(
        card if card is None or commercial else without_commercial(card, side.problem.framework)
        for (card, _), side in zip(made, (before, after), strict=True)
    )
    keys = before.problem.chosen, after.problem.chosen
    both = tuple(key for key in keys[1] if key in keys[0])
    _refuse_pair(before, after, both, pair)
    return Comparison(
        before=before,
        after=after,
        basis=basis,
        why_facts=why,
        carried=carried,
        facts=_facts(before, after, both, commercial),
        added=tuple(key for key in keys[1] if key not in keys[0]),
        removed=tuple(key for key in keys[0] if key not in keys[1]),
        both=both,
        cells=_cells(cards, basis),
        weights=_weights(cards, before, after),
        gates=_gates(cards),
        cards=(cards[0], cards[1]),
        risks=(_risk(before, commercial), _risk(after, commercial)),
        why_no_card=(made[0][1], made[1][1]),
        shift=_shift(before, after, problems, pair),
    )


def _carried_over(before: Side, after: Side) -> tuple[Side, Side, str]:
    """Both sides, saved facts with the judgement of the other one on them; and whose it is, in words.

    Judgement is an offset: where facts change without new ratings it goes with them, as in the decision watch. Options
    that were not judged are left out
    """
    judged, saved = (before, after) if before.has_panel else (after, before)
    keys = tuple(key for key in judged.problem.chosen if key in saved.problem.facts["options"])
    if saved.kind != "revision" or saved.has_panel or not judged.has_panel or not keys:
        return before, after, ""
    try:
        panel = _with_suggestions(judged)
    except (EvaluationError, ValueError) as fault:
        _unanswered("comparison_without_judgement", fault, judged.problem)
        return before, after, ""
    given = replace(saved, problem=replace(saved.problem, options=keys, panel=panel))
    sides = (judged, given) if judged is before else (given, judged)
    return *sides, f"the judgement of {judged.name} is carried over to {saved.name}, which holds no ratings"


def _with_suggestions(side: Side) -> dict[str, dict[str, dict[str, float | None]]]:
    """The panel with what the rules said of the facts that it judged, also of cells that were agreed on without one."""
    panel = side.problem.panel or {}
    held = {key: {option: dict(cell) for option, cell in cells.items()} for key, cells in panel.items()}
    lacking = [
        (key, option) for key, cells in held.items() for option, cell in cells.items() if cell["suggestion"] is None
    ]
    if lacking:
        seen = (side.numbers or headline(side.problem))["suggestions"]
        for key, option in lacking:
            held[key][option]["suggestion"] = seen.get(key, {}).get(option, {}).get("score")
    return held


def _basis(before: Side, after: Side) -> tuple[str, str]:
    lacking = [side for side in (before, after) if not side.has_panel]
    if not lacking:
        return PANEL, ""
    return FACTS, " and ".join(dict.fromkeys(side.why_none for side in lacking))


def _card(side: Side, problem: Problem, basis: str) -> tuple[Mapping[str, Any] | None, str]:
    """The stored result where it has this basis, else the headline computed now; and why there is none."""
    if side.numbers is not None and side.numbers["basis"] == basis:
        return side.numbers, ""
    try:
        return headline(problem), ""
    except (EvaluationError, ValueError) as fault:
        return None, _unanswered("comparison_without_result", fault, side.problem)


def _unanswered(event: str, fault: Exception, problem: Problem) -> str:
    """What is told where the engine has no answer. Its own words name rules and values, and go to the log."""
    log.warning(event, fault=str(fault), framework=problem.framework.digest)
    return NO_ANSWER


def _risk(side: Side, commercial: bool) -> Mapping[str, Any] | None:
    if side.numbers is None or not side.numbers.get("risk"):
        return None
    numbers = side.numbers if commercial else without_commercial(side.numbers, side.problem.framework)
    risk: Mapping[str, Any] = numbers["risk"]
    return risk


# -- facts ----------------------------------------------------------------------------------------------------------


def _facts(before: Side, after: Side, both: tuple[str, ...], commercial: bool) -> tuple[FactMoved, ...]:
    schema = after.problem.framework.schema
    found = differences(before.problem.facts, after.problem.facts, schema)
    known = {one.field.key for one in found if one.field} | set(schema.fields)
    older = [
        one
        for one in differences(before.problem.facts, after.problem.facts, before.problem.framework.schema)
        if one.field is not None and one.field.key not in known
    ]
    shown = [one for one in [*found, *older] if commercial or not one.commercial]
    moves = _moves(before, after, both, shown)
    return tuple(FactMoved(one, moves[at]) for at, one in enumerate(shown))


def _moves(before: Side, after: Side, both: tuple[str, ...], found: list[Difference]) -> list[frozenset[str]]:
    """What each difference moves: put alone into the older facts, or taken alone out of the newer ones."""
    values = {
        at: one
        for at, one in enumerate(found)
        if one.what == "value" and one.field is not None and (not one.option or one.option in _options(before, after))
    }
    moves = [EVERYTHING if one.what in ("option", "host") else frozenset[str]() for one in found]
    sides = ((before.problem, both, "new"), (after.problem, both, "old"))
    for problem, keys, becomes in sides:
        known = {at: one for at, one in values.items() if one.field.key in problem.framework.schema.fields}
        for at in values.keys() - known.keys():
            moves[at] = EVERYTHING  # another schema asks for it: what it does there cannot be told apart
        changes = [FactChange(one.field.key, one.option, _plain(getattr(one, becomes))) for one in known.values()]
        for at, moved in zip(known, _moved_by(problem.framework, problem, keys, changes), strict=True):
            moves[at] |= moved
    return moves


def _options(before: Side, after: Side) -> set[str]:
    """Of both facts: also hosts that are not compared themselves."""
    return set(before.problem.facts["options"]) & set(after.problem.facts["options"])


def _plain(value: Any) -> Any:
    return None if value is ABSENT else value


def _moved_by(
    framework: Framework, problem: Problem, keys: tuple[str, ...], changes: list[FactChange]
) -> list[frozenset[str]]:
    if not keys or not reads(framework.schema, problem.facts, keys):
        return [EVERYTHING] * len(changes)
    try:
        return moved_by(framework, problem.facts, keys, changes)
    except EvaluationError:
        return [EVERYTHING] * len(changes)


# -- cells, weights, gates ------------------------------------------------------------------------------------------

Cards = tuple[Mapping[str, Any] | None, ...]


def _cells(cards: Cards, basis: str) -> tuple[Cell, ...]:
    """Every criterion and option of either side, in the newer framework's order."""
    found: dict[tuple[str, str], Cell] = {}
    for card in reversed(cards):
        for criterion in card["criteria"] if card else ():
            for option in card["options"]:
                at = criterion, option["key"]
                if at not in found:
                    values, seen = (tuple(_score(one, basis, *at, part) for one in cards) for part in ("value", "seen"))
                    found[at] = Cell(*at, (values[0], values[1]), (seen[0], seen[1]))
    return tuple(found.values())


def _score(card: Mapping[str, Any] | None, basis: str, criterion: str, option: str, part: str) -> float | None:
    if card is None:
        return None
    if part == "seen":
        score: float | None = card["suggestions"].get(criterion, {}).get(option, {}).get("score")
        return score
    own = card[basis]["options"].get(option)
    value: float | None = own["scores"].get(criterion) if own else None
    return value


def _weights(cards: Cards, before: Side, after: Side) -> tuple[Weight, ...]:
    first, last = (card["weights"] if card else {} for card in cards)
    order = [*(cards[1]["criteria"] if cards[1] else ()), *(cards[0]["criteria"] if cards[0] else ())]
    own = _own_weights(before.problem.framework), _own_weights(after.problem.framework)
    return tuple(
        Weight(key, (first.get(key), last.get(key)), own[0].get(key) != own[1].get(key)) for key in dict.fromkeys(order)
    )


def _own_weights(framework: Framework) -> dict[str, tuple[float, float]]:
    """Of every criterion the weight that was set for it and for its dimension."""
    of_dimension = {one.key: one.weight for one in framework.dimensions}
    return {one.key: (one.weight, of_dimension[one.dimension]) for one in framework.criteria}


_STRENGTH = {"block": 0, "condition": 1, "warn": 2}


def _gates(cards: Cards) -> tuple[GateMoved, ...]:
    """Every gate that fired on either side, by option."""
    effects: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    said: dict[tuple[str, str], tuple[str, str]] = {}
    for side, card in enumerate(cards):
        for gate in card["gates"] if card else ():
            for option in gate["options"]:
                at = gate["id"], option
                effects.setdefault(at, ([], []))[side].append(gate["effect"])
                said[at] = gate["name"], gate["message"]
    return tuple(
        GateMoved(gate, said[gate, option][0], option, (_strongest(own[0]), _strongest(own[1])), said[gate, option][1])
        for (gate, option), own in sorted(effects.items())
    )


def _strongest(effects: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(effects), key=lambda effect: _STRENGTH.get(effect, 9)))


def _differ(was: float | None, now: float | None) -> bool:
    if was is None or now is None:
        return was is not now
    return abs(was - now) > NOTHING


# -- the shift ------------------------------------------------------------------------------------------------------


def pair_of(query: Mapping[str, str]) -> tuple[str, str] | None:
    """The pair that the parameters of a request name, half a pair too; None where they name none."""
    option, over = (query.get(name, "") for name in PAIR)
    return (option, over) if option or over else None


def _refuse_pair(before: Side, after: Side, both: tuple[str, ...], pair: tuple[str, str] | None) -> None:
    if pair is None:
        return
    found = {field: _why_not_of(before, after, key) for field, key in zip(PAIR, pair, strict=True) if key not in both}
    if not found and pair[0] == pair[1]:
        found["over"] = "Choose two different options."
    if found:
        raise Invalid(
            [
                {"field": field, "option": "", "value": key, "message": found[field]}
                for field, key in zip(PAIR, pair, strict=True)
                if field in found
            ]
        )


def _why_not_of(before: Side, after: Side, key: str) -> str:
    if not key:
        return "Choose both options of the pair, or neither."
    for side in (before, after):
        if key in side.problem.chosen:
            name = side.problem.facts["options"][key]["name"]
            return f"{name} is compared in {side.name} alone, and a margin needs the same two options on both sides."
    return f"No such option is compared in {before.name} and {after.name}."


def _shift(before: Side, after: Side, problems: tuple[Problem, ...], pair: tuple[str, str] | None) -> Mapping[str, Any]:
    """The attribution, with a reason that names the options where there is none."""
    try:
        found = attribution(problems[0], problems[1], pair)
    except (EvaluationError, ValueError) as fault:
        return _none(_unanswered("comparison_without_shift", fault, after.problem))
    if not found["why_not"]:
        return found
    return found | {"why_not": _why_not(before, after, found)}


def _none(why: str) -> dict[str, Any]:
    return {
        "pair": None, "pair_by": "", "before": None, "after": None, "shift": None, "groups": [], "criteria": [], "why_not": why,
    }  # fmt: skip


def _why_not(before: Side, after: Side, found: Mapping[str, Any]) -> str:
    chosen = set(before.problem.chosen), set(after.problem.chosen)
    common = chosen[0] & chosen[1]
    only = [_only(side, own - common) for side, own in zip((before, after), chosen, strict=True) if own - common]
    if len(common) < 2:
        said = "no option" if not common else "only one option"
        return f"{said} is compared on both sides ({'; '.join(only)}), and a margin needs the same two on both."
    return f"{found['why_not']}{' (' + '; '.join(only) + ')' if only else ''}."


def _only(side: Side, keys: set[str]) -> str:
    options = side.problem.facts["options"]
    names = [options[key]["name"] for key in side.problem.chosen if key in keys]
    return f"{', '.join(names)} only in {side.name}"
