"""The result in sentences, assembled from the scorecard's own numbers; each names where its numbers stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework


def verdict_sentence(verdict: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One sentence; only an option that beats another open one is called recommended."""
    option = names.get(verdict["option"] or "", "")
    other = names.get(verdict["runner_up"] or "", "")
    count = verdict["conditions"]
    tail = f", with {count} mandatory condition{'' if count == 1 else 's'}" if count else ""
    match verdict["kind"]:
        case "no_credible_option":
            return "No credible option: every option is blocked; the facts must change first."
        case "best_remaining":
            return f"{option} is the best remaining option, as all others are blocked{tail}."
        case "clear":
            return f"{option} is recommended, clearly ahead of {other}{tail}."
        case "leaning":
            return f"{option} is recommended, leaning: ahead of {other} but not in every respect{tail}."
    if verdict["tied"]:
        return f"A tie between {' and '.join(names[key] for key in verdict['tied'])}{tail}."
    return f"A close call: {option} before {other} by less than the facts can carry{tail}."


def explain(card: Mapping[str, Any], framework: Framework) -> list[dict[str, Any]]:
    """[{"text", "from": [paths into the scorecard]}], the verdict first."""
    verdict = card["verdict"]
    names = {option["key"]: option["name"] for option in card["options"]}
    result = card["panel"] or card["facts"]
    side = "panel" if card["panel"] else "facts"
    said = [{"text": verdict["sentence"], "from": ["verdict"]}]
    first, second = verdict["option"], verdict["runner_up"]
    if first:
        own = result["options"][first]
        said.append(
            {"text": f"{names[first]} scores {own['total']:.1f} of 100.", "from": [f"{side}.options.{first}.total"]}
        )
    if first and second:
        said[-1]["text"] = (
            f"{names[first]} scores {own['total']:.1f} of 100, {verdict['margin']:.1f} more than {names[second]}."
        )
        said[-1]["from"].append("verdict.margin")
        if verdict["within_resolution"]:
            said.append({"text": "The difference is within model resolution.", "from": ["verdict.margin"]})
        gaps = [
            (
                own["dimensions"][d.key]["contribution"]
                - result["options"][second]["dimensions"][d.key]["contribution"],
                d,
            )
            for d in framework.dimensions
        ]
        for sign, words in ((1, "gains most on"), (-1, "loses most on")):
            gap, dimension = max(gaps, key=lambda pair: sign * pair[0])
            if sign * gap >= 0.05:
                paths = [f"{side}.options.{key}.dimensions.{dimension.key}.contribution" for key in (first, second)]
                said.append({"text": f"It {words} {dimension.name} ({gap:+.1f} points).", "from": paths})
        share = verdict["first_share"]
        runs = f"{verdict['scenarios_kept']} of {verdict['scenarios']} scenarios"
        text = f"It is first in {share:.0%} of {card['draws']:,} plausible weight sets and in {runs}."
        said.append({"text": text, "from": [f"robustness.first_share.{first}", "verdict.scenarios_kept"]})
    for key, option in result["options"].items():
        if option["blocked"]:
            why = "; ".join(
                g["message"].rstrip(".") for g in card["gates"] if g["effect"] == "block" and key in g["options"]
            )
            text = f"{names[key]} is blocked by {', '.join(option['blocked_by'])}: {why}."
            said.append({"text": text, "from": [f"{side}.options.{key}.blocked_by", "gates"]})
    changed = {scenario: one["name"] for scenario, one in card["scenarios"].items() if not one["kept"]}
    if first and changed:
        text = f"The answer changes under: {'; '.join(changed.values())}."
        said.append({"text": text, "from": [f"scenarios.{one}" for one in changed]})
    return said


def explain_risk(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the first option puts at risk, and whether another would slip less; beside the value, never merged with it."""
    first, risk = card["verdict"]["option"], card["risk"]
    if not first:
        return []
    names = {option["key"]: option["name"] for option in card["options"]}
    own, horizon = risk["options"][first], len(risk["half_years"]) * risk["bucket_months"]
    said = [
        {
            "text": f"Over {horizon} months {names[first]} delays the program by {own['slip']['p50']:.1f} months at the "
            f"median and by {own['slip']['p80']:.1f} or more in one case of five.",
            "from": [f"risk.options.{first}.slip.p50", f"risk.options.{first}.slip.p80"],
        }
    ]
    if risk["capacity"]:
        reached = own["first_breach"]
        text = (
            f"In no half-year is {names[first]} more likely than not to ask for more than can be absorbed."
            if reached is None
            else f"From months {risk['half_years'][reached]} on, {names[first]} asks for more than can be absorbed in at "
            "least every second case."
        )
        said.append({"text": text, "from": [f"risk.options.{first}.first_breach", "risk.capacity"]})
    side = "panel" if card["panel"] else "facts"
    rivals = [key for key in names if key != first and not card[side]["options"][key]["blocked"]]
    if rivals:
        calm = min(rivals, key=lambda key: risk["options"][key]["slip"]["mean"])
        pair = risk["paired"].get(f"{first}|{calm}") or risk["paired"][f"{calm}|{first}"]
        means = [risk["options"][key]["slip"]["mean"] for key in (first, calm)]
        paths = [f"risk.options.{key}.slip.mean" for key in (first, calm)]
        if abs(pair["slip"]) < 2 * pair["slip_se"] or abs(means[0] - means[1]) < 0.5:
            text = f"In delay {names[first]} and {names[calm]} cannot be told apart ({means[0]:.1f} and {means[1]:.1f} months)."
            said.append({"text": text, "from": [*paths, "risk.paired"]})
        elif means[1] < means[0]:
            text = f"{names[calm]} would delay less: {means[1]:.1f} months in the mean against {means[0]:.1f}."
            said.append({"text": text, "from": [*paths, "risk.paired"]})
    return said
