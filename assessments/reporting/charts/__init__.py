"""Charts as SVG strings, the same on a page and in a report, each with the table that says the same in words.

Every kind of chart is a module with a plain dataclass and three pure functions: `draw(data, width, ident) -> str`,
`describe(data) -> str` (what stands in <desc>) and `table(data) -> Table`. `figure(data)` makes what
`components/chart.html` shows; `drawing(data, width)` what a report embeds. Equal input gives equal bytes.
"""

from types import ModuleType

from assessments.reporting.charts import (
    breach,
    ranges,
    ranks,
    risk,
    scenarios,
    shares,
    sparkline,
    tornado,
    values,
    waterfall,
)
from assessments.reporting.charts.breach import BreachOverTime, BreachPanel
from assessments.reporting.charts.colours import accents
from assessments.reporting.charts.ranges import RangeOfWeight, WeightRanges
from assessments.reporting.charts.ranks import OptionRanks, RankShares
from assessments.reporting.charts.risk import RiskOverTime, RiskPanel
from assessments.reporting.charts.scenarios import ScenarioMatrix, ScenarioOption, ScenarioRun
from assessments.reporting.charts.shares import FirstShares, Share
from assessments.reporting.charts.sparkline import Sparkline
from assessments.reporting.charts.svg import Figure, Table
from assessments.reporting.charts.tornado import Swing, Tornado
from assessments.reporting.charts.values import OptionValue, ValueBars
from assessments.reporting.charts.waterfall import Step, Waterfall

Chart = (
    ValueBars
    | ScenarioMatrix
    | FirstShares
    | RankShares
    | WeightRanges
    | Tornado
    | RiskOverTime
    | BreachOverTime
    | Sparkline
    | Waterfall
)

_MODULES: dict[type, ModuleType] = {
    ValueBars: values,
    ScenarioMatrix: scenarios,
    FirstShares: shares,
    RankShares: ranks,
    WeightRanges: ranges,
    Tornado: tornado,
    RiskOverTime: risk,
    BreachOverTime: breach,
    Sparkline: sparkline,
    Waterfall: waterfall,
}
WIDE, NARROW = 640, 340


def drawing(data: Chart, width: float = WIDE, ident: str = "") -> str:
    """The chart as an SVG string, `width` px wide. `ident` begins its ids where a page shows the same chart twice."""
    drawn: str = _MODULES[type(data)].draw(data, width, ident)
    return drawn


def table(data: Chart) -> Table:
    """The chart's numbers as words."""
    words: Table = _MODULES[type(data)].table(data)
    return words


def figure(data: Chart, ident: str = "", width: float = WIDE) -> Figure:
    """The chart for a page: wide (about as wide as its place, so that letters keep their size), narrow (phones), table.

    A sparkline has one size.
    """
    if isinstance(data, Sparkline):
        return Figure(data.title, sparkline.draw(data, ident=ident), "", table(data))
    return Figure(data.title, drawing(data, width, ident), drawing(data, NARROW, ident), table(data))


__all__ = [
    "NARROW",
    "WIDE",
    "BreachOverTime",
    "BreachPanel",
    "Chart",
    "Figure",
    "FirstShares",
    "OptionRanks",
    "OptionValue",
    "RangeOfWeight",
    "RankShares",
    "RiskOverTime",
    "RiskPanel",
    "ScenarioMatrix",
    "ScenarioOption",
    "ScenarioRun",
    "Share",
    "Sparkline",
    "Swing",
    "Step",
    "Table",
    "Tornado",
    "ValueBars",
    "WeightRanges",
    "Waterfall",
    "accents",
    "drawing",
    "figure",
    "table",
]
