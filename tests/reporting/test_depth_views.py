"""Robustness and stress of real full scorecards in words and rows; what older scorecards lack is left out, not made up."""

import copy
from functools import cache

import pytest

from assessments.reporting import charts
from assessments.reporting import result_view as view
from assessments.scoring import full
from assessments.scoring.headline import Problem
from assessments.scoring.profile import read_profile
from tests.reporting.test_result_view import demo, framework, names
from tests.support.documents import demo_profile


@cache
def deep(program: str) -> dict:
    data = demo_profile(program)
    facts = read_profile(data, framework().schema, assessment_date="2026-05-31")
    return full.full(Problem(framework(), facts))


def test_a_headline_has_first_shares_and_nothing_of_depth():
    numbers = demo("brightwater")
    assert view.apart_words(numbers)
    assert view.rank_shares(numbers) is None and view.weight_ranges(numbers, names()) is None
    assert view.tornado(numbers, names()) is None and view.central_rows(numbers, names()) == []
    assert (
        view.beats_rows(numbers) == []
        and view.confidence_rows(numbers) == []
        and view.other_rows(numbers, names()) == []
    )
    assert not any(view.every_flip(numbers, names()).values()) and view.nearest_flips(numbers, names()) == []
    assert view.run_risks(numbers) == [] and view.spread_rows(numbers, "slip") == [] and view.pair_rows(numbers) == []
    assert (
        view.breach_over_time(numbers) is None
        and view.headroom_rows(numbers) == []
        and view.risk_summary(numbers) is None
    )


def test_blocked_options_are_in_no_comparison_of_weights():
    numbers = deep("meridian")
    assert [one.name for one in view.compared(numbers)] == ["Hybrid", "CDMO"]
    assert len(view.rank_shares(numbers).options) == 2 and len(view.beats_rows(numbers)) == 2
    assert all(len(row.shares) == 2 for row in view.central_rows(numbers, names()))


def test_with_one_option_left_the_reason_stands_where_figures_would():
    numbers = deep("nuvelo")
    assert view.why_no_any_weights(numbers) == "fewer than two options are open"
    assert view.rank_shares(numbers) is None and view.apart_words(numbers) == []


def test_shares_within_two_errors_are_called_not_distinguishable():
    numbers = copy.deepcopy(deep("brightwater"))
    first, second = (one.key for one in view.compared(numbers)[:2])
    pair = next(key for key in numbers["robustness"]["paired"] if set(key.split("|")) == {first, second})
    numbers["robustness"]["paired"][pair] = {"value": 0.019, "se": 0.01}
    assert any("not distinguishable" in said and "1.9 ± 2.0" in said for said in view.apart_words(numbers))
    numbers["robustness"]["paired"][pair] = {"value": 0.021, "se": 0.01}
    assert not any("not distinguishable" in said for said in view.apart_words(numbers))


def test_ranges_begin_with_the_tightest_and_agree_with_the_flips():
    numbers = deep("brightwater")
    ranges = view.weight_ranges(numbers, names())
    nearest = view.every_flip(numbers, names())["weights"][0]
    assert nearest.what.removeprefix("Weight on ").startswith(ranges.rows[0].name)
    for row in ranges.rows:
        assert row.low <= row.order_low <= row.weight <= row.order_high <= row.high
    assert len(view.weight_ranges(numbers, names(), "criteria").rows) == 25


@pytest.mark.parametrize("program", ["brightwater", "meridian", "tri_coast", "ostara"])
def test_the_parts_of_the_lead_add_up_to_the_margin(program):
    numbers = deep(program)
    parts = [row.lead for row in view.dimension_rows(numbers, names())]
    assert sum(parts) == pytest.approx(numbers["verdict"]["margin"], abs=1e-9)


def test_every_run_tells_values_gates_and_what_becomes_of_the_answer():
    numbers = deep("brightwater")
    rows = view.run_rows(numbers, {gate.id: gate.name for gate in framework().gates})
    assert [row.name.split()[0] for row in rows[1:]] == ["S1", "S2", "S3", "S4", "S5", "S6", "S7a", "S7b", "S8"]
    assert sum(row.outcome == "keeps" for row in rows) == numbers["verdict"]["scenarios_kept"]
    surge = rows[2]
    assert any(cell.gates and not cell.gates[0].startswith("G") for cell in surge.cells), "gates by name"
    assert len(view.run_risks(numbers)) == 10


def test_other_ways_to_judge_are_counted_as_the_engine_counts_them():
    numbers = deep("brightwater")
    rows = view.other_rows(numbers, names())
    assert len(rows) == 6 and sum(row.same for row in rows) == numbers["counterfactual"]["same"]
    assert rows[-1].name == "Equal weights"
    assert f"the same choice in {numbers['counterfactual']['same']} of 6" in view.stress_words(numbers)[-1]


def test_scores_held_within_the_scale_are_named():
    numbers = copy.deepcopy(deep("brightwater"))
    numbers["clipped"] = [
        {"criterion": "pdr_lot_success", "option": "cdmo", "by": "judgement", "unclipped": 5.7, "score": 5.0}
    ]
    (row,) = view.clipped_rows(numbers, names())
    assert (row.criterion, row.option.name, row.unclipped, row.score) == ("Expected lot success", "CDMO", "5.7", "5")
    del numbers["clipped"]
    assert view.clipped_rows(numbers, names()) == []


def test_certainty_is_told_only_where_cells_are_missing():
    numbers = copy.deepcopy(deep("brightwater"))
    assert view.certain_words(numbers) == []
    rows = numbers["facts"]["options"]
    rows["hybrid"]["low"], numbers["facts"]["certain"] = rows["hybrid"]["high"] - 20, [["cdmo", "hybrid"]]
    assert view.certain_words(numbers) == ["Whatever the missing cells turn out to be, CDMO stays ahead of Hybrid."]
    numbers["facts"]["certain"] = []
    assert "could still turn every pair" in view.certain_words(numbers)[0]


def test_a_summary_for_lists_says_when_it_is_too_much():
    summary = view.risk_summary(deep("meridian"))
    assert len(summary["p80"]) == 8 and view.risk_summary_words(summary).startswith("beyond from month ")
    assert view.risk_summary_words(summary | {"first_breach": None}) == "within capacity"
    assert view.risk_summary_words(summary | {"capacity": None}) == "no capacity defined"
    drawn = charts.figure(view.risk_sparkline(summary)).svg
    assert "can be absorbed" in drawn
    # What is drawn as too much is what the words say is too much, in months or MUSD.
    assert summary["beyond"].index(True) == summary["first_breach"]
    assert drawn.count("c-bad") == sum(summary["beyond"])
    calm = summary | {"beyond": [False] * 8, "first_breach": None}
    assert "c-bad" not in charts.figure(view.risk_sparkline(calm)).svg
