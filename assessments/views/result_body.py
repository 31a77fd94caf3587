"""What the result pages show of a scorecard: words, rows and charts, without what the person may not see."""

from typing import Any

from accounts.models import Membership
from assessments import permissions
from assessments.models import Program, Scorecard
from assessments.reporting import charts, result_view
from assessments.scoring.confidential import without_commercial
from assessments.services.frameworks import framework_of

MOST_FIGURES = 4
LEFT, RIGHT = 720, 480  # px that the page's two columns give a chart


def body_of(
    member: Membership, program: Program, scorecard: Scorecard | None, *, numbers: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The context of results/partials/body.html.

    scorecard  the shown result; None before the first
    numbers    shown instead of the scorecard's own, on its facts and criteria
    """
    if scorecard is None:
        return {"result": None}
    framework = framework_of(scorecard.criteria_version)
    shown = scorecard.numbers if numbers is None else numbers
    commercial = permissions.can_see_commercial(member, program)
    if not commercial:
        shown = without_commercial(shown, framework)
    names = result_view.Names.of(framework.data, framework.verdict)
    start = scorecard.revision.assessment_date

    compared = shown["verdict"]["runner_up"] is not None or bool(shown["verdict"]["tied"])
    told = [*result_view.figures(shown)[:2], result_view.beyond_figure(shown), result_view.agreement_figure(shown)]
    figures = [figure for figure in (*told, *result_view.figures(shown)[2:]) if figure][:MOST_FIGURES]
    risk = [(unit, result_view.risk_over_time(shown, unit)) for unit in ("delay", "cost")]
    return {
        "result": {
            "kind": result_view.verdict_words(shown),
            "choice": result_view.choice_words(shown),
            "accent": result_view.choice_accent(shown),
            "sentence": result_view.headline_sentence(shown, names),
            "figures": figures,
            "options": list(result_view.options(shown).values()),
            "values": charts.figure(result_view.value_bars(shown, names), width=LEFT),
            "scenarios": charts.figure(result_view.scenario_matrix(shown), width=LEFT),
            "shares": charts.figure(result_view.first_shares(shown, names), width=RIGHT) if compared else None,
            "risk": [(data.unit, charts.figure(data, ident=unit)) for unit, data in risk if data],
            "risk_caption": result_view.risk_caption(shown),
            "changes": result_view.change_rows(shown, names),
            "others": shown.get("counterfactual") if compared else None,
            "former": any(one["key"] == "previous" for one in shown.get("counterfactual", {}).get("frameworks", ())),
            "sides": result_view.side_rows(shown),
            "dimensions": result_view.dimension_rows(shown, names),
            "lenses": result_view.lens_rows(shown, names),
            "checks": result_view.check_rows(shown) if compared else [],
            "gates": [gate for gate in result_view.gate_rows(shown) if gate.effect != "condition"],
            "conditions": result_view.condition_rows(shown, names, start),
            "explanation": [one["text"] for one in shown["explanation"]],
            "moved": result_view.moved_rows(shown, names),
            "warnings": shown["warnings"],
            "criteria": result_view.criterion_rows(shown, names),
            "is_panel": shown["basis"] == "panel",
            "draws": f"{shown['draws']:,}",
            "engine": shown["engine"],
            "seed": shown["seed"][:8],
        },
        "scorecard": scorecard,
        "commercial": commercial,
    }
