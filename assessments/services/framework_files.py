"""Framework documents as YAML: read within limits and with the line of every part, written out again."""

import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

from assessments.errors import Invalid

LARGEST_FILE = 1_000_000  # bytes
MOST_NODES = 100_000  # counted with every repetition of an alias
DEEPEST = 40
LONGEST_TEXT = 8_000
LARGEST_NUMBER = 10**15
_PLACE = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


class _Loader(yaml.SafeLoader):
    """The safe loader without dates: a document holds texts and numbers."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class FrameworkFile:
    """A document as read, and where its parts stand in the text."""

    document: Any
    root: yaml.Node

    def line_of(self, place: str) -> int:
        """The line, from 1, of a place such as "gates[G04].entries[0].when, character 12", or of its nearest parent."""
        node, line = self.root, self.root.start_mark.line
        for bracketed, name in _PLACE.findall(place.split(", character")[0]):
            found = _inside(node, bracketed or name)
            if found is None:
                break
            node, line = found
        return line + 1


def _inside(node: yaml.Node, step: str) -> tuple[yaml.Node, int] | None:
    """The part of a node that a step of a place names, with its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line
        return None
    if isinstance(node, yaml.SequenceNode):
        for at, entry in enumerate(node.value):
            if isinstance(entry, yaml.MappingNode) and any(
                key.value in ("key", "id") and value.value == step for key, value in entry.value
            ):
                return entry, entry.start_mark.line
            if step == str(at):
                return entry, entry.start_mark.line
    return None


def _refuse(place: str, message: str, line: int | None = None) -> Invalid:
    return Invalid([{"field": place, "option": "", "value": None, "message": message, "line": line}])


def read_framework(text: str) -> FrameworkFile:
    """A YAML text as a document. Raises Invalid with the line of what is no plain, bounded document."""
    if len(text.encode()) > LARGEST_FILE:
        raise _refuse("", f"The file is larger than {LARGEST_FILE // 1_000_000} MB; a framework has some 100 kB.")
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise _refuse("", "There is nothing in the file.")
        _Bounds().walk(root)
        document = loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it cannot be read"
        raise _refuse("", f"This is not valid YAML: {what}.", mark.line + 1 if mark else None) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise _refuse("", f"A value cannot be read: {error}.") from error
    finally:
        if loader is not None:
            loader.dispose()
    problems: list[dict] = []
    _check_values(document, "", problems)
    if not isinstance(document, dict):
        raise _refuse("", "A framework is a document of keys and values, such as `format: makewhere-framework/1`.")
    file = FrameworkFile(document, root)
    if problems:
        raise Invalid([problem | {"line": file.line_of(problem["field"])} for problem in problems])
    return file


class _Bounds:
    """Counts nodes with every repetition of an alias, so that a small text cannot stand for a huge document."""

    def __init__(self) -> None:
        self.nodes = 0

    def walk(self, node: yaml.Node, depth: int = 0) -> None:
        self.nodes += 1
        line = node.start_mark.line + 1
        if self.nodes > MOST_NODES:
            raise _refuse("", f"The document has more than {MOST_NODES:,} values, repetitions counted.", line)
        if depth > DEEPEST:
            raise _refuse("", f"The document is nested more than {DEEPEST} deep.", line)
        if isinstance(node, yaml.SequenceNode):
            for entry in node.value:
                self.walk(entry, depth + 1)
        elif isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise _refuse("", "A key is a word or a number.", key.start_mark.line + 1)
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    raise _refuse(key.value, "This key stands twice here.", key.start_mark.line + 1)
                seen.add(key.value)
                self.walk(value, depth + 1)


def _check_values(value: Any, place: str, problems: list[dict]) -> None:
    """Plain values only: what JSON and the database can keep."""

    def say(message: str) -> None:
        problems.append({"field": place, "option": "", "value": None, "message": message})

    match value:
        case dict():
            for key, inner in value.items():
                if isinstance(key, bool) or not isinstance(key, str | int):
                    say(f"YAML reads a key here as {key!r}; put it in quotes.")
                _check_values(inner, f"{place}.{key}" if place else str(key), problems)
        case list():
            for at, inner in enumerate(value):
                named = inner.get("key") or inner.get("id") if isinstance(inner, dict) else None
                _check_values(inner, f"{place}[{named if isinstance(named, str) else at}]", problems)
        case str():
            if "\x00" in value:
                say("A text cannot hold the character 0.")
            elif not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value):
                say("A text cannot hold half a character (a lone surrogate).")
            elif len(value) > LONGEST_TEXT:
                say(f"A text has at most {LONGEST_TEXT:,} characters, and this one has {len(value):,}.")
        case bool() | None:
            pass
        case int() | float():
            if abs(value) > LARGEST_NUMBER or not math.isfinite(value):
                say("This is no number that can be computed with.")
        case _:
            say(f"A {type(value).__name__} cannot stand in a framework.")


class _Dumper(yaml.SafeDumper):
    """Writes every repetition out: a reader should not have to look for anchors."""

    def ignore_aliases(self, data):
        return True


def write_framework(document: dict) -> str:
    """The document as YAML, in its own order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118)
