"""Which changed facts matter: each alone, by what it moves."""

import pytest

from assessments.scoring.effects import CELLS, EVERYTHING, GATES, RISK, FactChange, moved_by
from assessments.scoring.framework import Framework
from assessments.scoring.profile import read_profile
from tests.scoring import sample
from tests.scoring.test_reproduction import DOCUMENT
from tests.support.documents import demo_profile

FRAMEWORK = Framework.from_data(sample.document())
FACTS = read_profile(sample.profile(), FRAMEWORK.schema)
KEYS = tuple(FACTS["options"])


@pytest.fixture(scope="module")
def halden():
    framework = Framework.from_data(DOCUMENT)
    document = demo_profile("halden")
    return framework, read_profile(document, framework.schema, assessment_date="2026-11-15")


def test_a_fact_that_becomes_what_it_was_moves_nothing():
    assert moved_by(FRAMEWORK, FACTS, KEYS, [FactChange("qms", "", FACTS["program"]["qms"])]) == [frozenset()]


def test_each_change_is_told_alone_by_what_it_moves():
    """Quality 0 blocks the own site and lowers its score; a month more of waiting in twelve moves no band here."""
    found = moved_by(FRAMEWORK, FACTS, KEYS, [FactChange("qms", "", 0), FactChange("regions", "", ["us", "eu"])])
    assert {CELLS, GATES} <= found[0] and found[1] == frozenset()


def test_a_price_that_crosses_no_band_moves_risk_alone(halden):
    framework, facts = halden
    found = moved_by(framework, facts, ("in_house", "cdmo", "hybrid"), [FactChange("cdmo_kusd_lot", "cdmo", 690)])
    assert found == [frozenset({RISK})]  # a lost lot costs its price; the band of the score stays


def test_the_runway_of_the_default_framework_moves_its_gate(halden):
    framework, facts = halden
    (found,) = moved_by(framework, facts, ("in_house", "cdmo", "hybrid"), [FactChange("runway_months", "", 3)])
    assert GATES in found


def test_changed_facts_without_an_answer_matter_in_every_way(monkeypatch):
    from assessments.scoring import effects
    from assessments.scoring.language import EvaluationError

    true_run = effects.run

    def run(framework, facts, layout, *, scenarios):
        if any(one["program"]["qms"] == 1 for one in facts):
            raise EvaluationError("no answer")
        return true_run(framework, facts, layout, scenarios=scenarios)

    monkeypatch.setattr(effects, "run", run)
    changes = [FactChange("qms", "", 1), FactChange("qms", "", 0), FactChange("regions", "", ["us", "eu"])]
    found = moved_by(FRAMEWORK, FACTS, KEYS, changes)
    assert found[0] == EVERYTHING and GATES in found[1] and found[2] == frozenset()
