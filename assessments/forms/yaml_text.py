"""YAML from people: plain data only, small, without tricks, and with the line of what is wrong."""

from collections.abc import Hashable
from typing import Any

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_EVENTS = 50_000


class YamlProblem(ValueError):
    """A text that is not taken. The message is a sentence; it names the line where there is one."""


LARGEST_INTEGER = 10**15


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a key that stands twice, a number without bounds and half a character are errors."""

    def construct_yaml_int(self, node):
        value = super().construct_yaml_int(node)
        if abs(value) > LARGEST_INTEGER:
            raise YamlProblem(f"Line {node.start_mark.line + 1}: this number is too large.")
        return value

    def construct_scalar(self, node):
        value = super().construct_scalar(node)
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise YamlProblem(f"Line {node.start_mark.line + 1}: this text holds half a character.")
        return value

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise YamlProblem(f"Line {key_node.start_mark.line + 1}: a key is a word.")
            if key in seen:
                raise YamlProblem(f"Line {key_node.start_mark.line + 1}: {key!r} stands twice.")
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def read_yaml(content: str | bytes) -> Any:
    """The plain data of a YAML (or JSON) text.

    Raises YamlProblem for more than MAX_BYTES, other encodings than UTF-8, anchors and aliases (a short text could
    grow without bound), deep nesting, keys that stand twice, tags that name types, and what is no YAML
    """
    raw = content.encode() if isinstance(content, str) else content
    if len(raw) > MAX_BYTES:
        raise YamlProblem(f"The file is larger than {MAX_BYTES // 1024} kB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise YamlProblem("The file is no text in UTF-8.") from None
    try:
        _check(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"Line {mark.line + 1}: " if mark else ""
        raise YamlProblem(f"{where}{error.problem or error.context or 'this is no YAML'}.") from None
    except yaml.YAMLError as error:
        raise YamlProblem(f"This is no YAML: {str(error).splitlines()[0][:200]}.") from None
    except (ValueError, RecursionError, OverflowError) as error:
        if isinstance(error, YamlProblem):
            raise
        raise YamlProblem(f"This is no YAML: {str(error)[:200]}.") from None


def _check(text: str) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader), 1):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlProblem(f"Line {line}: anchors and aliases (& and *) are not taken; write the value out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_EVENTS:
            raise YamlProblem(f"Line {line}: the file is nested too deeply or has too many entries.")
