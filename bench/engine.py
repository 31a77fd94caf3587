"""How long the engine takes and how much memory: one review, ten thousand programs, the other methods. No test; machines differ.

python bench/engine.py [--json] [--programs 10000] [--peers]     # the speed-ups are null without --peers

Times are medians of wall time, with the processor time of the process beside them: on a shared machine only the latter is
the engine's own. Memory is the peak of a process that does nothing else.
"""

import argparse
import copy
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import peers  # noqa: E402  # the path above comes first

from assessments.scoring.batch import batch  # noqa: E402
from assessments.scoring.crosschecks import closeness, flows  # noqa: E402
from assessments.scoring.framework import Framework  # noqa: E402
from assessments.scoring.full import full  # noqa: E402
from assessments.scoring.headline import Problem, headline  # noqa: E402
from assessments.scoring.profile import read_profile  # noqa: E402
from assessments.scoring.robustness import acceptability, uniform_simplex  # noqa: E402

FRAMEWORKS = ROOT / "assessments" / "frameworks"
OPTIONS, CRITERIA, DRAWS, REVIEWS, CHUNK = 5, 25, 10_000, 10_000, 250


def measured(call: Callable[[], Any], times: int) -> dict[str, float]:
    """Median milliseconds of several calls, by the clock and of this process, after one that warms caches."""
    call()
    wall, own = [], []
    for _ in range(times):
        clock, used = time.perf_counter(), time.process_time()
        call()
        wall.append((time.perf_counter() - clock) * 1000)
        own.append((time.process_time() - used) * 1000)
    return {"wall": statistics.median(wall), "cpu": statistics.median(own)}


def document() -> Any:
    return yaml.safe_load((FRAMEWORKS / "msc_location.yaml").read_text(encoding="utf-8"))


def demo_profiles(framework: Framework) -> list[dict[str, Any]]:
    return [
        read_profile(yaml.safe_load(path.read_text(encoding="utf-8")), framework.schema, assessment_date="2026-01-01")
        for path in sorted((FRAMEWORKS / "demo").glob("*.yaml"))
    ]


