"""What the stress page shows: the runs that change facts, and other ways to judge the same facts."""

from typing import Any

from assessments.reporting import charts, result_view
from assessments.scoring.risk import SCENARIO_DRAWS
from assessments.views.results.reading import Reading, common

LEFT = 720  # px that the wider column gives a chart


def stress_of(reading: Reading) -> dict[str, Any]:
    shown, names = reading.numbers, reading.names
    gates = {gate.id: gate.name for gate in reading.framework.gates}
    return common(reading) | {
        "words": result_view.stress_words(shown),
        "scenarios": charts.figure(result_view.scenario_matrix(shown), width=LEFT),
        "runs": result_view.run_rows(shown, gates),
        "risks": result_view.run_risks(shown),
        "lenses": result_view.lens_rows(shown, names),
        "others": result_view.other_rows(shown, names),
        "counted": shown.get("counterfactual"),
        "scenario_draws": f"{SCENARIO_DRAWS:,}",
    }
