"""A tree in English: what a rule says, with the names that people know instead of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assessments.scoring.language.check import present_after
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

Said = list[tuple[str, str]]  # ("text", words) or ("fact", the name of a fact or derived quantity)


@dataclass(frozen=True)
class Known:
    """A fact or derived quantity as people know it."""

    label: str
    unit: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, Known] = field(default_factory=dict)  # of a list: the parts of its entries


COMPARISONS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}
SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷"}
STRENGTH = {"or": 1, "and": 2, "+": 4, "-": 4, "*": 5, "/": 5}


def in_words(
    tree: Node, known: Mapping[str, Known], *, condition: bool = False, choices: Mapping[str, str] | None = None
) -> Said:
    """The tree as pieces of text.

    known      names by key; a key without one is said with spaces for underscores
    condition  the whole is a yes-or-no question
    choices    the words of the choices that the value may be
    """
    speaker = _Speaker(known)
    pieces = speaker.condition(tree) if condition else speaker.value(tree, choices)
    joined: Said = []
    for kind, text in pieces:
        if joined and kind == "text" == joined[-1][0]:
            joined[-1] = ("text", joined[-1][1] + text)
        else:
            joined.append((kind, text))
    return joined


def plain(pieces: Said) -> str:
    """The pieces as one text."""
    return "".join(text for _, text in pieces)


def number_in_words(value: float) -> str:
    """A number as it is written: no needless decimals, a real minus sign."""
    text = f"{value:,.10g}" if abs(value) < 1e15 else f"{value:g}"
    return text.replace("-", "−")


def _text(words: str) -> Said:
    return [("text", words)]


class _Speaker:
    def __init__(self, known: Mapping[str, Known], present: frozenset[str] = frozenset()):
        self.known, self.present = known, present

    def of(self, node: Name) -> Known:
        return self.known.get(node.name) or Known(node.name.replace("_", " "))

    def choices_of(self, node: Node) -> Mapping[str, str]:
        return self.of(node).choices if isinstance(node, Name) else {}

    def name(self, node: Name) -> Said:
        fact: Said = [("fact", self.of(node).label)]
        return _text("the host’s ") + fact if node.host else fact

    def listed(self, parts: list[Said], last: str = "and") -> Said:
        said: Said = []
        for at, part in enumerate(parts):
            if at:
                said += _text(f" {last} " if at == len(parts) - 1 else ", ")
            said += part
        return said

    # -- conditions --------------------------------------------------------------------------------------------

    def condition(self, node: Node) -> Said:
        if isinstance(node, Truth):
            return _text("always" if node.value else "never")
        if isinstance(node, Name):
            return self.name(node) + _text(" is yes")
        if isinstance(node, Unary) and node.operator == "not":
            return self.denied(node.operand)
        if isinstance(node, Call) and node.function == "is_null":
            return self.value(node.arguments[0]) + _text(" is not stated")
        if isinstance(node, Either):
            return (
                _text("(")
                + self.condition(node.then)
                + _text(") if ")
                + self.condition(node.condition)
                + _text(", otherwise (")
                + self.condition(node.otherwise)
                + _text(")")
            )
        if isinstance(node, Binary):
            return self.compared(node)
        return self.value(node)

    def denied(self, node: Node) -> Said:
        if isinstance(node, Name):
            return self.name(node) + _text(" is no")
        if isinstance(node, Call) and node.function == "is_null":
            return self.value(node.arguments[0]) + _text(" is stated")
        if isinstance(node, Binary) and node.operator in ("in", "=="):
            return self.compared(
                Binary(node.position, {"in": "not in", "==": "!="}[node.operator], node.left, node.right)
            )
        return _text("not (") + self.condition(node) + _text(")")

    def compared(self, node: Binary) -> Said:
        operator = node.operator
        if operator in ("and", "or"):
            after = present_after(node.left, operator == "and")
            second = _Speaker(self.known, self.present | after)
            return self.side(node.left, operator) + _text(f" {operator} ") + second.side(node.right, operator)
        if operator in ("in", "not in"):
            return self.membership(node)
        if operator in ("==", "!="):
            words = " is " if operator == "==" else " is not "
            return (
                self.value(node.left, self.choices_of(node.right))
                + _text(words)
                + self.value(node.right, self.choices_of(node.left))
            )
        return self.value(node.left) + _text(f" {COMPARISONS[operator]} ") + self.value(node.right)

    def side(self, node: Node, outer: str) -> Said:
        mixed = isinstance(node, Binary) and node.operator in ("and", "or") and node.operator != outer
        return _text("(") + self.condition(node) + _text(")") if mixed else self.condition(node)

    def membership(self, node: Binary) -> Said:
        inside = node.operator == "in"
        if isinstance(node.right, Choices):
            labels = self.choices_of(node.left)
            values = [_text(labels.get(value, value.replace("_", " "))) for value in node.right.values]
            before = " is " if inside else " is neither "
            return self.value(node.left) + _text(before) + self.listed(values, "or" if inside else "nor")
        labels = self.choices_of(node.right)
        return (
            self.value(node.right)
            + _text(" include " if inside else " do not include ")
            + self.value(node.left, labels)
        )

    # -- values ------------------------------------------------------------------------------------------------

    def value(self, node: Node, labels: Mapping[str, str] | None = None) -> Said:
        match node:
            case Number():
                return _text(number_in_words(node.value))
            case Text():
                return _text((labels or {}).get(node.value, node.value.replace("_", " ")))
            case Truth():
                return _text("yes" if node.value else "no")
            case Name():
                return self.name(node)
            case Choices():
                return self.listed(
                    [_text((labels or {}).get(value, value.replace("_", " "))) for value in node.values], "or"
                )
            case Unary(operator="-"):
                return _text("−") + self.within(node.operand, 6)
            case Binary() if node.operator in SIGNS:
                strength = STRENGTH[node.operator]
                return (
                    self.within(node.left, strength)
                    + _text(f" {SIGNS[node.operator]} ")
                    + self.within(node.right, strength + (node.operator in "-/"))
                )
            case Either():
                return (
                    self.value(node.then, labels)
                    + _text(" if ")
                    + self.condition(node.condition)
                    + _text(", otherwise ")
                    + self.value(node.otherwise, labels)
                )
            case Count():
                return self.counted(node)
            case Call():
                return self.called(node)
        return self.condition(node)

    def within(self, node: Node, strength: int) -> Said:
        """In brackets where the reader would otherwise bind it wrongly."""
        loose = isinstance(node, Either) or (isinstance(node, Binary) and STRENGTH.get(node.operator, 3) < strength)
        return _text("(") + self.value(node) + _text(")") if loose else self.value(node)

    def apart(self, node: Node) -> Said:
        """One of several values in a row."""
        listed = isinstance(node, Either) or (isinstance(node, Call) and node.function in ("min", "max", "map"))
        return _text("(") + self.value(node) + _text(")") if listed else self.value(node)

    def counted(self, node: Count) -> Said:
        inner = _Speaker({**self.known, **self.of(node.listed).items}, self.present)
        listed = _text("the number of ") + self.name(node.listed)
        return listed + _text(" (where ") + inner.condition(node.condition) + _text(")")

    def called(self, node: Call) -> Said:
        arguments = node.arguments
        match node.function:
            case "bands" | "bands_le":
                return self.bands(node)
            case "map":
                return self.mapped(node)
            case "min" | "max":
                word = "smallest" if node.function == "min" else "largest"
                if len(arguments) == 2:
                    word = "smaller" if node.function == "min" else "larger"
                return _text(f"the {word} of ") + self.listed([self.apart(argument) for argument in arguments])
            case "floor" | "ceil" | "round":
                words = {"floor": "rounded down", "ceil": "rounded up", "round": "rounded"}[node.function]
                return _text("(") + self.value(arguments[0]) + _text(f" {words})")
            case "abs":
                return _text("the size of ") + self.value(arguments[0])
            case "clip":
                low, high = self.value(arguments[1]), self.value(arguments[2])
                return (
                    _text("(")
                    + self.value(arguments[0])
                    + _text(" kept between ")
                    + low
                    + _text(" and ")
                    + high
                    + _text(")")
                )
            case "default":
                if isinstance(arguments[0], Name) and arguments[0].name in self.present:
                    return self.name(arguments[0])
                return self.value(arguments[0]) + _text(" (where not stated: ") + self.value(arguments[1]) + _text(")")
            case "is_null":
                return self.condition(node)
            case "len":
                return _text("the number of ") + self.value(arguments[0])
            case "overlap":
                labels = self.choices_of(arguments[0])
                if isinstance(arguments[1], Choices):
                    return (
                        _text("how many of ")
                        + self.value(arguments[1], labels)
                        + _text(" are in ")
                        + self.value(arguments[0])
                    )
                return (
                    _text("how many of ") + self.value(arguments[0]) + _text(" are also in ") + self.value(arguments[1])
                )
            case "min_over_options":
                return _text("the lowest ") + self.value(arguments[0]) + _text(" of all options")
        return _text(f"{node.function} of ") + self.listed([self.value(argument) for argument in arguments])

    def bands(self, node: Call) -> Said:
        rising = node.function == "bands_le"
        said = self.value(node.arguments[0]) + _text(": ")
        for score, limit in zip((5, 4, 3, 2), node.arguments[1:], strict=True):
            said += _text(f"{score} {'up to' if rising else 'from'} ") + self.value(limit) + _text(", ")
        return said + _text(f"{'above' if rising else 'below'} that 1")

    def mapped(self, node: Call) -> Said:
        chosen, table = node.arguments[0], node.arguments[1]
        labels = self.choices_of(chosen)
        rows = table.rows if isinstance(table, Table) else ()
        said = self.value(chosen) + _text(": ")
        said += self.spread(
            [_text(f"{labels.get(key, key.replace('_', ' '))} → ") + self.value(value) for key, value in rows]
        )
        if len(node.arguments) == 3:
            said += _text(", otherwise ") + self.value(node.arguments[2])
        return said

    def spread(self, parts: list[Said]) -> Said:
        said: Said = []
        for at, part in enumerate(parts):
            said += (_text(", ") if at else []) + part
        return said
