"""Types of values: what they hold, in which unit, and whether they may be missing."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Type:
    """The type of a value.

    kind      "number", "boolean", "choice", "text", "set" (several choices), "list" or "choices" (written out)
    unit      of a number; None fits any unit (literals, ratios)
    choices   the names that a choice or set may take; None where unknown
    nullable  whether the value may be missing
    items     of a list: the type of each of its entries' fields
    """

    kind: str
    unit: str | None = None
    choices: tuple[str, ...] | None = None
    nullable: bool = False
    items: tuple[tuple[str, "Type"], ...] = ()

    def present(self) -> "Type":
        return replace(self, nullable=False)

    def named(self) -> str:
        words = {"choice": "a choice", "choices": "a list of choices", "set": "a set of choices"}
        return words.get(self.kind, f"a {self.kind}")


NUMBER = Type("number")
BOOLEAN = Type("boolean")
