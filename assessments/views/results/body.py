"""What the result page shows: the answer, what it is made of, what stands in its way, and pointers to what lies deeper."""

from typing import Any

from assessments.reporting import charts, result_view
from assessments.views.results.reading import Reading, common

MOST_FIGURES = 4
LEFT, RIGHT = 720, 480  # px that the page's two columns give a chart


def result_of(reading: Reading) -> dict[str, Any]:
    shown, names = reading.numbers, reading.names
    told = [*result_view.figures(shown)[:2], result_view.beyond_figure(shown), result_view.agreement_figure(shown)]
    figures = [figure for figure in (*told, *result_view.figures(shown)[2:]) if figure][:MOST_FIGURES]
    return common(reading) | {
        "figures": figures,
        "values": charts.figure(result_view.value_bars(shown, names), width=LEFT),
        "shares": charts.figure(result_view.first_shares(shown, names), width=RIGHT) if reading.compared else None,
        "nearest": result_view.nearest_flips(shown, names),
        "risk": result_view.risk_rows(shown),
        "stress": result_view.stress_words(shown),
        "sides": result_view.side_rows(shown),
        "dimensions": result_view.dimension_rows(shown, names),
        "lead": result_view.lead_words(shown),
        "gates": [gate for gate in result_view.gate_rows(shown) if gate.effect != "condition"],
        "conditions": result_view.condition_rows(shown, names, reading.start),
        "explanation": [one["text"] for one in shown["explanation"]],
        "moved": result_view.moved_rows(shown, names),
        "clipped": result_view.clipped_rows(shown, names),
        "certain": result_view.certain_words(shown),
        "warnings": shown["warnings"],
        "criteria": result_view.criterion_rows(shown, names),
    }
