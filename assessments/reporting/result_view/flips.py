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

    kind  weight, fact, opens (a blocked option, the answer stands), scenario, lens, nearest (nothing changes the answer)
    """

    kind: str
    what: str
    then: str


def flip_rows(numbers: Numbers, names: Names) -> list[Flip]:
    """Small changes of weights and facts (at full depth), then every stress run and lens that changes the answer; where
    nothing does, the stress run that comes nearest. Nothing while no option comes first.
    """
    if numbers["verdict"]["option"] is None:
        return []
    changed = [*_scenarios(numbers), *_lenses(numbers)]
    small = [*_weights(numbers, names), *_facts(numbers, "facts", "fact"), *_facts(numbers, "opens", "opens")]
    return [*small, *(changed or ([] if small else _nearest(numbers)))]


def place_words(numbers: Numbers, run: Mapping[str, Any]) -> str:
    """Who comes first in a run, and by how much: "CDMO first, 9.8 points ahead"."""
    known = options(numbers)
    if run["winner"] is None:
        tied = " and ".join(known[key].name for key in run.get("tied") or ())
        return f"{tied} tie" if tied else "no option left"
    named = known[run["winner"]].name
    if run["margin"] is None:
        return f"{named} first, the only one left"
    ahead = f"{run['margin']:.1f} points ahead" if run["margin"] >= 0.05 else "by less than 0.1 points"
    return f"{named} first, {ahead}"


def _weights(numbers: Numbers, names: Names) -> list[Flip]:
    found = []
    for row in numbers.get("flips", {}).get("weights", ()):
        if not 1 / FAR <= row["multiplier"] <= FAR:
            continue
        what = weight_flip_words(names.dimensions[row["dimension"]], row["flip"], row["weight"])
        found.append(Flip("weight", what, f"{options(numbers)[row['option']].name} first"))
    return found[:MOST]


def _facts(numbers: Numbers, part: str, kind: str) -> list[Flip]:
    found = []
    for row in numbers.get("flips", {}).get(part, ())[:MOST]:
        if part == "facts":
            found.append(Flip(kind, _fact(numbers, row), place_words(numbers, row)))
            continue
        opened = options(numbers)[row["opens"]].name
        if row["winner"] == row["opens"]:
            then = f"{opened} no longer blocked, and first"
        elif row["behind"] is None:
            then = f"{opened} no longer blocked"
        else:
            then = f"{opened} no longer blocked, still {row['behind']:.1f} points behind"
        found.append(Flip(kind, _fact(numbers, row), then))
    return found


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
