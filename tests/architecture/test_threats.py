"""The list of attacks and of rules names tests that exist, and tests of a rule bear its id."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)+)`")
# Every rule for approval, signatures, trail, time, restores and limits that the product answers to.
RULES = {
    *(f"P11-{one}" for one in "10a 10b 10c 10d 10e 10f 10g 10h 10j 10k 50a 50b 70 100 200a 200b".split()),
    *(f"P11-300{one}" for one in "abcd"),
    *(f"A11-{one}" for one in (7, 8, 9, 10, 12, 13, 14, 16, 17)),
    *(f"AL-{one}" for one in ("A", "L", "C", "O", "A2", "+")),
    *(f"AT-{one}" for one in range(1, 9)),
    *(f"TM-{one}" for one in range(1, 4)),
    *(f"BR-{one}" for one in range(1, 5)),
    *(f"MA-{one}" for one in range(1, 4)),
    *"RL-1 TI-2 CSV-1 XSS-2 F1 F5 F7 F8 F16 V1.3.11 V2.3.1 V6.3".split(),
}
# Those that no test bears; docs/decisions/threats.md says why.
WITHOUT_TEST = {"P11-10h", "P11-10k", "A11-8", "TM-1", "TM-3", "BR-2"}


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


def _parts() -> tuple[str, str]:
    """The lists of attacks, and the list of rules."""
    attacks, rules = (ROOT / "docs/decisions/threats.md").read_text().split("## Rules for records and signatures")
    return attacks, rules


def _rules() -> list[tuple[list[str], list[tuple[str, str]], str]]:
    """Of each line of the rules its ids, the tests that it names, and what is open."""
    found = []
    for line in _parts()[1].splitlines():
        if line.startswith("| ") and not line.startswith(("| id", "| ---")):
            ids, _, tests, left = (cell.strip() for cell in line.strip("|").split("|"))
            found.append((ids.split(", "), NAMED.findall(tests), left))
    return found


def _words_of(path: Path, name: str) -> str:
    """The name of a test with its docstring, and those of its class and file."""
    node: ast.Module | ast.ClassDef | ast.FunctionDef = ast.parse(path.read_text())
    words = [ast.get_docstring(node) or ""]
    for part in name.strip(":").split("::"):
        node = next(one for one in node.body if isinstance(one, ast.ClassDef | ast.FunctionDef) and one.name == part)
        words += [part, ast.get_docstring(node) or ""]
    return " ".join(words)


def _bears(words: str, rule: str) -> bool:
    in_name = re.sub(r"\W", "_", rule.lower())
    return bool(
        re.search(rf"(?<![\w-]){re.escape(rule)}(?![\w-])", words) or re.search(rf"(?:test|_)_?{in_name}_", words)
    )


def test_every_rule_has_its_line_and_those_without_a_test_say_why():
    named = [rule for ids, _, _ in _rules() for rule in ids]
    assert sorted(named) == sorted(RULES)
    assert {rule for ids, tests, _ in _rules() if not tests for rule in ids} == WITHOUT_TEST
    assert all(left for _, tests, left in _rules() if not tests)


def test_every_test_of_a_rule_bears_an_id_of_its_line():
    lines = [(ids, path, name) for ids, tests, _ in _rules() for path, name in tests]
    assert len(lines) >= 60
    without = [
        path + name for ids, path, name in lines if not any(_bears(_words_of(ROOT / path, name), rule) for rule in ids)
    ]
    assert without == []


def test_an_id_is_found_whole():
    assert _bears("test_at_4_a_cut_end", "AT-4") and _bears("F5, F7: of two", "F7") and _bears("(MA-3).", "MA-3")
    assert not _bears("test_p11_10_all", "P11-10a") and not _bears("F16", "F1") and not _bears("AL-A2", "AL-A")


def test_every_line_of_the_list_names_a_test():
    text = _parts()[0]
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| attack", "| ---"))]
    assert [row for row in rows if not NAMED.search(row)] == []
