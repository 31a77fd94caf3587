"""The panel cell by cell, as people reconcile it: everyone's ratings, where they differ, what is missing."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, pstdev

from accounts.models import Function, Membership
from assessments.models import AgreedValue, Criterion, Dimension, Rating, Review, ReviewOption
from assessments.services.panel import panel_of
from assessments.services.ratings import asked_of
from assessments.services.sheet import reasons_for, shares_of


def _along(score: float) -> float:
    """The place of a score from 1 to 5 on a strip 100 wide."""
    return round(8 + (score - 1) * 21, 1)


@dataclass(frozen=True)
class Voice:
    """What one function says of a cell: its raters and their mean."""

    function: Function
    ratings: list[Rating]

    @property
    def mean(self) -> float:
        return fmean(rating.score for rating in self.ratings)


@dataclass(frozen=True)
class Cell:
    """value      the panel's: the mean over functions, or what was agreed; None where nobody rated
    judgement  value less the suggestion that its raters saw; None without a suggestion
    suggested  what the facts suggest now, with its reason
    moved      whether facts moved since it was judged, by the shown result
    silent     functions that are asked but have no rating here
    """

    criterion: Criterion
    option: ReviewOption
    voices: list[Voice]
    agreed: AgreedValue | None
    value: float | None
    judgement: float | None
    suggested: float | None
    reason: str
    moved: dict | None
    silent: list[Function]

    @property
    def ratings(self) -> list[Rating]:
        return [rating for voice in self.voices for rating in voice.ratings]

    @property
    def mean(self) -> float | None:
        """The mean over functions, whatever was agreed."""
        return fmean(voice.mean for voice in self.voices) if self.voices else None

    @property
    def spread(self) -> int:
        """Points between the highest and the lowest rating."""
        scores = [rating.score for rating in self.ratings]
        return max(scores) - min(scores) if scores else 0

    @property
    def disagreement(self) -> tuple[int, float]:
        """What cells are sorted by: the spread of ratings, then how far the functions' means lie apart."""
        means = [voice.mean for voice in self.voices]
        return self.spread, pstdev(means) if len(means) > 1 else 0.0

    @property
    def is_settled(self) -> bool:
        return self.agreed is not None

    @property
    def dots(self) -> list[tuple[float, float]]:
        """Where ratings lie on a strip 100 wide and 18 high; equal scores stand on each other."""
        seen: dict[int, int] = defaultdict(int)
        places = []
        for rating in sorted(self.ratings, key=lambda rating: rating.score):
            places.append((_along(rating.score), max(3.2, 9.4 - 3.1 * seen[rating.score])))
            seen[rating.score] += 1
        return places

    @property
    def suggested_at(self) -> float | None:
        """The left edge of the suggestion's tick."""
        return None if self.suggested is None else round(_along(self.suggested) - 5, 1)

    @property
    def value_at(self) -> float | None:
        return None if self.value is None else round(_along(self.value) - 1, 1)

    @property
    def lowest(self) -> int | None:
        return min((rating.score for rating in self.ratings), default=None)

    @property
    def highest(self) -> int | None:
        return max((rating.score for rating in self.ratings), default=None)


@dataclass(frozen=True)
class Row:
    criterion: Criterion
    weight: float
    owner: str
    cells: list[Cell]

    @property
    def disagreement(self) -> tuple[int, float]:
        return max(cell.disagreement for cell in self.cells)


@dataclass(frozen=True)
class Matrix:
    options: list[ReviewOption]
    groups: list[tuple[Dimension, list[Row]]]
    unconfirmed: int

    @property
    def rows(self) -> list[Row]:
        return [row for _, rows in self.groups for row in rows]

    @property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]

    def by_disagreement(self) -> list[Row]:
        """Rows with the widest disagreement first; equal ones in the framework's order."""
        return sorted(self.rows, key=lambda row: row.disagreement, reverse=True)

    def cell(self, criterion_key: str, option_key: str) -> Cell | None:
        named = (criterion_key, option_key)
        return next((cell for cell in self.cells if (cell.criterion.key, cell.option.key) == named), None)

    def first_open(self) -> Cell | None:
        """The cell with the widest disagreement that nothing was agreed on; the first of all where all is settled."""
        unsettled = [cell for cell in self.cells if not cell.is_settled and cell.ratings]
        return max(unsettled, key=lambda cell: cell.disagreement, default=next(iter(self.cells), None))


def matrix_of(review: Review, member: Membership, moved: list[dict]) -> Matrix:
    """The panel of a revealed review in a fixed number of queries.

    moved  cells that facts moved since they were judged, as the shown result names them
    """
    criteria = list(review.criteria_version.criterion_rows.select_related("dimension"))
    options = list(review.options.all())
    functions = {function.pk: function for function in review.program.organization.functions.all()}
    asked_now = {one.function_id for one in review.assignments.all()}
    held: dict[tuple[str, int], dict[int, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    unconfirmed = 0
    for rating in Rating.objects.visible_to(member, review).select_related("membership__user", "revision"):
        unconfirmed += rating.to_confirm
        if not rating.to_confirm:
            held[rating.criterion, rating.option_id][rating.function_id].append(rating)
    agreed = {
        (one.criterion, one.option_id): one
        for one in AgreedValue.objects.filter(review=review).select_related("recorded_by__user")
    }
    values, suggested, shares = panel_of(review) or {}, reasons_for(review, member), shares_of(criteria)
    stale = {(cell["criterion"], cell["option"]): cell for cell in moved}
    names = {function.key: function.name for function in functions.values()}
    groups: dict[int, tuple[Dimension, list[Row]]] = {}
    for criterion in criteria:
        cells = []
        for option in options:
            spoken = held[criterion.key, option.pk]
            panel = values.get(criterion.key, {}).get(option.key, {})
            now = suggested.get(criterion.key, {}).get(option.key, {})
            value, then = panel.get("value"), panel.get("suggestion")
            cells.append(
                Cell(
                    criterion,
                    option,
                    [Voice(functions[pk], spoken[pk]) for pk in sorted(spoken, key=lambda pk: functions[pk].position)],
                    agreed.get((criterion.key, option.pk)),
                    value,
                    None if value is None or then is None else value - then,
                    now.get("score"),
                    now.get("reason", ""),
                    stale.get((criterion.key, option.key)),
                    [
                        function
                        for function in functions.values()
                        if function.pk in asked_now and function.pk not in spoken and asked_of(criterion, function.key)
                    ],
                )
            )
        owner = names.get(criterion.owner_function, criterion.owner_function)
        _, rows = groups.setdefault(criterion.dimension_id, (criterion.dimension, []))
        rows.append(Row(criterion, shares[criterion.key], owner, cells))
    return Matrix(options, list(groups.values()), unconfirmed)
