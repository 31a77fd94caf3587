"""Nobody without the right reads a sum that rests on prices and terms; everybody reads the same scores and totals."""

import pytest

from assessments.scoring.confidential import HIDDEN, confidential, facts_without_commercial, without_commercial
from assessments.scoring.full import full
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from tests.support.documents import default_framework, demo_profile


@pytest.fixture(scope="module")
def framework():
    return default_framework()


@pytest.fixture(scope="module")
def numbers(framework):
    """Ostara: the own plant is unaffordable, 14 MUSD against 9."""
    facts = read_profile(
        demo_profile("ostara"),
        framework.schema,
        assessment_date="2026-05-01",
    )
    return headline(Problem(framework, facts))


def test_what_reads_a_price_is_confidential_through_every_step(framework):
    found = confidential(framework)
    assert {"cdmo_kusd_lot", "cost_per_lot", "cost_ratio", "upfront", "capital_ratio", "regret"} <= found.names
    assert found.criteria == {"eco_upfront_capital", "eco_cost_per_lot", "eco_cost_of_being_wrong"}
    assert found.gates == {"G05"}
    assert not {"ready", "coverage", "capital_available_musd", "runway_months"} & found.names


def test_no_sum_is_left_anywhere(framework, numbers):
    shown = without_commercial(numbers, framework)
    assert "exceeds the capital available" in str(numbers) and "exceeds the capital available" not in str(shown)
    for cells in (shown["suggestions"][key] for key in confidential(framework).criteria):
        assert {cell["reason"] for cell in cells.values()} == {HIDDEN}
    for values in shown["derived"].values():
        assert not set(values) & confidential(framework).names


def test_the_answer_stays_and_the_gate_is_still_named(framework, numbers):
    shown = without_commercial(numbers, framework)
    for part in ("facts", "verdict", "lenses", "scenarios", "robustness", "weights"):
        assert shown[part] == numbers[part]
    gate = next(gate for gate in shown["gates"] if gate["id"] == "G05")
    assert gate["effect"] == "block" and gate["message"].startswith("Unaffordable.")
    assert any("unaffordable (confidential)" in said["text"] for said in shown["explanation"])
    assert "14 MUSD" in str(numbers["gates"]), "the given scorecard stays as it is"


def test_facts_are_shown_without_prices_and_the_days_of_prices(framework):
    facts = read_profile(
        demo_profile("ostara"),
        framework.schema,
        assessment_date="2026-05-01",
    )
    hidden = {key for key, field in framework.schema.fields.items() if field.commercial}
    key = "cdmo"
    price = next(name for name in facts["options"][key]["facts"] if name in hidden)
    facts["as_of"] = {f"{key}.{price}": "2026-01-01", "runway_months": "2026-02-01"}
    shown = facts_without_commercial(facts, framework)
    assert shown["as_of"] == {"runway_months": "2026-02-01"}
    for option, given in facts["options"].items():
        assert set(shown["options"][option]["facts"]) == set(given["facts"]) - hidden
    assert price in facts["options"][key]["facts"], "the given facts stay as they are"


def test_changes_and_events_that_tell_a_price_are_left_out_of_a_full_scorecard(framework):
    facts = read_profile(
        demo_profile("tri_coast"),
        framework.schema,
        assessment_date="2026-05-01",
    )
    numbers = full(Problem(framework, facts))
    shown = without_commercial(numbers, framework)
    assert any(row["commercial"] for row in numbers["flips"]["facts"])
    assert not any(row["commercial"] for rows in shown["flips"].values() for row in rows if "commercial" in row)
    told = confidential(framework).events
    for option in shown["risk"]["options"].values():
        assert all((row["cost_mean"] is None) == (row["id"] in told) for row in option["events"])
