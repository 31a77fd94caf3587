"""How long the engine takes: the headline of one review, and ten thousand programs. No test; machines differ.

python bench/engine.py [--json] [--programs 10000]
"""

import argparse
import copy
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assessments.scoring.batch import batch  # noqa: E402  # the path above comes first
from assessments.scoring.framework import Framework  # noqa: E402
from assessments.scoring.headline import Problem, headline  # noqa: E402
from assessments.scoring.profile import read_profile  # noqa: E402

FRAMEWORKS = ROOT / "assessments" / "frameworks"


def median_ms(call: Callable[[], Any], times: int) -> float:
    """Median milliseconds of several calls, after one that warms caches."""
    call()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def measure(count: int) -> list[dict[str, Any]]:
    """One row per case: name, median ms, goal in ms or None, ratio to the goal."""
    data = yaml.safe_load((FRAMEWORKS / "msc_location.yaml").read_text(encoding="utf-8"))
    framework = Framework.from_data(data)
    profiles = [
        read_profile(yaml.safe_load(path.read_text(encoding="utf-8")), framework.schema, assessment_date="2026-01-01")
        for path in sorted((FRAMEWORKS / "demo").glob("*.yaml"))
    ]
    programs = []
    for at in range(count):
        facts = copy.deepcopy(profiles[at % len(profiles)])
        facts["program"]["runway_months"] += at % 7
        programs.append(facts)
    cases = [
        ("compile the framework", median_ms(lambda: Framework.from_data(data), 3), 300),
        ("headline of one review", median_ms(lambda: headline(Problem(framework, profiles[0])), 30), 10),
        (
            f"derive, gates, value of {count} programs",
            median_ms(lambda: batch(framework, programs, deep=False), 3),
            500,
        ),
        (f"batch depth of {count} programs", median_ms(lambda: batch(framework, programs), 1), None),
    ]
    return [{"case": case, "median_ms": ms, "goal_ms": goal, "ratio": goal and ms / goal} for case, ms, goal in cases]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--programs", type=int, default=10_000)
    options = parser.parse_args()
    rows = measure(options.programs)
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'case':<48}{'median ms':>12}{'goal ms':>10}{'ratio':>8}")
    for row in rows:
        goal = f"{row['goal_ms']:>10}{row['ratio']:>8.2f}" if row["goal_ms"] else f"{'-':>10}{'-':>8}"
        print(f"{row['case']:<48}{row['median_ms']:>12.1f}{goal}")


if __name__ == "__main__":
    main()
