"""Any two reviews, submissions or revisions of a program side by side, and why the margin between two options moved."""

from assessments.services.changes.comparing import (
    FACTS,
    PAIR,
    PANEL,
    Cell,
    Comparison,
    FactMoved,
    GateMoved,
    Weight,
    compare,
    pair_of,
)
from assessments.services.changes.sides import (
    Choice,
    Side,
    Since,
    Subject,
    choices,
    default_base,
    find,
    in_order,
    side_of,
    since_approved,
)

__all__ = [
    "FACTS",
    "PAIR",
    "PANEL",
    "Cell",
    "Choice",
    "Comparison",
    "FactMoved",
    "GateMoved",
    "Side",
    "Since",
    "Subject",
    "Weight",
    "choices",
    "compare",
    "default_base",
    "find",
    "in_order",
    "pair_of",
    "side_of",
    "since_approved",
]
