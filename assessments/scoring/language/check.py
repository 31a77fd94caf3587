"""Checking a tree against the names it may use: types, units, choices, and values that may be missing."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from assessments.scoring.language.errors import LanguageError
from assessments.scoring.language.tree import (
    Binary,
    Call,
    Choices,
    Count,
    Either,
    Name,
    Node,
    Number,
    Table,
    Text,
    Truth,
    Unary,
)
from assessments.scoring.language.types import BOOLEAN, NUMBER, Type

FUNCTIONS = (
    "abs bands bands_le ceil clip count default floor is_null len map max min min_over_options overlap round".split()
)


@dataclass(frozen=True)
class Scope:
    """The names that a text may use.

    names    facts and derived quantities by name
    host     names that may stand behind `host.`; None where there is no host
    options  numeric option-scope names that min_over_options() may take
    """

    names: Mapping[str, Type]
    host: Mapping[str, Type] | None = None
    options: Mapping[str, Type] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """A tree that passed, with its type and the names that it reads ("host.x" for a host's)."""

    tree: Node
    type: Type
    reads: frozenset[str]


def check(tree: Node, scope: Scope, expected: Type | None = None) -> Checked:
    """Raises LanguageError with the place and the way out, unless the tree is sound and of the expected kind."""
    checker = _Checker(scope)
    found = checker.type_of(tree, frozenset())
    if expected is not None:
        if found.kind != expected.kind:
            raise LanguageError(f"{expected.named()} is needed, and this is {found.named()}.", tree.position)
        if found.nullable and not expected.nullable:
            raise LanguageError("The result may be missing; give a default(value, instead).", tree.position)
        if expected.unit and found.unit and expected.unit != found.unit:
            raise LanguageError(f"The result is in {found.unit}, and {expected.unit} is needed.", tree.position)
    return Checked(tree, found, frozenset(checker.reads))


def nearest(word: str, known) -> str:
    """A hint that names the nearest valid word, or all of a few."""
    few = f" It may be {', '.join(map(repr, known))}." if 0 < len(known) <= 8 else ""
    return closest(word, known) or few


def closest(word: str, known) -> str:
    """A hint that names the nearest valid word, for a sentence that names all of them already; empty without one."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def present_after(node: Node, truth: bool) -> frozenset[str]:
    """The names that are known not to be missing once a condition turned out as `truth`."""
    if isinstance(node, Call) and node.function == "is_null" and isinstance(node.arguments[0], Name):
        return frozenset() if truth else frozenset({_key(node.arguments[0])})
    if isinstance(node, Unary) and node.operator == "not":
        return present_after(node.operand, not truth)
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        left, right = present_after(node.left, truth), present_after(node.right, truth)
        return left | right if (node.operator == "and") == truth else left & right
    return frozenset()


def _key(name: Name) -> str:
    return f"host.{name.name}" if name.host else name.name


class _Checker:
    def __init__(self, scope: Scope):
        self.scope = scope
        self.reads: set[str] = set()

    def type_of(self, node: Node, present: frozenset[str]) -> Type:
        return getattr(self, "_" + type(node).__name__.lower())(node, present)

    def number(self, node: Node, present: frozenset[str], what: str) -> Type:
        """The type of an operand that must be a number that is there."""
        found = self.type_of(node, present)
        if found.kind != "number":
            raise LanguageError(f"{what} needs numbers, and this is {found.named()}.", node.position)
        if found.nullable:
            name = node.name if isinstance(node, Name) else "this value"
            raise LanguageError(f"{name} may be missing; write default({name}, instead).", node.position)
        return found

    def truth(self, node: Node, present: frozenset[str], what: str) -> None:
        found = self.type_of(node, present)
        if found.kind != "boolean":
            raise LanguageError(f"{what} needs a condition, and this is {found.named()}.", node.position)

    # -- leaves ------------------------------------------------------------------------------------------------

    def _number(self, node: Number, present) -> Type:
        return NUMBER

    def _truth(self, node: Truth, present) -> Type:
        return BOOLEAN

    def _text(self, node: Text, present) -> Type:
        return Type("choice", choices=(node.value,))

    def _choices(self, node: Choices, present) -> Type:
        return Type("choices", choices=node.values)

    def _table(self, node: Table, present) -> Type:
        raise LanguageError("A table stands only inside map().", node.position)

    def _name(self, node: Name, present) -> Type:
        names = self.scope.host if node.host else self.scope.names
        if names is None:
            raise LanguageError("Only a hybrid option has a host.", node.position)
        if node.name not in names:
            where = "host." if node.host else ""
            raise LanguageError(f"Unknown name '{where}{node.name}'.{nearest(node.name, names)}", node.position)
        self.reads.add(_key(node))
        found = names[node.name]
        return found.present() if _key(node) in present else found

    # -- operators ---------------------------------------------------------------------------------------------

    def _unary(self, node: Unary, present) -> Type:
        if node.operator == "not":
            self.truth(node.operand, present, "'not'")
            return BOOLEAN
        return self.number(node.operand, present, "'-'")

    def _binary(self, node: Binary, present) -> Type:
        if node.operator in ("and", "or"):
            self.truth(node.left, present, f"'{node.operator}'")
            self.truth(node.right, present | present_after(node.left, node.operator == "and"), f"'{node.operator}'")
            return BOOLEAN
        if node.operator in ("in", "not in"):
            return self._membership(node, present)
        if node.operator in ("==", "!="):
            left, right = self.type_of(node.left, present), self.type_of(node.right, present)
            if left.kind == right.kind == "choice":
                self._same_choices(node, left, right)
                return BOOLEAN
            if left.kind == right.kind == "boolean":
                return BOOLEAN
            if left.kind != right.kind or left.kind != "number":
                raise LanguageError(f"{left.named()} cannot be compared with {right.named()}.", node.position)
        left = self.number(node.left, present, f"'{node.operator}'")
        right = self.number(node.right, present, f"'{node.operator}'")
        if node.operator == "*":
            return Type("number", None if left.unit and right.unit else left.unit or right.unit)
        if node.operator == "/":
            return Type("number", left.unit if not right.unit else None)
        unit = self._one_unit(node, left, right)
        return Type("number", unit) if node.operator in "+-" else BOOLEAN

    def _one_unit(self, node: Node, *types: Type) -> str | None:
        units = {found.unit for found in types if found.unit}
        if len(units) > 1:
            raise LanguageError(f"Units differ: {' and '.join(sorted(units))}.", node.position)
        return units.pop() if units else None

    def _same_choices(self, node: Binary, left: Type, right: Type) -> None:
        for side, other in ((node.left, right), (node.right, left)):
            if isinstance(side, Text) and other.choices is not None and side.value not in other.choices:
                raise LanguageError(
                    f"{side.value!r} is not one of its choices.{nearest(side.value, other.choices)}", side.position
                )

    def _membership(self, node: Binary, present) -> Type:
        left, right = self.type_of(node.left, present), self.type_of(node.right, present)
        if left.kind != "choice" or right.kind not in ("choices", "set"):
            raise LanguageError(f"'in' needs a choice and a list of choices, not {right.named()}.", node.position)
        outer, inner = (left, right) if right.kind == "choices" else (right, left)
        if outer.choices is not None:
            for value in inner.choices or ():
                if value not in outer.choices:
                    raise LanguageError(
                        f"{value!r} is not one of its choices.{nearest(value, outer.choices)}", node.position
                    )
        return BOOLEAN

    def _either(self, node: Either, present) -> Type:
        self.truth(node.condition, present, "'if'")
        then = self.type_of(node.then, present | present_after(node.condition, True))
        otherwise = self.type_of(node.otherwise, present | present_after(node.condition, False))
        if then.kind != otherwise.kind or then.kind not in ("number", "boolean"):
            raise LanguageError(
                f"Both sides of 'if' must be alike, not {then.named()} and {otherwise.named()}.", node.position
            )
        unit = self._one_unit(node, then, otherwise) if then.kind == "number" else None
        return Type(then.kind, unit, nullable=then.nullable or otherwise.nullable)

    # -- functions ---------------------------------------------------------------------------------------------

    def _count(self, node: Count, present) -> Type:
        listed = self._name(node.listed, present)
        if listed.kind != "list":
            raise LanguageError(
                f"count() needs a list, and {node.listed.name} is {listed.named()}.", node.listed.position
            )
        outer = self.scope
        self.scope = Scope({**outer.names, **dict(listed.items)}, outer.host, outer.options)
        try:
            before = set(self.reads)
            self.truth(node.condition, present - {key for key, _ in listed.items}, "count()")
            self.reads = before | (self.reads - {key for key, _ in listed.items})
        finally:
            self.scope = outer
        return NUMBER

    def _call(self, node: Call, present) -> Type:
        if node.function not in FUNCTIONS:
            raise LanguageError(
                f"Unknown function {node.function!r}.{nearest(node.function, FUNCTIONS)}", node.position
            )
        return getattr(self, "_call_" + node.function)(node, present)

    def _need(self, node: Call, least: int, most: int | None = None) -> None:
        most = least if most is None else most
        if not least <= len(node.arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise LanguageError(f"{node.function}() takes {wanted} values, not {len(node.arguments)}.", node.position)

    def _numbers(self, node: Call, present) -> list[Type]:
        return [self.number(argument, present, f"{node.function}()") for argument in node.arguments]

    def _call_bands(self, node: Call, present, rising: bool = False) -> Type:
        self._need(node, 5)
        self._one_unit(node, *self._numbers(node, present))
        written = [literal(argument) for argument in node.arguments[1:]]
        limits = [limit for limit in written if limit is not None]
        if len(limits) == len(written) and limits != sorted(limits, reverse=not rising):
            raise LanguageError(f"The limits of {node.function}() must {'rise' if rising else 'fall'}.", node.position)
        return NUMBER

    def _call_bands_le(self, node: Call, present) -> Type:
        return self._call_bands(node, present, rising=True)

    def _call_map(self, node: Call, present) -> Type:
        self._need(node, 2, 3)
        chosen = self.type_of(node.arguments[0], present)
        table = node.arguments[1]
        if chosen.kind != "choice" or not isinstance(table, Table):
            raise LanguageError('map() takes a choice and a table such as {"none": 1, "full": 5}.', node.position)
        keys = [key for key, _ in table.rows]
        for key in keys:
            if chosen.choices is not None and key not in chosen.choices:
                raise LanguageError(f"{key!r} is not one of its choices.{nearest(key, chosen.choices)}", table.position)
        if len(set(keys)) != len(keys):
            raise LanguageError("A choice stands twice in the table.", table.position)
        types = [self.number(value, present, "map()") for _, value in table.rows]
        if len(node.arguments) == 3:
            types.append(self.number(node.arguments[2], present, "map()"))
        elif chosen.nullable or chosen.choices is None or set(chosen.choices) - set(keys):
            left = sorted(set(chosen.choices or ()) - set(keys))
            raise LanguageError(
                f"map() has no answer for {', '.join(left) or 'a missing value'}; give a default.", node.position
            )
        return Type("number", self._one_unit(node, *types))

    def _call_min(self, node: Call, present) -> Type:
        self._need(node, 2, 20)
        return Type("number", self._one_unit(node, *self._numbers(node, present)))

    _call_max = _call_min

    def _call_clip(self, node: Call, present) -> Type:
        self._need(node, 3)
        return Type("number", self._one_unit(node, *self._numbers(node, present)))

    def _call_abs(self, node: Call, present) -> Type:
        self._need(node, 1)
        return self._numbers(node, present)[0]

    _call_floor = _call_ceil = _call_abs

    def _call_round(self, node: Call, present) -> Type:
        self._need(node, 1, 2)
        if len(node.arguments) == 2 and literal(node.arguments[1]) not in (0, 1, 2, 3, 4, 5, 6):
            raise LanguageError("round() takes 0 to 6 decimals, written as a number.", node.position)
        return self._numbers(node, present)[0]

    def _call_default(self, node: Call, present) -> Type:
        self._need(node, 2)
        value = self.type_of(node.arguments[0], present)
        if value.kind != "number":
            raise LanguageError(f"default() needs a number, and this is {value.named()}.", node.position)
        instead = self.number(node.arguments[1], present, "default()")
        return Type("number", self._one_unit(node, value, instead))

    def _call_is_null(self, node: Call, present) -> Type:
        self._need(node, 1)
        found = self.type_of(node.arguments[0], present)
        if found.kind not in ("number", "choice"):
            raise LanguageError(f"is_null() needs a number or a choice, and this is {found.named()}.", node.position)
        return BOOLEAN

    def _call_len(self, node: Call, present) -> Type:
        self._need(node, 1)
        found = self.type_of(node.arguments[0], present)
        if found.kind not in ("set", "list"):
            raise LanguageError(f"len() needs a list, and this is {found.named()}.", node.position)
        return NUMBER

    def _call_overlap(self, node: Call, present) -> Type:
        self._need(node, 2)
        left, right = (self.type_of(argument, present) for argument in node.arguments)
        if left.kind != "set" or right.kind not in ("set", "choices"):
            raise LanguageError("overlap() takes a set of choices and another one.", node.position)
        for value in right.choices or ():
            if left.choices is not None and value not in left.choices:
                raise LanguageError(
                    f"{value!r} is not one of its choices.{nearest(value, left.choices)}", node.position
                )
        return NUMBER

    def _call_min_over_options(self, node: Call, present) -> Type:
        self._need(node, 1)
        name = node.arguments[0]
        if not isinstance(name, Name) or name.host or name.name not in self.scope.options:
            raise LanguageError("min_over_options() takes the name of a number that every option has.", node.position)
        self.reads.add(name.name)
        return self.scope.options[name.name]


def literal(node: Node) -> float | None:
    """The value of a number that is written out, with its sign; None for anything else."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Number):
        return -node.operand.value
    return None
