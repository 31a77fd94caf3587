"""The list of attacks names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)+)`")


def _defined(path: Path) -> set[str]:
    """Names of a test file as the list spells them: `::test` or `::Class::test`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(f"::{node.name}")
        if isinstance(node, ast.ClassDef):
            found |= {f"::{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return found


def test_every_attack_is_kept_closed_by_a_test_that_exists():
    text = (ROOT / "docs/decisions/threats.md").read_text()
    named = NAMED.findall(text)
    assert len(named) >= 40
    gone = [path + name for path, name in named if not (ROOT / path).is_file() or name not in _defined(ROOT / path)]
    assert not gone, gone


def test_every_line_of_the_list_names_a_test():
    text = (ROOT / "docs/decisions/threats.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| attack", "| ---"))]
    assert [row for row in rows if not NAMED.search(row)] == []
