"""Where the raters of a revealed review differ: the widest cells, and the words of those who differ most."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from assessments.models import Rating, Review
from assessments.reporting.brief import Disagreement
from assessments.reporting.result_view import Names, options
from assessments.reporting.result_view.flips import place_words
from assessments.reporting.result_view.words import counted

WIDE = 2  # points between the highest and the lowest rating of a cell, from which raters disagree in any case
MOST = 5


def disagreements(review: Review, numbers: Mapping[str, Any], names: Names) -> tuple[Disagreement, ...]:
    """Functions that alone would choose otherwise, then the widest cells, those first that could change the answer; each
    with the rationale of the rater farthest from the panel. Empty before the reveal.

    Cells that differ by a single point count where somebody wrote why.
    """
    if not review.is_revealed or numbers["panel"] is None:
        return ()
    agreement = numbers.get("agreement", {})  # of the full depth
    known = options(numbers)
    decisive = {(row["criterion"], row["option"]): row["winner"] for row in agreement.get("agenda", ())}
    cells: dict[tuple[str, str], list[Rating]] = defaultdict(list)
    rows = Rating.objects.filter(review=review, to_confirm=False)
    for rating in rows.select_related("option", "function", "membership__user"):
        cells[rating.criterion, rating.option.key].append(rating)
    order = {criterion: at for at, criterion in enumerate(names.criteria)}
    wide = sorted(
        (cell for cell, ratings in cells.items() if _spread(ratings) >= WIDE or _spread(ratings) and _argued(ratings)),
        key=lambda cell: (
            decisive.get(cell) is None,
            -_spread(cells[cell]),
            order.get(cell[0], 0),
            cells[cell][0].option.position,
        ),
    )
    said = [
        Disagreement(
            f"{names.function(one['function'])} alone would choose {place_words(numbers, one)}".replace(" first", "")
        )
        for one in agreement.get("alone", ())
    ]
    for cell in wide[:MOST]:
        winner = decisive.get(cell)
        said.append(_cell(cells[cell], cell, numbers, names, known[winner].name if winner else ""))
    if len(wide) > MOST:
        said.append(
            Disagreement(f"{counted(len(wide) - MOST, 'more cell')} rated differently; the panel's table has them all.")
        )
    return tuple(said)


def raters(review: Review) -> tuple[int, int]:
    """How many people's ratings count, and for how many functions."""
    pairs = set(Rating.objects.filter(review=review, to_confirm=False).values_list("membership_id", "function_id"))
    return len({person for person, _ in pairs}), len({function for _, function in pairs})


def _spread(ratings: list[Rating]) -> int:
    scores = [rating.score for rating in ratings]
    return max(scores) - min(scores)


def _argued(ratings: list[Rating]) -> bool:
    return any(rating.rationale.strip() for rating in ratings)


def _cell(
    ratings: list[Rating], cell: tuple[str, str], numbers: Mapping[str, Any], names: Names, winner: str
) -> Disagreement:
    criterion, option = cell
    value = numbers["panel"]["options"].get(option, {}).get("scores", {}).get(criterion)
    scores = sorted(rating.score for rating in ratings)
    middle = sum(scores) / len(scores) if value is None else value
    what = (
        f"{names.criteria.get(criterion, criterion)}, {ratings[0].option.name}: rated from {scores[0]} to {scores[-1]}"
    )
    what += "" if value is None else f", panel {value:.1f}"
    what += f"; could put {winner} first" if winner else ""
    dissent = max(ratings, key=lambda rating: (abs(rating.score - middle), bool(rating.rationale), -rating.pk))
    author = f"{dissent.membership.name}, {dissent.function.name}, rated {dissent.score}"
    return Disagreement(what, dissent.rationale.strip(), author)
