"""Whether a decision still holds under other facts, other criteria or a later day than it was signed on.

The rules stand in docs/method.md, section "Decision watch"; each reason below is one line of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assessments.scoring.batch import Judged, Outcome
from assessments.scoring.ranking import ranks

HOLDS, WEAKER, BROKEN = STATES = ("holds", "weaker", "no_longer_holds")
STRENGTH = {"no_credible_option": 0, "close_call": 1, "leaning": 2, "clear": 3}


@dataclass(frozen=True)
class Decided:
    """What was signed, as far as its watch needs it.

    kind      recommended, alternative or not_yet; option: the chosen key, "" for not_yet
    verdict   kind of the result that was signed; best_remaining has no strength: nothing was compared
    behind    points that the choice lay behind the best open option; 0 for the first
    place     its rank among the open options, None where it was blocked
    aside     ids of the gates that were set aside for it
    demanded  ids of the gates that demanded a condition of it, of any option where none was chosen
    """

    kind: str
    option: str
    judged: Judged
    verdict: str
    behind: float
    place: int | None
    aside: frozenset[str] = frozenset()
    demanded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reason:
    """Why a decision is weaker or no longer holds.

    code  gone, blocked, tripwire, overtaken, met, level, verdict, behind, place, demanded, decidable
    """

    state: str
    code: str
    data: Mapping[str, Any] = field(default_factory=dict)


def standing(decided: Decided, outcome: Outcome) -> tuple[float, int | None]:
    """Points of the choice behind the best open option (0 for the first), and its rank among the open ones."""
    open_ = [total for key, total in outcome.totals.items() if key not in outcome.blocked and total == total]
    keys = list(outcome.totals)
    own = outcome.totals[decided.option]
    behind = max(0.0, max(open_) - own) if open_ else 0.0
    return behind, ranks(keys, list(outcome.totals.values()), [key in outcome.blocked for key in keys])[decided.option]


def judge(
    decided: Decided,
    outcome: Outcome | None,
    *,
    resolution: float,
    crossed: Sequence[str] = (),
    met: bool = False,
) -> tuple[str, list[Reason]]:
    """The state of a decision, and every reason for it, the gravest first.

    outcome     of today's facts and criteria; None where the chosen option is no longer described
    resolution  points below which two options are not told apart
    crossed     keys of the tripwires that are crossed
    met         whether there are conditions and all of them are done
    """
    reasons = [Reason(BROKEN, "tripwire", {"key": key}) for key in crossed]
    if outcome is None:
        return BROKEN, [*reasons, Reason(BROKEN, "gone")]
    verdict = outcome.verdict or {}
    if decided.kind == "not_yet":
        if met:
            reasons.append(Reason(BROKEN, "met"))
        now, then = STRENGTH.get(verdict["kind"]), STRENGTH.get(decided.verdict)
        if now is not None and then is not None and now > then:
            reasons.append(Reason(WEAKER, "decidable", {"kind": verdict["kind"]}))
        return _state(reasons), reasons
    blocking = [gate for gate in outcome.blocked_by[decided.option] if gate not in decided.aside]
    reasons += [Reason(BROKEN, "blocked", {"gate": gate}) for gate in blocking]
    behind, place = standing(decided, outcome)
    if decided.kind == "recommended" and not blocking:
        reasons += _recommended(decided, verdict, behind, resolution)
    elif decided.kind == "alternative" and not blocking:
        if behind >= decided.behind + resolution:
            reasons.append(Reason(WEAKER, "behind", {"behind": behind}))
        if place is not None and decided.place is not None and place > decided.place:
            reasons.append(Reason(WEAKER, "place", {"place": place}))
    reasons += [
        Reason(WEAKER, "demanded", {"gate": gate})
        for gate in outcome.demanded[decided.option]
        if gate not in decided.demanded
    ]
    return _state(reasons), reasons


def _recommended(decided: Decided, verdict: Mapping[str, Any], behind: float, resolution: float) -> list[Reason]:
    first = verdict["option"]
    if first != decided.option:
        if first is not None and behind >= resolution:
            return [Reason(BROKEN, "overtaken", {"option": first, "behind": behind})]
        return [Reason(WEAKER, "level", {"option": first, "behind": behind})]
    now, then = STRENGTH.get(verdict["kind"]), STRENGTH.get(decided.verdict)
    # The only open option was no stronger than a leaning: what opens beside it and comes close makes it weaker.
    if now is not None and now < (STRENGTH["leaning"] if then is None else then):
        return [Reason(WEAKER, "verdict", {"kind": verdict["kind"]})]
    return []


def _state(reasons: list[Reason]) -> str:
    reasons.sort(key=lambda reason: -STATES.index(reason.state))
    return reasons[0].state if reasons else HOLDS
