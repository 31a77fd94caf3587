"""A scorecard's numbers as the data of charts."""

from assessments.reporting.charts import (
    FirstShares,
    OptionValue,
    ScenarioMatrix,
    ScenarioOption,
    ScenarioRun,
    Share,
    ValueBars,
)
from assessments.reporting.result_view.names import Names
from assessments.reporting.result_view.words import Numbers, counted, options, result_of, scenario_runs


def _gates_of(numbers: Numbers, key: str) -> tuple[str, str]:
    """(why it is blocked, what else fired) of an option, in words."""
    mine = [gate for gate in numbers["gates"] if key in gate["options"]]
    why = ", ".join(dict.fromkeys(gate["name"].lower() for gate in mine if gate["effect"] == "block"))
    conditions = {(gate["id"], gate["condition"]["title"]) for gate in mine if gate["condition"]}
    warnings = sum(1 for gate in mine if gate["effect"] == "warn")
    said = [counted(len(conditions), "condition")] if conditions else []
    said += [counted(warnings, "warning")] if warnings else []
    return why, ", ".join(said) or "no gate fired"


def value_bars(numbers: Numbers, names: Names, inputs: str = "", basis: str | None = None) -> ValueBars:
    """Every option, the best first and the blocked last. inputs: what it rests on, in words."""
    known, result = options(numbers), result_of(numbers, basis)
    bars = []
    for key in result["order"]:
        row = result["options"][key]
        blocked, note = _gates_of(numbers, key)
        unsure = row["high"] - row["low"] > 1e-9
        bars.append(
            OptionValue(
                known[key].name,
                tuple(row["dimensions"][dimension]["contribution"] for dimension in names.dimensions),
                row["total"] or 0.0,
                blocked=(blocked or "by a gate") if row["blocked"] else "",
                note=note,
                accent=known[key].accent,
                low=row["low"] if unsure else None,
                high=row["high"] if unsure else None,
            )
        )
    return ValueBars(tuple(names.dimensions.values()), tuple(bars), inputs=inputs)


def scenario_matrix(numbers: Numbers) -> ScenarioMatrix:
    """The unchanged facts first, then every run."""
    known, result, verdict = options(numbers), result_of(numbers)["options"], numbers["verdict"]
    base = ScenarioRun(
        "As the facts stand",
        verdict["option"],
        verdict["margin"] if verdict["runner_up"] else None,
        tuple(key for key, row in result.items() if not row["blocked"]),
        None,
        tuple(verdict["tied"]),
    )
    runs = [
        ScenarioRun(
            f"{key} {run['name']}",
            run["winner"],
            run["margin"] if run["runner_up"] else None,
            tuple(run["unblocked"]),
            run["kept"],
            tuple(run["tied"]),
        )
        for key, run in scenario_runs(numbers)
    ]
    columns = tuple(ScenarioOption(option.key, option.name, option.accent) for option in known.values())
    return ScenarioMatrix(columns, (base, *runs))


def first_shares(numbers: Numbers, names: Names) -> FirstShares:
    """Blocked options are not ranked, so they have no share."""
    known, result = options(numbers), result_of(numbers)["options"]
    shares = numbers["robustness"]["first_share"]
    open_ = [key for key in known if not result[key]["blocked"]]
    rows = [
        Share(
            known[key].name,
            known[key].accent,
            shares[key]["value"] if key in open_ else None,
            shares[key]["se"] if key in open_ else None,
        )
        for key in sorted(known, key=lambda key: (key not in open_, -shares[key]["value"]))
    ]
    return FirstShares(tuple(rows), numbers["draws"], names.clear_share if len(open_) > 1 else None)
