"""Only what matters: the one rule by which a comparison is shortened, on the pages and by the API alike."""

from dataclasses import dataclass, replace

from assessments.services.changes.comparing import Comparison

MATTERS, ALL = SHOWS = ("matters", "all")
AREAS_APART = (
    "Weights",
    "Sources",
    "Approval route",
)  # of the criteria: told in a table of their own, or moving nothing


@dataclass(frozen=True)
class Hidden:
    """How many rows were left out: facts that move nothing, criteria without a score that moved, weights, gates."""

    facts: int = 0
    scores: int = 0
    weights: int = 0
    gates: int = 0


def only_what_matters(found: Comparison) -> tuple[Comparison, Hidden]:
    """The comparison without what moves nothing, and how much was left out; the rule stands in docs/method.md, section 8.

    A criterion stays with all its cells where one of them moved. Result, risk, options and the shift stay whole
    """
    moved = {cell.criterion for cell in found.cells if cell.moved}
    kept = replace(
        found,
        facts=tuple(one for one in found.facts if one.moves),
        cells=tuple(cell for cell in found.cells if cell.criterion in moved),
        weights=tuple(one for one in found.weights if one.set_anew),
        gates=tuple(one for one in found.gates if one.moved),
    )
    return kept, Hidden(
        facts=len(found.facts) - len(kept.facts),
        scores=len({cell.criterion for cell in found.cells} - moved),
        weights=len(found.weights) - len(kept.weights),
        gates=len(found.gates) - len(kept.gates),
    )
