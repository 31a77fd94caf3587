"""A scorecard as one person reads it: without what rests on prices and terms where they may not see those."""

import datetime
from dataclasses import dataclass
from typing import Any

from accounts.models import Membership
from assessments import permissions
from assessments.models import Program, Scorecard
from assessments.reporting import result_view
from assessments.scoring.confidential import without_commercial
from assessments.scoring.framework import Framework
from assessments.services.frameworks import framework_of


@dataclass(frozen=True)
class Reading:
    """numbers: the scorecard's, without what the person may not see; start: the day of month 0."""

    scorecard: Scorecard
    numbers: dict[str, Any]
    names: result_view.Names
    framework: Framework
    commercial: bool
    start: datetime.date

    @property
    def compared(self) -> bool:
        """Whether two options or more are open, so that there is an order to ask about."""
        return self.numbers["verdict"]["runner_up"] is not None or bool(self.numbers["verdict"]["tied"])


def read(
    member: Membership, program: Program, scorecard: Scorecard | None, numbers: dict[str, Any] | None = None
) -> Reading | None:
    """None before the first result. numbers: read instead of the scorecard's own, on its facts and criteria."""
    if scorecard is None:
        return None
    framework = framework_of(scorecard.criteria_version)
    shown = scorecard.numbers if numbers is None else numbers
    commercial = bool(permissions.can_see_commercial(member, program))
    if not commercial:
        shown = without_commercial(shown, framework)
    names = result_view.Names.of(framework.data, framework.verdict)
    return Reading(scorecard, shown, names, framework, commercial, scorecard.revision.assessment_date)


def common(reading: Reading) -> dict[str, Any]:
    """What every page of a result says: the answer in words, the options, and where the numbers come from."""
    shown = reading.numbers
    return {
        "kind": result_view.verdict_words(shown),
        "choice": result_view.choice_words(shown),
        "accent": result_view.choice_accent(shown),
        "sentence": result_view.headline_sentence(shown, reading.names),
        "options": list(result_view.options(shown).values()),
        "is_panel": shown["basis"] == "panel",
        "is_full": shown["depth"] == "full",
        "draws": f"{shown['draws']:,}",
        "engine": shown["engine"],
        "seed": shown["seed"][:8],
    }
