"""What a panel says of each cell: the mean over functions of the mean of that function's raters, or what was agreed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from assessments.models import AgreedValue, Rating, Review
from assessments.scoring.agreement import Rated

Panel = dict[str, dict[str, dict[str, float | None]]]


@dataclass(frozen=True)
class Said:
    """A value that a rater or the panel gave a cell, with the suggestion that they saw. function: "" for the panel."""

    criterion: str
    option: str
    function: str
    value: float
    suggestion: float | None


def panel_from(ratings: Iterable[Said], agreed: Iterable[Said]) -> Panel:
    """The panel values as the engine takes them, whatever the order of what was said.

    Returns {criterion: {option key: {"value": 1..5, "suggestion": what the raters saw, None without one}}}. A cell
    that nobody rated is left out. Head count buys no weight: each function counts once.
    """
    cells: dict[tuple[str, str], dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for one in ratings:
        cells[one.criterion, one.option][one.function].append(one)
    panel: Panel = defaultdict(dict)
    for (criterion, option), functions in cells.items():
        seen = [
            fmean(one.suggestion for one in own if one.suggestion is not None)
            for own in functions.values()
            if any(one.suggestion is not None for one in own)
        ]
        panel[criterion][option] = {
            "value": fmean(fmean(one.value for one in own) for own in functions.values()),
            "suggestion": fmean(seen) if seen else None,
        }
    for one in agreed:
        # Agreed on under facts of its own: facts that moved between the ratings and the meeting are judged already.
        panel[one.criterion][one.option] = {"value": one.value, "suggestion": one.suggestion}
    return dict(panel)


def panel_of(review: Review) -> Panel | None:
    """The panel values of a review (see `panel_from`); None until the lead reveals the ratings."""
    if not review.is_revealed:
        return None
    rated = Rating.objects.filter(review=review, to_confirm=False)
    agreed = AgreedValue.objects.filter(review=review)
    return panel_from(
        [
            Said(criterion, option, function, float(score), None if seen is None else float(seen))
            for criterion, option, function, score, seen in rated.values_list(
                "criterion", "option__key", "function__key", "score", "suggestion"
            )
        ],
        [
            Said(criterion, option, "", float(value), None if seen is None else float(seen))
            for criterion, option, value, seen in agreed.values_list("criterion", "option__key", "value", "suggestion")
        ],
    )


def ratings_of(review: Review) -> tuple[Rated, ...]:
    """The single ratings behind the panel, as the engine takes them for its agreement; none until the reveal."""
    if not review.is_revealed:
        return ()
    rows = Rating.objects.filter(review=review, to_confirm=False).order_by("pk")
    return tuple(
        Rated(criterion, option, str(rater), function, float(score))
        for criterion, option, rater, function, score in rows.values_list(
            "criterion", "option__key", "membership__uuid", "function__key", "score"
        )
    )
