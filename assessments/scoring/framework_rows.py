"""Checks what a framework document's rows need to be kept: names, keys that are there once, weights of a sane size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assessments.scoring.language.check import nearest
from assessments.scoring.rules import Problems

LONGEST_KEY, LONGEST_NAME, MOST_ROWS = 60, 200, 500
MOST_WEIGHT = 10_000
KEYED_BY = {
    "derived": "key",
    "dimensions": "key",
    "gates": "id",
    "risk_events": "id",
    "scenarios": "id",
    "lenses": "key",
    "route": "key",
}
PARTS = (
    "format", "key", "name", "label", "about", "kinds", "functions", "sources", "schema", "derived", "dimensions",
    "gates", "risk", "risk_events", "scenarios", "lenses", "plausible_weights", "verdict", "route",
)  # fmt: skip
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,80}")


def check_rows(data: Mapping[str, Any], problems: Problems) -> None:
    """Check the identity of a document and of each of its rows; problems are recorded with their places."""
    for part in data:
        if part not in PARTS:
            problems.append((str(part), f"a framework has no such part.{nearest(str(part), PARTS)}"))
    key, name = data.get("key"), data.get("name")
    if not isinstance(key, str) or not _SLUG.fullmatch(key):
        problems.append(("key", "a framework has a key of letters, digits, hyphens and underscores, at most 80"))
    if not isinstance(name, str) or not name.strip() or len(name) > 150:
        problems.append(("name", "a framework has a name of at most 150 characters"))
    functions = data.get("functions")
    if not isinstance(functions, Mapping) or not functions:
        problems.append(("functions", "a framework names the functions that own its criteria: {key: name}"))
    schema = data.get("schema")
    schema = schema if isinstance(schema, Mapping) else {}
    sections = schema.get("sections")
    if not isinstance(sections, list) or not sections:
        problems.append(("schema.sections", "the facts stand in sections: a list of {key, name}"))
    for at, section in enumerate(sections if isinstance(sections, list) else ()):
        if not isinstance(section, Mapping) or not section.get("key") or not section.get("name"):
            problems.append((f"schema.sections[{at}]", "a section has a key and a name"))
    _check_list(schema.get("fields"), "schema.fields", "key", problems)
    for part, id_key in KEYED_BY.items():
        if part in data:
            _check_list(data[part], part, id_key, problems)
    for at, row in enumerate(_mappings(data.get("dimensions"))):
        place = f"dimensions[{row.get('key') or at}]"
        _check_named(row, place, problems)
        _check_list(row.get("criteria"), f"{place}.criteria", "key", problems)
        for leaf_at, leaf in enumerate(_mappings(row.get("criteria"))):
            _check_named(leaf, f"{place}.criteria[{leaf.get('key') or leaf_at}]", problems)
    _check_sources(data.get("sources"), problems)


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _check_list(rows: Any, place: str, id_key: str, problems: Problems) -> None:
    if not isinstance(rows, list):
        problems.append((place, "this is a list"))
        return
    if len(rows) > MOST_ROWS:
        problems.append((place, f"at most {MOST_ROWS} stand here, not {len(rows)}"))
    seen: set[str] = set()
    for at, row in enumerate(rows):
        key = row.get(id_key) if isinstance(row, Mapping) else None
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
            problems.append((f"{place}[{at}]", f"this has a {id_key} of at most {LONGEST_KEY} characters"))
            continue
        if key in seen:
            problems.append((f"{place}[{key}]", f"this {id_key} stands twice"))
        seen.add(key)
        name = row.get("name", "")
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            problems.append((f"{place}[{key}].name", f"a name is a text of at most {LONGEST_NAME} characters"))


def _check_named(row: Mapping[str, Any], place: str, problems: Problems) -> None:
    """A dimension or a criterion."""
    if not isinstance(row.get("name"), str) or not row["name"].strip():
        problems.append((f"{place}.name", "this has a name"))
    weight = row.get("weight")
    if isinstance(weight, int | float) and not isinstance(weight, bool):
        if weight > MOST_WEIGHT:
            problems.append((f"{place}.weight", f"a weight is at most {MOST_WEIGHT:,}"))
        elif round(weight, 4) != weight:
            problems.append((f"{place}.weight", "a weight has at most four decimals"))


def _check_sources(sources: Any, problems: Problems) -> None:
    if sources is None:
        return
    if not isinstance(sources, Mapping):
        problems.append(("sources", "sources are {key: {title, where}}"))
        return
    for key, row in sources.items():
        if not isinstance(key, str) or len(key) > LONGEST_KEY:
            problems.append((f"sources.{key}", f"a source has a key of at most {LONGEST_KEY} characters"))
        elif not isinstance(row, Mapping) or not isinstance(row.get("title"), str) or not row["title"].strip():
            problems.append((f"sources.{key}", "a source has a title, and where to find it"))
