"""From text to tree: a hand-written recursive descent over a closed grammar, bounded before it begins."""

import re

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

MOST_CHARACTERS = 4_000
MOST_NODES = 200
MOST_DEPTH = 20
# The grammar's own levels between two parentheses; what a person wrote is MOST_DEPTH deep at most.
KEYWORDS = frozenset({"and", "or", "not", "if", "else", "in", "where", "true", "false"})

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)(?![\w.])|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"\\\n]*\"|'[^'\\\n]*')|(?P<operator>==|!=|<=|>=|[-+*/<>()\[\]{},:.]))"
)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise LanguageError(f"{text[start : start + 12]!r} is not part of the language.", start)
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind), match.start(kind)))
        at = match.end()
    found.append(("end", "", end))
    return found


class _Parser:
    def __init__(self, text: str):
        self.tokens = _tokens(text)
        self.at = 0
        self.nodes = 0
        self.depth = 0

    # -- tokens ------------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        return self.tokens[self.at][2]

    def sees(self, *wanted: str) -> bool:
        kind, value, _ = self.tokens[self.at]
        return kind in ("operator", "name") and value in wanted

    def take(self, *wanted: str) -> str | None:
        if self.sees(*wanted):
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def demand(self, wanted: str) -> None:
        if not self.take(wanted):
            found = self.tokens[self.at][1] or "the end"
            raise LanguageError(f"{wanted!r} is expected here, not {found!r}.", self.position)

    def made(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise LanguageError(f"The text has more than {MOST_NODES} parts; split it over derived quantities.", 0)
        return node

    # -- grammar, loosest first --------------------------------------------------------------------------------

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise LanguageError(f"The text is nested more than {MOST_DEPTH} deep.", self.position)
        try:
            position = self.position
            then = self.any_of()
            if not self.take("if"):
                return then
            condition = self.any_of()
            self.demand("else")
            return self.made(Either(position, condition, then, self.expression()))
        finally:
            self.depth -= 1

    def any_of(self) -> Node:
        left = self.all_of()
        while self.sees("or"):
            position = self.position
            self.at += 1
            left = self.made(Binary(position, "or", left, self.all_of()))
        return left

    def all_of(self) -> Node:
        left = self.negation()
        while self.sees("and"):
            position = self.position
            self.at += 1
            left = self.made(Binary(position, "and", left, self.negation()))
        return left

    def negation(self) -> Node:
        position, times = self.position, 0
        while self.take("not"):
            times += 1
            self.made(Truth(position, True))
        node = self.comparison()
        return self.made(Unary(position, "not", node)) if times % 2 else node

    def comparison(self) -> Node:
        left = self.sum()
        position = self.position
        operator = self.take("==", "!=", "<=", ">=", "<", ">", "in")
        if operator is None and self.sees("not"):
            self.at += 1
            self.demand("in")
            operator = "not in"
        if operator is None:
            return left
        node = self.made(Binary(position, operator, left, self.sum()))
        if self.sees("==", "!=", "<=", ">=", "<", ">", "in"):
            raise LanguageError("Comparisons are not chained; join two with 'and'.", self.position)
        return node

    def sum(self) -> Node:
        left = self.product()
        while self.sees("+", "-"):
            position, operator = self.position, self.tokens[self.at][1]
            self.at += 1
            left = self.made(Binary(position, operator, left, self.product()))
        return left

    def product(self) -> Node:
        left = self.sign()
        while self.sees("*", "/"):
            position, operator = self.position, self.tokens[self.at][1]
            self.at += 1
            left = self.made(Binary(position, operator, left, self.sign()))
        return left

    def sign(self) -> Node:
        position, negative = self.position, False
        while operator := self.take("-", "+"):
            negative ^= operator == "-"
            self.made(Truth(position, True))
        node = self.atom()
        return self.made(Unary(position, "-", node)) if negative else node

    def atom(self) -> Node:
        kind, value, position = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return self.made(Number(position, float(value)))
        if kind == "text":
            return self.made(Text(position, value[1:-1]))
        if kind == "operator" and value == "(":
            node = self.expression()
            self.demand(")")
            return node
        if kind == "operator" and value == "[":
            return self.choices(position)
        if kind == "operator" and value == "{":
            return self.table(position)
        if kind == "name" and value in ("true", "false"):
            return self.made(Truth(position, value == "true"))
        if kind == "name" and value not in KEYWORDS:
            return self.named(value, position)
        raise LanguageError(f"A value is expected here, not {value or 'the end'!r}.", position)

    def named(self, name: str, position: int) -> Node:
        if self.take("."):
            kind, value, at = self.tokens[self.at]
            if name != "host":
                raise LanguageError(f"Only 'host.' may stand before a name, not '{name}.'.", position)
            if kind != "name" or value in KEYWORDS:
                raise LanguageError("A name is expected after 'host.'.", at)
            self.at += 1
            return self.made(Name(position, value, host=True))
        if not self.take("("):
            return self.made(Name(position, name))
        if name == "count":
            return self.count(position)
        arguments: list[Node] = []
        if not self.take(")"):
            arguments.append(self.expression())
            while self.take(","):
                arguments.append(self.expression())
            self.demand(")")
        return self.made(Call(position, name, tuple(arguments)))

    def count(self, position: int) -> Node:
        kind, value, at = self.tokens[self.at]
        if kind != "name" or value in KEYWORDS:
            raise LanguageError("count() begins with the name of a list.", at)
        self.at += 1
        self.demand("where")
        condition = self.expression()
        self.demand(")")
        return self.made(Count(position, Name(at, value), condition))

    def quoted(self) -> str:
        kind, value, position = self.tokens[self.at]
        if kind != "text":
            raise LanguageError("A choice in quotation marks is expected here.", position)
        self.at += 1
        self.made(Text(position, value))
        return value[1:-1]

    def choices(self, position: int) -> Node:
        values = [self.quoted()]
        while self.take(","):
            values.append(self.quoted())
        self.demand("]")
        return self.made(Choices(position, tuple(values)))

    def table(self, position: int) -> Node:
        rows = []
        while True:
            key = self.quoted()
            self.demand(":")
            rows.append((key, self.expression()))
            if not self.take(","):
                break
        self.demand("}")
        return self.made(Table(position, tuple(rows)))


def parse(text: str) -> Node:
    """The tree of a text. Raises LanguageError with the place for anything outside the grammar or its limits."""
    if not isinstance(text, str):
        raise LanguageError(f"A text is expected, not {type(text).__name__}.")
    if len(text) > MOST_CHARACTERS:
        raise LanguageError(f"The text is longer than {MOST_CHARACTERS} characters.")
    parser = _Parser(text)
    node = parser.expression()
    if parser.tokens[parser.at][0] != "end":
        raise LanguageError(f"{parser.tokens[parser.at][1]!r} is not expected here.", parser.position)
    return node
