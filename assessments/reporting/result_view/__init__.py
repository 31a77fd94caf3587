"""A scorecard's numbers as pages and reports show them: words, rows and chart data. Plain data in, plain data out.

`numbers` is a scorecard as `assessments.scoring` documents it; `names` what its framework calls things. Where a function
takes `basis`, "facts" or "panel" chooses the result shown; by default the one that the verdict rests on.
"""

from assessments.reporting.charts.shares import share_words
from assessments.reporting.result_view.drawn import first_shares, scenario_matrix, value_bars
from assessments.reporting.result_view.names import Names
from assessments.reporting.result_view.risk import beyond_figure, risk_caption, risk_over_time
from assessments.reporting.result_view.rows import (
    Change,
    CheckRow,
    Condition,
    CriterionRow,
    DimensionRow,
    Gate,
    LensRow,
    Moved,
    SideRow,
    change_rows,
    check_rows,
    condition_rows,
    criterion_rows,
    dimension_rows,
    gate_rows,
    lens_rows,
    month_words,
    moved_rows,
    side_rows,
)
from assessments.reporting.result_view.words import (
    Option,
    agreement_figure,
    choice_accent,
    choice_words,
    figures,
    first_share_words,
    headline_sentence,
    options,
    scenario_runs,
    verdict_kind_words,
    verdict_words,
)

__all__ = [
    "Change",
    "CheckRow",
    "Condition",
    "CriterionRow",
    "DimensionRow",
    "Gate",
    "LensRow",
    "Moved",
    "Names",
    "Option",
    "SideRow",
    "agreement_figure",
    "beyond_figure",
    "change_rows",
    "check_rows",
    "choice_accent",
    "choice_words",
    "condition_rows",
    "criterion_rows",
    "dimension_rows",
    "figures",
    "first_share_words",
    "first_shares",
    "gate_rows",
    "headline_sentence",
    "lens_rows",
    "month_words",
    "moved_rows",
    "options",
    "risk_caption",
    "risk_over_time",
    "scenario_matrix",
    "scenario_runs",
    "share_words",
    "side_rows",
    "value_bars",
    "verdict_kind_words",
    "verdict_words",
]
