"""What would change the answer, in words: weights, facts, stress runs and lenses, the smallest changes first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.reporting.result_view.names import Names
from assessments.reporting.result_view.words import Numbers, options, scenario_runs, weight_flip_words

MOST = 2  # of weights, of facts, and of facts that open a blocked option
FAR = 4.0  # a weight that has to become more than so many times larger or smaller is left out


@dataclass(frozen=True)
class Flip:
    """what: "Weight on Capability fit above 31 % (now 22 %)"; then: "CDMO first".

    kind  weight, fact, score, opens (a blocked option, the answer stands), scenario, lens, nearest (nothing changes it)
    size  how large the change is: "×1.4", "+30 %", "0.4 points of the scale"; empty where that says nothing
    """

    kind: str
    what: str
    then: str
    size: str = ""


def flip_rows(numbers: Numbers, names: Names) -> list[Flip]:
    """Small changes of weights and facts (at full depth), then every stress run and lens that changes the answer; where
    nothing does, the stress run that comes nearest. Nothing while no option comes first.
    """
    if numbers["verdict"]["option"] is None:
        return []
    changed = [*_scenarios(numbers), *_lenses(numbers)]
    close = [flip for flip, factor in _weights(numbers, names) if 1 / FAR <= factor <= FAR]
    small = [*close[:MOST], *_facts(numbers, "facts", "fact")[:MOST], *_facts(numbers, "opens", "opens")[:MOST]]
    return [*small, *(changed or ([] if small else _nearest(numbers)))]


def every_flip(numbers: Numbers, names: Names) -> dict[str, list[Flip]]:
    """All single changes found that alter the answer, or open a blocked option, the smallest first: {"weights", "facts",
    "scores", "opens"}. Empty before the full depth.
    """
    return {
        "weights": [flip for flip, _ in _weights(numbers, names)],
        "facts": _facts(numbers, "facts", "fact"),
        "scores": _scores(numbers, names),
        "opens": _facts(numbers, "opens", "opens"),
    }


def nearest_flips(numbers: Numbers, names: Names) -> list[Flip]:
    """The smallest change of a weight, of a fact and of a score; those that there are."""
    found = every_flip(numbers, names)
    return [found[kind][0] for kind in ("weights", "facts", "scores") if found[kind]]


def place_words(numbers: Numbers, run: Mapping[str, Any]) -> str:
    """Who comes first in a run, and by how much: "CDMO first, 9.8 points ahead"."""
    known = options(numbers)
    if run["winner"] is None:
        tied = " and ".join(known[key].name for key in run.get("tied") or ())
        if tied:
            return f"{tied} tie"
        return "no option left" if run["margin"] is None else "a tie"
    named = known[run["winner"]].name
    if run["margin"] is None:
        return f"{named} first, the only one left"
    ahead = f"{run['margin']:.1f} points ahead" if run["margin"] >= 0.05 else "by less than 0.1 points"
    return f"{named} first, {ahead}"


def _weights(numbers: Numbers, names: Names) -> list[tuple[Flip, float]]:
    """With the multiplier of the weight that each needs."""
    found = []
    for row in numbers.get("flips", {}).get("weights", ()):
        what = weight_flip_words(names.dimensions[row["dimension"]], row["flip"], row["weight"])
        then = f"{options(numbers)[row['option']].name} first"
        found.append((Flip("weight", what, then, f"×{row['multiplier']:.2g}"), row["multiplier"]))
    return found


def _scores(numbers: Numbers, names: Names) -> list[Flip]:
    known, found = options(numbers), []
    for row in numbers.get("flips", {}).get("scores", ()):
        way = "down" if row["change"] < 0 else "up"
        what = (
            f"{names.criteria[row['criterion']]}, {known[row['option']].name}: score {way} to {row['flip']:.1f} "
            f"(now {row['score']:.1f})"
        )
        size = f"{row['change']:+.1f}".replace("-", "−")
        found.append(Flip("score", what, f"{known[row['winner']].name} first", f"{size} of the scale of 1 to 5"))
    return found


def _facts(numbers: Numbers, part: str, kind: str) -> list[Flip]:
    found = []
    for row in numbers.get("flips", {}).get(part, ()):
        size = _size(row)
        if part == "facts":
            found.append(Flip(kind, _fact(numbers, row), place_words(numbers, row), size))
            continue
        opened = options(numbers)[row["opens"]].name
        if row["winner"] == row["opens"]:
            then = f"{opened} no longer blocked, and first"
        elif row["behind"] is None:
            then = f"{opened} no longer blocked"
        else:
            then = f"{opened} no longer blocked, still {row['behind']:.1f} points behind"
        found.append(Flip(kind, _fact(numbers, row), then, size))
    return found


def _size(row: Mapping[str, Any]) -> str:
    """The change of a number as a part of what it is now."""
    if row["direction"] == "to" or not row["old"]:
        return ""
    if row["new"] / row["old"] >= 3:
        return f"×{row['new'] / row['old']:.2g}"
    return f"{(row['new'] - row['old']) / abs(row['old']):+.0%}".replace("-", "−").replace("%", " %")


def _fact(numbers: Numbers, row: Mapping[str, Any]) -> str:
    known = options(numbers)
    where = f" ({known[row['option']].name})" if row["option"] in known else ""
    now = f"(now {_value(row, 'old')})"
    if row["direction"] == "to":
        return f"{row['label']}{where}: {_value(row, 'new')} {now}"
    bound = " or more" if row["direction"] == "up" else " or less" if row["new"] else ""
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{row['label']}{where}: {_value(row, 'new')}{unit}{bound} {now}"


def _value(row: Mapping[str, Any], side: str) -> str:
    value = row[side]
    if row.get(f"{side}_words"):
        return str(row[f"{side}_words"])
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _scenarios(numbers: Numbers) -> list[Flip]:
    return [
        Flip("scenario", f"{key} {run['name']}", place_words(numbers, run))
        for key, run in scenario_runs(numbers)
        if not run["kept"]
    ]


def _lenses(numbers: Numbers) -> list[Flip]:
    first = numbers["verdict"]["option"]
    return [
        Flip("lens", f"weights as in “{lens['name']}”", place_words(numbers, lens))
        for key, lens in numbers["lenses"].items()
        if key != "default" and lens["winner"] != first
    ]


def _nearest(numbers: Numbers) -> list[Flip]:
    close = [(run["margin"], key, run) for key, run in scenario_runs(numbers) if run["runner_up"]]
    if not close:
        return []
    _, key, run = min(close, key=lambda one: one[:2])
    return [
        Flip("nearest", f"Nothing that was tried changes it. Nearest: {key} {run['name']}", place_words(numbers, run))
    ]