def many(profiles: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """As many programs, each with facts of its own."""
    programs = []
    for at in range(count):
        facts = copy.deepcopy(profiles[at % len(profiles)])
        facts["program"]["runway_months"] += at % 7
        programs.append(facts)
    return programs


def portfolio(count: int) -> dict[str, float]:
    """Derive, gates and value of many programs: milliseconds, and the peak memory of a process that does only this."""
    framework = Framework.from_data(document())
    programs = many(demo_profiles(framework), count)
    before = _peak_mb()
    spent = measured(lambda: batch(framework, programs, deep=False), 3)
    return spent | {"mb": _peak_mb(), "inputs_mb": before}


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # what the other call says of a process includes its parent's memory when it was made
        held = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def alone(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(call, arguments)


def other_methods() -> dict[str, Any]:
    """Rank acceptability of one matrix; weighted sum, TOPSIS and PROMETHEE II of many. Milliseconds."""
    generator = np.random.Generator(np.random.PCG64DXSM(7))
    matrices = generator.random((REVIEWS, OPTIONS, CRITERIA)) + 0.01
    weights = uniform_simplex(generator.random((DRAWS, CRITERIA)))

    def three() -> None:
        for at in range(0, REVIEWS, CHUNK):
            part, own = matrices[at : at + CHUNK], weights[at : at + CHUNK]
            np.einsum("bik,bk->bi", part, own)
            closeness(part, own)
            flows(part, own)

    return {
        "smaa": measured(lambda: acceptability(matrices[0], weights, groups=10), 15),
        "three": measured(three, 3),
        "matrices": matrices,
        "weights": weights,
    }


def speedups(ours: dict[str, Any]) -> dict[str, Any]:
    """How many times as long the fastest other library takes for the same work, by processor time; None without one."""
    one = np.broadcast_to(ours["matrices"][0], (peers.CALLS, OPTIONS, CRITERIA))
    same = peers.seconds(one, ours["weights"][: peers.CALLS])
    each = peers.seconds(ours["matrices"][: peers.CALLS], ours["weights"][: peers.CALLS])
    sums = [own["sum"] for own in same.values() if isinstance(own["sum"], float)]
    threes = [sum(own.values()) for own in each.values() if all(isinstance(one, float) for one in own.values())]
    return {
        "peers": each,
        "smaa_speedup": min(sums) * DRAWS * 1000 / ours["smaa"]["cpu"] if sums else None,
        "batch_10k_speedup": min(threes) * REVIEWS * 1000 / ours["three"]["cpu"] if threes else None,
    }


def where(framework: Framework, profiles: list[dict[str, Any]]) -> str:
    """Where the time of a full scorecard goes, in a sentence."""
    timings = full(Problem(framework, profiles[0]))["timings"]
    total = timings["total_ms"]
    risk, answer = timings["risk_ms"] / total, timings["answer_ms"] / total
    return (
        f"full: {risk:.0%} risk paths (bound by memory: one pass over every hit of 20,000 paths an option), "
        f"{answer:.0%} weights, smallest changes and checks, {1 - risk - answer:.0%} headline. "
        "portfolio: columns from plain facts, then a numpy call a node of a rule."
    )


def measure(count: int, with_peers: bool) -> dict[str, Any]:
    """Figures by name, each {value, goal or None, unit, cpu or None}; and sentences."""
    data = document()
    framework = Framework.from_data(data)
    profiles = demo_profiles(framework)
    compiled = measured(lambda: Framework.from_data(data), 3)
    head = measured(lambda: headline(Problem(framework, profiles[0])), 30)
    whole = [measured(lambda facts=facts: full(Problem(framework, facts)), 5) for facts in profiles]
    deep = {key: statistics.median(one[key] for one in whole) for key in ("wall", "cpu")}
    programs = alone(portfolio, count)
    ours = other_methods()
    against = speedups(ours) if with_peers else {"peers": None, "smaa_speedup": None, "batch_10k_speedup": None}
    rows = [
        ("compile_ms", compiled["wall"], 300, "ms", compiled["cpu"]),
        ("headline_ms", head["wall"], 10, "ms", head["cpu"]),
        ("full_ms", deep["wall"], 300, "ms", deep["cpu"]),
        ("portfolio_10k_s", programs["wall"] / 1000, 0.5, "s", programs["cpu"] / 1000),
        ("portfolio_10k_mb", programs["mb"], 300, "MB", None),
        ("portfolio_10k_inputs_mb", programs["inputs_mb"], None, "MB", None),
        ("smaa_ms", ours["smaa"]["wall"], None, "ms", ours["smaa"]["cpu"]),
        ("batch_10k_ms", ours["three"]["wall"], None, "ms", ours["three"]["cpu"]),
        ("smaa_speedup", against["smaa_speedup"], None, "x", None),
        ("batch_10k_speedup", against["batch_10k_speedup"], None, "x", None),
    ]
    return {
        "figures": {
            name: {"value": value, "goal": goal, "unit": unit, "cpu": cpu} for name, value, goal, unit, cpu in rows
        },
        "programs": count,
        "peers": against["peers"],
        "where": where(framework, profiles),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--peers", action="store_true", help="measure other libraries too (see bench/peers.py)")
    options = parser.parse_args()
    found = measure(options.programs, options.peers)
    if options.json:
        print(json.dumps({name: row["value"] for name, row in found["figures"].items()} | found))
        return
    print(f"{'figure':<26}{'median':>12}{'cpu':>12}{'goal':>10}{'ratio':>8}")
    for name, row in found["figures"].items():
        value, cpu, goal = row["value"], row["cpu"], row["goal"]
        shown = f"{'-':>12}" if value is None else f"{value:>12.2f}"
        shown += f"{'-':>12}" if cpu is None else f"{cpu:>12.2f}"
        shown += f"{goal:>10}{value / goal:>8.2f}" if goal and value is not None else f"{'-':>10}{'-':>8}"
        print(f"{name:<26}{shown} {row['unit']}")
    for library, own in (found["peers"] or {}).items():
        words = ", ".join(f"{k} {v * 1e6:.0f} us" if isinstance(v, float) else f"{k} {v}" for k, v in own.items())
        print(f"{library}: {words}")
    print(found["where"])


if __name__ == "__main__":
    main()
