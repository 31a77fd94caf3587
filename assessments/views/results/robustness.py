"""What the robustness page shows: how much the order rests on the weights, and the smallest changes that alter it."""

from typing import Any

from assessments.reporting import charts, result_view
from assessments.views.results.reading import Reading, common

HALF = 600  # px that one of two columns gives a chart


def robustness_of(reading: Reading) -> dict[str, Any]:
    shown, names, plan = reading.numbers, reading.names, reading.framework.plausible
    ranks, swings = result_view.rank_shares(shown), result_view.tornado(shown, names)
    weights, criteria = (result_view.weight_ranges(shown, names, group) for group in ("dimensions", "criteria"))
    return common(reading) | {
        "shares": charts.figure(result_view.first_shares(shown, names), width=HALF) if reading.compared else None,
        "plausible": [
            (f"{low:g}", f"{high:g}", word)
            for word, (low, high) in (("dimension", plan["dimension"]), ("criterion", plan["criterion"]))
        ],
        "apart": result_view.apart_words(shown),
        "why_not": result_view.why_no_any_weights(shown),
        "ranks": charts.figure(ranks, width=HALF) if ranks else None,
        "any_draws": f"{ranks.draws:,}" if ranks else "",
        "any_words": result_view.any_weights_words(shown),
        "compared": result_view.compared(shown),
        "central": result_view.central_rows(shown, names),
        "confidence": result_view.confidence_rows(shown),
        "beats": result_view.beats_rows(shown),
        "ranges": charts.figure(weights, width=HALF) if weights else None,
        "criteria_ranges": charts.table(criteria) if criteria else None,
        "tornado": charts.figure(swings, width=HALF) if swings else None,
        "flips": result_view.every_flip(shown, names),
        "checks": result_view.check_rows(shown) if reading.compared else [],
    }
