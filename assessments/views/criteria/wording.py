"""A framework's parts in words: expressions, sentences with facts in them, citations, who and for which options."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.language import LanguageError, parse
from assessments.scoring.language.words import Known, Said, in_words, number_in_words
from assessments.scoring.schema import Field

CITED = re.compile(r"\[([A-Za-z0-9_.-]{1,60})\]")
SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)(?::[^}]*)?\}")
ADDRESS = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[^\s()]*)?")
TIDY = str.maketrans({"_": " "})


class Wording:
    """Says the parts of one framework with the names that its people know."""

    def __init__(self, framework: Framework):
        self.framework = framework
        self.data = framework.data
        self.functions: Mapping[str, str] = framework.data.get("functions") or {}
        self.sources: Mapping[str, Any] = framework.data.get("sources") or {}

    @cached_property
    def known(self) -> dict[str, Known]:
        found = {field.key: _known(field) for field in self.framework.schema.fields.values()}
        for quantity in self.framework.derived:
            found[quantity.key] = Known(quantity.name, quantity.unit)
        found["value"] = Known("the value so far")
        found["lots"] = Known("Lots per year of the period", "lots/year")
        found["use"] = Known("Use of capacity in the period")
        return found

    @cached_property
    def units(self) -> dict[str, str]:
        return {known.label: known.unit for known in self.known.values() if known.unit}

    def expression(
        self,
        source: Any,
        *,
        condition: bool = False,
        more: Mapping[str, Known] | None = None,
        choices: Mapping[str, str] | None = None,
    ) -> Said:
        """An expression in pieces; one that cannot be read stands as it was written."""
        if isinstance(source, bool):
            return [("text", "always" if source else "never")]
        if isinstance(source, int | float):
            return [("text", number_in_words(source))]
        try:
            return in_words(parse(str(source)), {**self.known, **(more or {})}, condition=condition, choices=choices)
        except LanguageError:
            return [("text", str(source))]

    def sentence(self, template: Any) -> Said:
        """A sentence of the framework with the facts that it will state."""
        pieces: Said = []
        text, at = str(template or ""), 0
        for slot in SLOT.finditer(text):
            name = slot.group(1)
            host = name.startswith("host.")
            label = self.known.get(name.removeprefix("host."))
            words = {"option": "Option", "options": "Options"}.get(name) or (
                label.label if label else name.translate(TIDY)
            )
            pieces += [("text", text[at : slot.start()]), ("slot", f"the host’s {words}" if host else words)]
            at = slot.end()
        return [piece for piece in [*pieces, ("text", text[at:])] if piece[1]]

    def cited(self, text: Any) -> Said:
        """A text whose [S01] marks lead to the sources."""
        pieces: Said = []
        text, at = str(text or ""), 0
        for mark in CITED.finditer(text):
            if mark.group(1) in self.sources:
                pieces += [("text", text[at : mark.start()]), ("source", mark.group(1))]
                at = mark.end()
        return [piece for piece in [*pieces, ("text", text[at:])] if piece[1]]

    def references(self, keys: Any) -> list[tuple[str, str]]:
        """The sources that a part rests on: (key, title)."""
        return [(key, str(self.sources[key].get("title", key))) for key in keys or () if key in self.sources]

    def function(self, key: Any) -> str:
        return str(self.functions.get(key, str(key or "").translate(TIDY)))

    def functions_named(self, keys: Any) -> list[str]:
        return [self.function(key) for key in keys or ()]

    def kind(self, key: str) -> str:
        return "Every option" if key == "all" else self.framework.kinds.get(key, key.translate(TIDY))

    def kinds_named(self, value: Any) -> list[str]:
        """The option kinds that a part is about; an empty list stands for all of them."""
        listed = value if isinstance(value, list) else [] if value in (None, "all") else [value]
        return [] if set(listed) == set(self.framework.kinds) else [self.kind(key) for key in listed]


def _known(field: Field) -> Known:
    return Known(field.label, field.unit, field.choices, {key: _known(item) for key, item in field.items.items()})


def links_in(where: str) -> list[tuple[str, str]]:
    """The places of a source: (address or "", text). Only plain addresses become links, always by https."""
    found = []
    for part in (piece.strip() for piece in where.split(";")):
        bare = re.sub(r"\s*\(.*\)$", "", part)
        whole = part.startswith(("http://", "https://"))
        address = re.sub(r"^https?://", "", bare)
        cut = part.endswith("...") or "..." in address
        plain = (whole or "." in bare) and not cut and ADDRESS.fullmatch(address)
        found.append((f"https://{address}" if plain else "", part))
    return [pair for pair in found if pair[1]]
