"""Records, leases and expiries go by the database's clock: a machine whose own is hours off changes nothing."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What stores, owes, leases, expires or signs. Pages may say "late" by their own clock.
JUDGES = ("accounts", "assessments/jobs", "assessments/live", "assessments/models", "assessments/services")
SAYS_LATE = {"assessments/services/waiting.py"}
OWN_CLOCKS = {
    ("timezone", "now"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}


def reads_its_own_clock(tree: ast.Module) -> list[int]:
    """The lines that ask the process's clock for the time of day."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if (_last_name(node.func.value), node.func.attr) in OWN_CLOCKS
    ]


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_nothing_that_judges_time_reads_its_own_clock():
    """TM-2, F8."""
    found = {}
    for folder in JUDGES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            lines = reads_its_own_clock(ast.parse(file.read_text()))
            if lines and name not in SAYS_LATE and "/migrations/" not in name:
                found[name] = lines
    assert found == {}, "ask the database: Now(), database_now() or clock_timestamp()"


def test_the_search_finds_what_it_looks_for():
    tree = ast.parse(
        "import datetime\na = timezone.now()\nb = datetime.datetime.now(datetime.UTC)\nc = time.monotonic()\n"
    )
    assert reads_its_own_clock(tree) == [2, 3]
