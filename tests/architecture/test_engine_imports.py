"""The engine runs in a bare checkout: the standard library, NumPy and SciPy, and nothing else."""

import ast
import sys
from pathlib import Path

import pytest

import assessments.scoring

FOLDER = Path(assessments.scoring.__file__).parent
ALLOWED = sys.stdlib_module_names | {"numpy", "scipy"}


def imported(file: Path):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.py")), ids=lambda file: str(file.relative_to(FOLDER)))
def test_the_engine_imports_numbers_and_itself(file):
    foreign = {
        name
        for name in imported(file)
        if name.split(".")[0] not in ALLOWED and not name.startswith("assessments.scoring")
    }
    assert foreign == set()


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.py")), ids=lambda file: str(file.relative_to(FOLDER)))
def test_what_only_a_computation_needs_is_not_taken_in_by_every_process(file):
    above = [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    assert "scipy.stats" not in {node.module for node in above}
