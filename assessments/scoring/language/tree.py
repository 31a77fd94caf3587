"""The nodes of a parsed text. Nothing else can be expressed, so nothing else can run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    position: int


@dataclass(frozen=True)
class Number(Node):
    value: float


@dataclass(frozen=True)
class Text(Node):
    value: str


@dataclass(frozen=True)
class Truth(Node):
    value: bool


@dataclass(frozen=True)
class Name(Node):
    """A fact or derived quantity; `host` is true for `host.name`."""

    name: str
    host: bool = False


@dataclass(frozen=True)
class Choices(Node):
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table(Node):
    """The `{choice: number}` of a map()."""

    rows: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Unary(Node):
    operator: str
    operand: Node


@dataclass(frozen=True)
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Either(Node):
    """`then if condition else otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Count(Node):
    """`count(list where condition)`."""

    listed: Name
    condition: Node
