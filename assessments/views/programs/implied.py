"""What a draft implies, in the few figures beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from assessments.errors import Missing
from assessments.services import drafts
from assessments.services.drafts.reading import completeness
from assessments.views.programs.cells import DraftView

EFFECTS = (("block", "Blocks"), ("condition", "Conditions"), ("warn", "Warnings"))


def implied_context(view: DraftView) -> dict[str, Any]:
    """Completeness, and the headline of the draft's facts or why there is none yet."""
    draft = view.draft
    context: dict[str, Any] = {"complete": completeness(draft), "card": None, "lacking": []}
    context["to_confirm"] = sum(cell.to_confirm for cell in draft.cells)
    context["by_function"] = [
        {"name": view.functions.get(key, key), "missing": counts["total"] - counts["given"], **counts}
        for key, counts in context["complete"]["functions"].items()
        if counts["given"] < counts["total"]
    ]
    try:
        card = drafts.preview(draft, view.rights)
    except Missing as missing:
        return context | {"lacking": missing.things}
    return context | {"card": card, "implied": figures(card)}


def figures(card: dict[str, Any]) -> dict[str, Any]:
    """The verdict in words, each option's total, and the gates that fire, from a scorecard's facts-only part."""
    names = {option["key"]: option for option in card["options"]}
    result = card["facts"]
    return {
        "sentence": card["verdict"]["sentence"],
        "options": [
            {
                "name": names[key]["name"],
                "kind": names[key]["kind"],
                "total": result["options"][key]["total"],
                "blocked": result["options"][key]["blocked"],
                "rank": result["options"][key]["rank"],
            }
            for key in result["order"]
        ],
        "gates": _gates(card["gates"], {key: option["name"] for key, option in names.items()}),
    }


def _gates(fired: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The gates that fire, blocks first; what one says of several options alike is said once, of all of them.

    names  of every option by its key
    """
    found: dict[tuple[str, str, str], set[str]] = {}
    for effect, _ in EFFECTS:
        for gate in fired:
            if gate["effect"] == effect:
                found.setdefault((effect, gate["name"], gate["message"]), set()).update(gate["options"])
    return [
        {
            "effect": effect,
            "name": name,
            "message": message,
            "options": "every option" if keys == set(names) else ", ".join(names[key] for key in names if key in keys),
        }
        for (effect, name, message), keys in found.items()
    ]
