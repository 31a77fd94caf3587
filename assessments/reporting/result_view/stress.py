"""The stress runs and the other ways to judge, in rows and words."""

from dataclasses import dataclass
from typing import Any

from assessments.reporting.result_view.names import Names
from assessments.reporting.result_view.words import Numbers, Option, counted, options, scenario_runs


@dataclass(frozen=True)
class RunCell:
    """One option in one run. total: points of 100; gates: names of what blocks it; first: it comes first."""

    total: float | None
    gates: tuple[str, ...]
    first: bool


@dataclass(frozen=True)
class RunRow:
    """One run. outcome: "keeps", "changes", "tie", "none left" or "base"; margin: points, None with fewer than two open."""

    name: str
    question: str
    cells: tuple[RunCell, ...]
    margin: float | None
    outcome: str

    @property
    def tone(self) -> str:
        return {"keeps": "good", "base": "muted"}.get(self.outcome, "bad")


@dataclass(frozen=True)
class RunRisk:
    """The risk of every option in one run: months at the 80th percentile, MUSD likewise, when it is first too much."""

    name: str
    cells: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class OtherRow:
    """Who comes first under another way to judge. margin: points; kind: what sort of way it is, in words."""

    name: str
    first: str
    accent: str
    margin: float | None
    same: bool


def run_rows(numbers: Numbers, names_of_gates: dict[str, str]) -> list[RunRow]:
    """The unchanged facts first, then every run, with the value of every option."""
    known, verdict = options(numbers), numbers["verdict"]
    result = numbers[numbers["basis"]]["options"]

    def named(gates: Any) -> tuple[str, ...]:
        return tuple(names_of_gates.get(gate, gate) for gate in gates)

    base = tuple(
        RunCell(result[key]["total"], named(result[key]["blocked_by"]), key == verdict["option"]) for key in known
    )
    margin = verdict["margin"] if verdict["runner_up"] else None
    rows = [RunRow("As the facts stand", "", base, margin, "base")]
    for key, run in scenario_runs(numbers):
        cells = tuple(
            RunCell(run["totals"][option], named(run["blocked_by"][option]), option == run["winner"])
            for option in known
        )
        outcome = "tie" if run["tied"] else "none left"
        if run["winner"]:
            outcome = "keeps" if run["kept"] else "changes"
        rows.append(
            RunRow(f"{key} {run['name']}", run["question"], cells, run["margin"] if run["runner_up"] else None, outcome)
        )
    return rows


def run_risks(numbers: Numbers) -> list[RunRisk]:
    """What each run does to the risk of every option; none before the full depth."""
    risk, known = numbers.get("risk"), options(numbers)
    if not risk or not risk["scenarios"]:
        return []

    def when(one: Any) -> str:
        if "first_breach" not in one:
            return ""
        half = one["first_breach"]
        return "within" if half is None else "from months " + str(risk["half_years"][half]).replace("-", "–")

    base = []
    for key in known:
        own = risk["options"][key]
        base.append((f"{own['slip']['p80']:.1f}", f"{own['cost']['p80']:.1f}", when(own)))
    rows = [RunRisk("As the facts stand", tuple(base))]
    for key, run in scenario_runs(numbers):
        there = risk["scenarios"].get(key)
        if there:
            cells = tuple(
                (f"{there[option]['slip_p80']:.1f}", f"{there[option]['cost_p80']:.1f}", when(there[option]))
                for option in known
            )
            rows.append(RunRisk(f"{key} {run['name']}", cells))
    return rows


def other_rows(numbers: Numbers, names: Names) -> list[OtherRow]:
    """The lenses, equal weights, the criteria version before: who comes first, and whether that is the same choice."""
    found = numbers.get("counterfactual")
    known = options(numbers)
    if not found:
        return []
    order = {key: at for at, key in enumerate((*names.lenses, "equal_weights", "previous"))}
    rows = []
    for one in sorted(found["frameworks"], key=lambda row: order.get(row["key"], len(order))):
        winner: Option | None = known.get(one["winner"] or "")
        first = winner.name if winner else "a tie" if one["margin"] is not None else "none left"
        rows.append(OtherRow(one["name"], first, winner.accent if winner else "", one["margin"], one["same"]))
    return rows


def stress_words(numbers: Numbers) -> list[str]:
    """In how many runs and other ways to judge the choice stays, and which ones change it."""
    verdict, known = numbers["verdict"], options(numbers)
    said = []
    if verdict["option"]:
        first = known[verdict["option"]].name
        said.append(
            f"{first} comes first in {verdict['scenarios_kept']} of {counted(verdict['scenarios'], 'stress run')}."
        )
        changed = [run["name"] for _, run in scenario_runs(numbers) if not run["kept"]]
        if changed:
            said.append(f"The answer changes under {_joined(changed)}.")
    other = numbers.get("counterfactual")
    if other and other["of"] and verdict["option"]:
        said.append(f"Other ways to judge: the same choice in {other['same']} of {other['of']}.")
    return said


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
