"""The language of derived quantities, rules, gates and tripwires.

Texts are parsed once into a closed set of nodes, checked for types, units and missing values against the names
that they may use, and evaluated over columns of facts: one call derives ten thousand programs.
"""

from assessments.scoring.language.check import Checked, Scope, check
from assessments.scoring.language.errors import EvaluationError, LanguageError
from assessments.scoring.language.evaluate import ChoiceColumn, Columns, Evaluator, ListColumn, SetColumn, evaluate
from assessments.scoring.language.parse import parse
from assessments.scoring.language.types import BOOLEAN, NUMBER, Type

__all__ = [
    "BOOLEAN",
    "NUMBER",
    "Checked",
    "ChoiceColumn",
    "Columns",
    "EvaluationError",
    "Evaluator",
    "LanguageError",
    "ListColumn",
    "Scope",
    "SetColumn",
    "Type",
    "check",
    "evaluate",
    "parse",
]
