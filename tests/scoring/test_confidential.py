"""Nobody without the right reads a sum that rests on prices and terms; everybody reads the same scores and totals."""

import pytest
import yaml

from assessments.scoring.confidential import HIDDEN, confidential, without_commercial
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from tests.scoring.test_demo_programs import FOLDER


@pytest.fixture(scope="module")
def framework():
    return Framework.from_data(yaml.safe_load((FOLDER / "msc_location.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def numbers(framework):
    """Ostara: the own plant is unaffordable, 14 MUSD against 9."""
    facts = read_profile(
        yaml.safe_load((FOLDER / "demo" / "ostara.yaml").read_text(encoding="utf-8")),
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
    assert "14.0 MUSD" in str(numbers["gates"]), "the given scorecard stays as it is"
