"""The score sheet of one assigned person: each cell with its rating, its suggestion, and, once revealed, the others."""

import math
from collections import defaultdict
from dataclasses import dataclass, field

from accounts.models import Membership
from assessments import permissions
from assessments.models import Assignment, Criterion, Dimension, Rating, RatingVersion, Review, ReviewOption
from assessments.scoring.confidential import HIDDEN, confidential
from assessments.services.criteria import given_back
from assessments.services.frameworks import framework_of
from assessments.services.ratings import criteria_for, rounded, stored
from assessments.services.suggestions import suggestions_of


@dataclass(frozen=True)
class Cell:
    """suggested  what the facts suggest now, None without a rule; `reason` why, in words
    others     everyone else's confirmed ratings of the cell; empty until the reveal
    """

    criterion: Criterion
    option: ReviewOption
    rating: Rating | None
    suggested: float | None
    reason: str
    others: list[Rating] = field(default_factory=list)

    @property
    def box(self) -> int | None:
        """The score that accepting the suggestion gives."""
        return None if self.suggested is None else rounded(self.suggested)

    @property
    def is_rated(self) -> bool:
        return self.rating is not None and not self.rating.to_confirm

    @property
    def moved(self) -> bool:
        """Whether the facts suggest something else now than when it was rated."""
        return self.rating is not None and self.rating.suggestion != stored(self.suggested)

    @property
    def agrees(self) -> list[bool]:
        """For each other rating, whether it is the same score as one's own."""
        own = self.rating.score if self.rating else None
        return [other.score == own for other in self.others]


@dataclass(frozen=True)
class Row:
    """weight: the criterion's share of the whole, in percent."""

    criterion: Criterion
    weight: float
    owner: str
    cells: list[Cell]

    @property
    def is_rated(self) -> bool:
        return all(cell.is_rated for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    assignment: Assignment
    options: list[ReviewOption]
    groups: list[tuple[Dimension, list[Row]]]

    @property
    def rows(self) -> list[Row]:
        return [row for _, rows in self.groups for row in rows]

    @property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]

    @property
    def rated(self) -> int:
        return sum(row.is_rated for row in self.rows)

    @property
    def missing(self) -> int:
        """Cells without a rating of one's own word."""
        return sum(not cell.is_rated for cell in self.cells)

    @property
    def acceptable(self) -> int:
        """Cells without any rating for which the facts suggest one."""
        return sum(cell.rating is None and cell.suggested is not None for cell in self.cells)

    @property
    def carried(self) -> int:
        return sum(cell.rating is not None and cell.rating.to_confirm for cell in self.cells)

    @property
    def carried_unmoved(self) -> int:
        """Carried ratings for which the facts suggest what they did."""
        return sum(cell.rating is not None and cell.rating.to_confirm and not cell.moved for cell in self.cells)

    def cell(self, criterion_key: str, option_key: str) -> Cell | None:
        named = (criterion_key, option_key)
        return next((cell for cell in self.cells if (cell.criterion.key, cell.option.key) == named), None)

    def first_open(self) -> Cell | None:
        """The first cell that waits for its rating; the first of all when none does."""
        return next((cell for cell in self.cells if not cell.is_rated), None) or next(iter(self.cells), None)


def shares_of(criteria: list[Criterion]) -> dict[str, float]:
    """{criterion: its share of the whole in percent}: its dimension's weight times its own among its siblings."""
    dimensions = {row.dimension_id: float(row.dimension.weight) for row in criteria}
    siblings: dict[int, list[float]] = defaultdict(list)
    for row in criteria:
        siblings[row.dimension_id].append(float(row.weight))
    whole = math.fsum(dimensions.values())
    return {
        row.key: 100 * dimensions[row.dimension_id] / whole * float(row.weight) / math.fsum(siblings[row.dimension_id])
        for row in criteria
    }


def reasons_for(review: Review, member: Membership) -> dict[str, dict[str, dict]]:
    """The suggestions as the person may read them: reasons that rest on prices and terms only for whom they are."""
    suggested = suggestions_of(review)
    if permissions.can_see_commercial(member, review.program):
        return suggested
    hidden = confidential(framework_of(review.criteria_version)).criteria
    return {
        criterion: {key: cell | {"reason": HIDDEN} for key, cell in cells.items()} if criterion in hidden else cells
        for criterion, cells in suggested.items()
    }


def sheet_of(review: Review, member: Membership) -> Sheet | None:
    """The sheet of the person's own assignment; None without one. A fixed number of queries."""
    assignment = Assignment.objects.filter(review=review, membership=member).select_related("function").first()
    if assignment is None:
        return None
    every = list(review.criteria_version.criterion_rows.select_related("dimension"))
    names = dict(review.program.organization.functions.values_list("key", "name"))
    shares, suggested, options = shares_of(every), reasons_for(review, member), list(review.options.all())
    mine: dict[tuple[str, int], Rating] = {}
    others: dict[tuple[str, int], list[Rating]] = defaultdict(list)
    for rating in Rating.objects.visible_to(member, review):
        if rating.membership_id == member.pk:
            mine[rating.criterion, rating.option_id] = rating
        elif not rating.to_confirm:
            others[rating.criterion, rating.option_id].append(rating)
    groups: dict[int, tuple[Dimension, list[Row]]] = {}
    for criterion in criteria_for(review, assignment):
        cells = [
            Cell(
                criterion,
                option,
                mine.get((criterion.key, option.pk)),
                suggested.get(criterion.key, {}).get(option.key, {}).get("score"),
                suggested.get(criterion.key, {}).get(option.key, {}).get("reason", ""),
                others[criterion.key, option.pk],
            )
            for option in options
        ]
        owner = names.get(criterion.owner_function, criterion.owner_function)
        _, rows = groups.setdefault(criterion.dimension_id, (criterion.dimension, []))
        rows.append(Row(criterion, shares[criterion.key], owner, cells))
    return Sheet(assignment, options, list(groups.values()))


def anchors_of(criterion: Criterion, kind: str) -> list[tuple[int, str]]:
    """The anchors of a criterion's scale for a kind of option, best first."""
    given = given_back(criterion.definition).get("anchors") or {}
    texts = given.get(kind) or given.get("all") or {}
    return sorted(((int(score), text) for score, text in texts.items()), reverse=True)


def history_of(rating: Rating) -> list[RatingVersion]:
    """Every version of a rating, latest first."""
    return list(rating.versions.select_related("revision").order_by("-number"))
