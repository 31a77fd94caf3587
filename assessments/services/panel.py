"""What a panel says of each cell: the mean over functions of the mean of that function's raters, or what was agreed."""

from collections import defaultdict
from statistics import fmean

from assessments.models import AgreedValue, Rating, Review
from assessments.scoring.agreement import Rated


def panel_of(review: Review) -> dict[str, dict[str, dict[str, float | None]]] | None:
    """The panel values of a review as the engine takes them; None until the lead reveals the ratings.

    Returns {criterion: {option key: {"value": 1..5, "suggestion": what the raters saw, None without one}}}. A cell
    that nobody rated is left out. Head count buys no weight: each function counts once.
    """
    if not review.is_revealed:
        return None
    cells: dict[tuple[str, str], dict[int, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    for rating in Rating.objects.filter(review=review, to_confirm=False).select_related("option"):
        cells[rating.criterion, rating.option.key][rating.function_id].append(rating)
    panel: dict[str, dict[str, dict[str, float | None]]] = defaultdict(dict)
    for (criterion, option), functions in cells.items():
        seen = [
            fmean(float(rating.suggestion) for rating in ratings if rating.suggestion is not None)
            for ratings in functions.values()
            if any(rating.suggestion is not None for rating in ratings)
        ]
        panel[criterion][option] = {
            "value": fmean(fmean(rating.score for rating in ratings) for ratings in functions.values()),
            "suggestion": fmean(seen) if seen else None,
        }
    for agreed in AgreedValue.objects.filter(review=review).select_related("option"):
        # Agreed on under facts of its own: facts that moved between the ratings and the meeting are judged already.
        suggestion = None if agreed.suggestion is None else float(agreed.suggestion)
        panel[agreed.criterion][agreed.option.key] = {"value": float(agreed.value), "suggestion": suggestion}
    return dict(panel)


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
