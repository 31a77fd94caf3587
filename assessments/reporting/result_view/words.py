"""The verdict in words and in a few figures. "Best remaining" is never worded as a recommendation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.reporting.charts.colours import accents
from assessments.reporting.charts.shares import share_words

Numbers = Mapping[str, Any]

_PARTS = re.compile(r"(\d+)")
_KINDS = {
    "clear": "Clear",
    "leaning": "Leaning",
    "close_call": "A close call",
    "best_remaining": "Best remaining",
    "no_credible_option": "No credible option",
}


@dataclass(frozen=True)
class Option:
    """An option as it is named and coloured everywhere."""

    key: str
    name: str
    kind: str
    accent: str


def options(numbers: Numbers) -> dict[str, Option]:
    """By key, in the review's order."""
    rows = numbers["options"]
    given = accents([(row["key"], row["kind"]) for row in rows])
    return {row["key"]: Option(row["key"], row["name"], row["kind"], given[row["key"]]) for row in rows}


def result_of(numbers: Numbers, basis: str | None = None) -> Mapping[str, Any]:
    """The facts-only or the panel's result; by default the one that the verdict rests on."""
    found: Mapping[str, Any] = numbers[basis or numbers["basis"]]
    return found


def scenario_runs(numbers: Numbers) -> list[tuple[str, Mapping[str, Any]]]:
    """(id, run), S7a before S8 and S10 last: stored JSON does not keep the framework's order."""
    runs: Mapping[str, Mapping[str, Any]] = numbers["scenarios"]
    return sorted(
        runs.items(), key=lambda run: [int(part) if part.isdecimal() else part for part in _PARTS.split(run[0])]
    )


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def first_share_words(entry: Mapping[str, Any]) -> str:
    """A first share with the half-width of its 95% interval: "78 ± 2 %"."""
    return share_words(entry["value"], entry["se"])


def verdict_kind_words(kind: str) -> str:
    """The kind alone, as filters and lists word it."""
    return _KINDS.get(kind, kind.replace("_", " ").capitalize())


def verdict_words(numbers: Numbers) -> str:
    """ "Leaning, with 2 mandatory conditions"."""
    verdict = numbers["verdict"]
    said = "A tie" if verdict["tied"] else verdict_kind_words(verdict["kind"])
    count = verdict["conditions"]
    return f"{said}, with {counted(count, 'mandatory condition')}" if count else said


def choice_words(numbers: Numbers) -> str:
    """The option that comes first by name; several where they are tied."""
    verdict, known = numbers["verdict"], options(numbers)
    if verdict["option"]:
        return known[verdict["option"]].name
    if verdict["tied"]:
        return " or ".join(known[key].name for key in verdict["tied"])
    return "No credible option"


def choice_accent(numbers: Numbers) -> str:
    """The accent of the option that comes first; empty where there is none."""
    first = numbers["verdict"]["option"]
    return options(numbers)[first].accent if first else ""


def headline_sentence(numbers: Numbers, names: Any = None) -> str:
    """What stands below the choice: how far ahead, of whom, and where it is won."""
    verdict, known = numbers["verdict"], options(numbers)
    result = result_of(numbers)["options"]
    if verdict["kind"] == "no_credible_option":
        return "Every option is blocked. Nothing can be chosen until the facts change."
    if verdict["tied"]:
        return "They have the same value; only judgement can tell them apart."
    first, second = verdict["option"], verdict["runner_up"]
    if not first:
        return "No option has a value yet."
    if verdict["kind"] == "best_remaining" or not second:
        total = result[first]["total"]
        return f"Every other option is blocked. First by elimination is not the same as good: it earns {total:.1f} of 100 points."
    said = f"{verdict['margin']:.1f} points ahead of {known[second].name}."
    if verdict["within_resolution"]:
        return f"{said} That is within what the model can tell apart: the choice rests on judgement and weights."
    gaps = {
        key: one["contribution"] - result[second]["dimensions"][key]["contribution"]
        for key, one in result[first]["dimensions"].items()
    }
    won = max(gaps, key=lambda key: gaps[key])
    lost = min(gaps, key=lambda key: gaps[key])
    if names is not None and gaps[won] >= 0.05:
        said += f" It gains most on {names.dimensions[won]}"
        said += f" and gives way on {names.dimensions[lost]}." if gaps[lost] <= -0.05 else "."
    return said


def weight_flip_words(dimension: str, flip: float, now: float) -> str:
    """ "Weight on capability fit above 31 % (now 22 %)"; a flip close by needs a digit more to differ from now."""
    digits = 0 if f"{flip:.0%}" != f"{now:.0%}" else 1
    shown, held = (f"{share:.{digits}%}".replace("%", " %") for share in (flip, now))
    return f"Weight on {dimension} {'above' if flip > now else 'below'} {shown} (now {held})"


def figures(numbers: Numbers) -> list[tuple[str, str]]:
    """(value, words) of the verdict strip, at most four."""
    verdict = numbers["verdict"]
    first, second = verdict["option"], verdict["runner_up"]
    result = result_of(numbers)["options"]
    shown = []
    if first and second:
        share = numbers["robustness"]["first_share"][first]
        shown.append((first_share_words(share), "of plausible weights rank it first"))
    if first:
        runs = "scenario runs keep the answer"
        shown.append((f"{verdict['scenarios_kept']} of {verdict['scenarios']}", runs))
    if first and second:
        shown.append((f"+{verdict['margin']:.1f}", f"points ahead of {options(numbers)[second].name}"))
    elif not verdict["tied"]:
        gone = sum(1 for option in result.values() if option["blocked"])
        shown.append((f"{gone} of {len(result)}", "options are blocked"))
    if first:
        shown.append((f"{result[first]['total']:.1f}", "of 100 points"))
    return shown


def agreement_figure(numbers: Numbers) -> tuple[str, str] | None:
    """How far the panel agrees; None without a panel, before the full depth, or where it has no answer."""
    agreement = numbers.get("agreement")
    if not agreement or agreement["kendall_w"]["value"] is None:
        return None
    raters = counted(agreement["raters"], "rater")
    return f"{agreement['kendall_w']['value']:.2f}", f"panel agreement (Kendall's W, {raters})"
