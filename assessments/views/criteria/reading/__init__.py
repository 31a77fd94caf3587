"""What the pages of a criteria version show, as plain rows, one file a section."""

from assessments.views.criteria.reading.facts import facts
from assessments.views.criteria.reading.gates import gates
from assessments.views.criteria.reading.overview import overview
from assessments.views.criteria.reading.risks import risks
from assessments.views.criteria.reading.shares import shares
from assessments.views.criteria.reading.sources import sources
from assessments.views.criteria.reading.stress import stress
from assessments.views.criteria.reading.tree import tree

__all__ = ["facts", "gates", "overview", "risks", "shares", "sources", "stress", "tree"]
