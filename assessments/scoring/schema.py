"""The profile schema: which facts a program and its options have, and which values are possible."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from assessments.scoring.language import Type
from assessments.scoring.language.check import closest, nearest

# A date beyond these is a slip of the keyboard, and months counted from it would leave the calendar.
FIRST_YEAR, LAST_YEAR = 1990, 2100
TYPES = ("decimal", "integer", "text", "date", "boolean", "choice", "multi_choice", "list")
CLOCKS = ("anchored", "remaining", "duration", "none")
EARLIEST_SHIFTED = -120
MAX_TEXT = 4_000
MAX_ITEMS = 100
HOSTED = {"hybrid": "cdmo"}  # a kind whose options work in a host, and the host's kind


class ValueProblem(ValueError):
    """A value that a field cannot take; the message says what it takes."""


def _finite(value: int | float | Decimal) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


@dataclass(frozen=True)
class Field:
    """One fact: its type, range or choices, scope and clock (see `docs` of the framework format)."""

    key: str
    label: str
    type: str
    scope: str = "program"
    kinds: tuple[str, ...] = ()
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, Field] = field(default_factory=dict)
    nullable: bool = False
    default: Any = None
    clock: str = "none"
    section: str = ""
    owner: str = ""
    commercial: bool = False
    dated: bool = False
    shelf_life_days: int | None = None
    why: str = ""
    used: bool = True
    file: str = ""

    @property
    def language_type(self) -> Type:
        """What the rule language sees."""
        match self.type:
            case "decimal" | "integer":
                return Type("number", self.unit, nullable=self.nullable)
            case "choice":
                return Type("choice", choices=tuple(self.choices), nullable=self.nullable)
            case "multi_choice":
                return Type("set", choices=tuple(self.choices))
            case "boolean":
                return Type("boolean")
            case "list":
                return Type("list", items=tuple((key, item.language_type) for key, item in self.items.items()))
        return Type("text", nullable=self.nullable)

    def clean(self, value: Any, *, shifted: bool = False) -> Any:
        """The value as plain data (numbers, text, ISO date, lists). Raises ValueProblem.

        shifted  anchored months moved by the clock may go down to -120
        """
        if value is None:
            if self.nullable:
                return None
            raise ValueProblem(f"{self.label} is missing.")
        return getattr(self, "_" + self.type)(value, shifted)

    def _decimal(self, value: Any, shifted: bool) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not _finite(value):
            raise ValueProblem(f"{self.label} is a number{f' of {self.unit}' if self.unit else ''}.")
        low = EARLIEST_SHIFTED if shifted and self.clock == "anchored" else self.min
        if (low is not None and value < low) or (self.max is not None and value > self.max):
            raise ValueProblem(f"{self.label} lies between {low} and {self.max} {self.unit or ''}".strip() + ".")
        return int(value) if value == int(value) else float(value)

    def _integer(self, value: Any, shifted: bool) -> int:
        number = self._decimal(value, shifted)
        if not isinstance(number, int):
            raise ValueProblem(f"{self.label} is a whole number.")
        return number

    def _text(self, value: Any, shifted: bool) -> str:
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise ValueProblem(f"{self.label} is a text of at most {MAX_TEXT} characters.")
        return value

    def _date(self, value: Any, shifted: bool) -> str:
        try:
            day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueProblem(f"{self.label} is a date such as 2026-05-31.") from None
        if isinstance(day, datetime.datetime):
            raise ValueProblem(f"{self.label} is a date such as 2026-05-31.")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueProblem(f"{self.label} is a date from {FIRST_YEAR} to {LAST_YEAR}, such as 2026-05-31.")
        return day.isoformat()

    def _boolean(self, value: Any, shifted: bool) -> bool:
        if not isinstance(value, bool):
            raise ValueProblem(f"{self.label} is true or false.")
        return value

    def _choice(self, value: Any, shifted: bool) -> str:
        if not isinstance(value, str) or value not in self.choices:
            hint = closest(str(value)[:80], tuple(self.choices))
            raise ValueProblem(f"{self.label} is one of {', '.join(self.choices)}.{hint}")
        return value

    def _multi_choice(self, value: Any, shifted: bool) -> list[str]:
        if not isinstance(value, list | tuple):
            raise ValueProblem(f"{self.label} is a list of choices.")
        chosen = [self._choice(entry, shifted) for entry in value]
        return [choice for choice in self.choices if choice in chosen]

    def _list(self, value: Any, shifted: bool) -> list[dict[str, Any]]:
        if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
            raise ValueProblem(f"{self.label} is a list of at most {MAX_ITEMS} entries.")
        cleaned = []
        for at, entry in enumerate(value, 1):
            if not isinstance(entry, Mapping):
                raise ValueProblem(f"Entry {at} of {self.label} has {', '.join(self.items)}.")
            for key in entry:
                if key not in self.items:
                    raise ValueProblem(
                        f"Entry {at} of {self.label}: unknown {key!r}.{nearest(str(key), tuple(self.items))}"
                    )
            try:
                cleaned.append({key: item.clean(entry.get(key), shifted=shifted) for key, item in self.items.items()})
            except ValueProblem as problem:
                raise ValueProblem(f"Entry {at} of {self.label}: {problem}") from None
        return cleaned


@dataclass(frozen=True)
class Schema:
    """Every field by key, in order; `kinds` gives the option kinds with their names."""

    fields: Mapping[str, Field]
    kinds: Mapping[str, str]
    sections: Mapping[str, str]

    def program_fields(self) -> list[Field]:
        return [entry for entry in self.fields.values() if entry.scope == "program"]

    def option_fields(self, kind: str) -> list[Field]:
        return [entry for entry in self.fields.values() if entry.scope == "option" and kind in entry.kinds]


_FLAGS = ("nullable", "commercial", "dated", "used")
_KNOWN = set(Field.__dataclass_fields__) | {"prior", "sources", "help"}


def read_field(data: Any, place: str, kinds: Mapping[str, str], problems: list[tuple[str, str]]) -> Field | None:
    """One field of a schema; what is wrong is added to `problems` with its place, and None is returned."""
    before = len(problems)
    if not isinstance(data, Mapping) or not isinstance(data.get("key"), str) or not data["key"].isidentifier():
        problems.append((place, "a field has a key of letters, digits and underscores"))
        return None
    for key in data:
        if key not in _KNOWN:
            problems.append((f"{place}.{key}", f"unknown setting.{nearest(str(key), tuple(sorted(_KNOWN)))}"))
    kind = data.get("type")
    if kind not in TYPES:
        problems.append((f"{place}.type", f"{kind!r} is no type; it is one of {', '.join(TYPES)}"))
        return None
    scope = data.get("scope", "program")
    if scope not in ("program", "option"):
        problems.append((f"{place}.scope", "the scope is program or option"))
    of_kinds = data.get("kinds", "all")
    of_kinds = tuple(kinds) if of_kinds == "all" else tuple(of_kinds or ())
    for one in of_kinds:
        if one not in kinds:
            problems.append((f"{place}.kinds", f"unknown kind {one!r}.{nearest(str(one), tuple(kinds))}"))
    if data.get("clock", "none") not in CLOCKS:
        problems.append((f"{place}.clock", f"the clock is one of {', '.join(CLOCKS)}"))
    choices = data.get("choices") or {}
    if kind in ("choice", "multi_choice") and (not isinstance(choices, Mapping) or not choices):
        problems.append((f"{place}.choices", "a choice needs choices: {key: words}"))
        choices = {}
    for flag in _FLAGS:
        if flag in data and not isinstance(data[flag], bool):
            problems.append((f"{place}.{flag}", "this is true or false"))
    if data.get("nullable") and kind in ("boolean", "multi_choice", "list"):
        problems.append((f"{place}.nullable", f"a {kind} cannot be empty: use a choice with 'unknown'"))
    for limit in ("min", "max"):
        bound = data.get(limit)
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float)):
            problems.append((f"{place}.{limit}", "a limit is a number"))
    items = {}
    for key, item in (data.get("items") or {}).items() if kind == "list" else ():
        inner = read_field(
            {"key": key, **item} if isinstance(item, Mapping) else item, f"{place}.items.{key}", kinds, problems
        )
        if inner is not None:
            items[key] = inner
    if len(problems) > before:
        return None
    kept = {key: value for key, value in data.items() if key in Field.__dataclass_fields__}
    kept |= {
        "label": str(data.get("label") or data["key"]),
        "scope": scope,
        "kinds": of_kinds if scope == "option" else (),
        "choices": {str(key): str(words) for key, words in choices.items()},
        "items": items,
        "file": data.get("file") or data["key"],
    }
    made = Field(**kept)
    if made.default is not None:
        try:
            made.clean(made.default)
        except ValueProblem as problem:
            problems.append((f"{place}.default", str(problem)))
    return made


def read_schema(data: Any, kinds: Mapping[str, str], problems: list[tuple[str, str]]) -> Schema:
    """The schema of a framework document; problems are collected with their places."""
    data = data if isinstance(data, Mapping) else {}
    sections = {
        str(row.get("key")): str(row.get("name")) for row in data.get("sections") or () if isinstance(row, Mapping)
    }
    fields: dict[str, Field] = {}
    for at, row in enumerate(data.get("fields") or ()):
        name = row.get("key") if isinstance(row, Mapping) else None
        place = f"schema.fields[{name or at}]"
        made = read_field(row, place, kinds, problems)
        if made is None:
            continue
        if made.key in fields:
            problems.append((place, "this key stands twice"))
        if made.section and sections and made.section not in sections:
            problems.append(
                (f"{place}.section", f"unknown section {made.section!r}.{nearest(made.section, tuple(sections))}")
            )
        fields[made.key] = made
    if not fields:
        problems.append(("schema.fields", "the schema has no fields"))
    return Schema(fields, dict(kinds), sections)
