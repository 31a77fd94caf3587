"""What the risk page shows: where the risk of each option lives over time, who carries it, and what can be absorbed."""

from typing import Any

from assessments.reporting import charts, result_view
from assessments.views.results.reading import Reading, common

HALF = 600  # px that one of two columns gives a chart


def risk_of(reading: Reading) -> dict[str, Any]:
    shown = reading.numbers
    panels = [(unit, result_view.risk_over_time(shown, unit)) for unit in ("delay", "cost")]
    breach = result_view.breach_over_time(shown)
    return common(reading) | {
        "models_risk": bool(reading.framework.data.get("risk_events")),
        "words": result_view.risk_words(shown),
        "panels": [(data.unit, charts.figure(data, ident=unit, width=HALF)) for unit, data in panels if data],
        "caption": result_view.risk_caption(shown),
        "spreads": [
            (title, rows)
            for title, part in (
                ("Delay that we carry, months", "slip"),
                ("Cost that we carry, MUSD", "cost"),
                ("Cost that the partner carries, MUSD", "partner_cost"),
            )
            if (rows := result_view.spread_rows(shown, part))
        ],
        "categories": [
            ("months", result_view.category_rows(shown, "slip")),
            ("MUSD", result_view.category_rows(shown, "cost")),
        ],
        "breach": charts.figure(breach, ident="breach", width=HALF) if breach else None,
        "headroom": result_view.headroom_rows(shown),
        "held": result_view.risk_rows(shown),
        "pairs": result_view.pair_rows(shown),
        "events": [(row, result_view.event_rows(shown, row.key)) for row in result_view.risk_rows(shown)],
        "paths": f"{shown['risk']['draws']:,}" if shown.get("risk") else "",
    }
