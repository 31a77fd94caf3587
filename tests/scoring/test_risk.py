"""Risk over time: the published figures, closed forms, and the promises of common paths."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assessments.scoring import full
from assessments.scoring.headline import Problem
from assessments.scoring.profile import read_profile
from assessments.scoring.risk import risk_of
from assessments.scoring.risk.chances import NEVER, bucket_of, chances
from assessments.scoring.risk.model import CATEGORIES, risk_model
from assessments.scoring.risk.paths import draws_of, failures, paths, struck_by, triangular
from assessments.scoring.risk.report import held_against
from assessments.scoring.runs import Layout, run
from tests.support.documents import default_framework, demo_profile

FRAMEWORK = default_framework()
MODEL = risk_model(FRAMEWORK)
KINDS = ("in_house", "cdmo", "hybrid")

# An independent computation of the same model, months and MUSD: slip P50, P80; mean slip O, R, X; cost mean, P80.
FIGURES = {
    "ostara": {
        "in_house": (21.9, 26.8, 3.3, 7.0, 11.8, 12.5, 15.3),
        "cdmo": (15.1, 20.2, 4.2, 4.0, 7.3, 9.3, 11.9),
        "hybrid": (17.8, 22.7, 4.9, 5.4, 7.4, 11.9, 14.7),
    },
    "meridian": {
        "in_house": (15.3, 19.3, 2.8, 2.9, 9.6, 12.4, 15.2),
        "cdmo": (11.0, 16.5, 4.3, 0.9, 6.3, 7.1, 9.3),
        "hybrid": (10.9, 15.9, 3.9, 1.6, 5.7, 7.6, 9.8),
    },
    "brightwater": {
        "in_house": (9.8, 13.9, 3.0, 3.2, 3.9, 8.0, 10.1),
        "cdmo": (12.6, 17.8, 4.0, 2.1, 6.7, 8.1, 10.3),
        "hybrid": (12.9, 18.1, 4.7, 2.7, 5.7, 9.7, 12.2),
    },
    "tri_coast": {
        "in_house": (16.1, 25.4, 2.4, 7.7, 7.2, 20.6, 29.1),
        "cdmo": (12.8, 21.3, 4.0, 4.3, 5.9, 10.6, 15.3),
        "hybrid": (11.9, 19.9, 4.1, 4.4, 4.9, 11.1, 15.8),
    },
}


def facts_of(name, **changed):
    document = demo_profile(name) | changed
    return read_profile(document, FRAMEWORK.schema, assessment_date="2026-11-01")


def ran(facts, *, scenarios=False):
    layout = Layout.of(facts["options"], tuple(facts["options"]))
    return run(FRAMEWORK, [facts], layout, scenarios=scenarios), layout


def walked(name, key, count=20_000, compat=False, **changed):
    done, layout = ran(facts_of(name, **changed))
    at = layout.keys.index(key)
    odds = chances(MODEL, layout.kinds[at], done.columns[at], [""])
    return odds, paths(MODEL, odds, 0, draws_of(FRAMEWORK, MODEL, count), compat=compat)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_the_figures_of_an_independent_computation_within_one_month_and_one_million(name):
    done, layout = ran(facts_of(name))
    found = risk_of(FRAMEWORK, done, layout, scenario_draws=0, compat=True)["options"]
    for key, wanted in FIGURES[name].items():
        one = found[key]
        slips = [one["by_category"][category]["slip"] for category in CATEGORIES]
        got = (one["slip"]["p50"], one["slip"]["p80"], *slips, one["cost"]["mean"], one["cost"]["p80"])
        # The figures are printed with one decimal, so half a tenth more is agreement too.
        assert np.abs(np.array(got) - wanted).max() <= 1.05, (key, got)


@pytest.mark.parametrize("name", ["halden", "nuvelo", "brightwater"])
@pytest.mark.parametrize("key", KINDS)
def test_the_mean_cost_is_the_closed_form(name, key):
    """E = sum of p x mean of the triangle, of an event that strikes once with the chance that it has not struck before."""
    odds, walk = walked(name, key)
    for at, event in enumerate(MODEL.events):
        chance, each = odds.probability[0, at], odds.each[0, at]
        if event.draws == "binomial_lots":
            expected = (odds.lots[0, at] * chance * each).sum()
        else:
            spared = np.concatenate([[1.0], np.cumprod(1 - chance)[:-1]]) if event.once else np.ones(len(chance))
            expected = (chance * spared * (odds.cost[0, at].mean() + each)).sum()
        expected *= odds.cost_factor[at] * odds.share[at]
        assert walk.cost_of[at] == pytest.approx(expected, abs=0.02 + 0.02 * expected), event.id
    assert walk.cost_of.sum() == pytest.approx(walk.spent.mean())


@pytest.mark.parametrize("key", KINDS)
def test_an_event_strikes_as_often_as_its_half_years_say(key):
    odds, walk = walked("ostara", key)
    for at, event in enumerate(MODEL.events):
        chance = odds.probability[0, at]
        none = stats.binom.pmf(0, np.floor(odds.lots[0, at]), chance) if event.draws == "binomial_lots" else 1 - chance
        if event.draws == "binomial_lots":
            none = none * (1 - (odds.lots[0, at] % 1) * chance)
        assert walk.strikes[at] == pytest.approx(1 - np.prod(none), abs=4 * math.sqrt(0.25 / 20_000)), event.id


def test_shares_of_slip_by_event_and_by_category_sum_to_the_slip():
    _, walk = walked("tri_coast", "cdmo")
    assert walk.slip_of.sum() == pytest.approx(walk.slip.mean())
    assert walk.delay.sum(axis=(0, 1)) == pytest.approx(walk.slip)


def two_delays():
    """A hundred equal paths in which the third half-year has an operational delay of 4 months and a regulatory one of 2."""
    odds, _ = walked("brightwater", "cdmo", count=100)
    for part in (odds.probability, odds.delay, odds.delay_factor):
        part[:] = 0
    plain = [(at, e.category) for at, e in enumerate(MODEL.events) if e.draws == "per_bucket" and not e.once]
    first, second = (next(at for at, category in plain if category == wanted) for wanted in "OR")
    for at, months in ((first, 4.0), (second, 2.0)):
        odds.probability[0, at, 2], odds.delay[0, at], odds.delay_factor[0, at] = 1.0, months, 1.0
    draws = draws_of(FRAMEWORK, MODEL, 100)
    odds.lots[:] = 0
    return paths(MODEL, odds, 0, draws)


def test_two_delays_overlap_as_the_model_says():
    """4 + 0.3 x 2, shared out 2 to 1, and nothing in the other half-years."""
    walk = two_delays()
    assert walk.slip == pytest.approx(np.full(100, 4.6))
    assert walk.delay[:, 2].mean(axis=1) == pytest.approx([4.6 * 4 / 6, 4.6 * 2 / 6, 0])
    assert walk.delay[:, [0, 1, 3, 4, 5, 6, 7]].sum() == 0


def test_paths_are_common_so_that_an_edit_moves_only_what_it_touches():
    _, before = walked("meridian", "hybrid")
    _, after = walked("meridian", "hybrid", single_source_materials=0)
    shortage = [event.id for event in MODEL.events].index("R09")
    others = [at for at in range(len(MODEL.events)) if at != shortage]
    assert (before.strikes[others] == after.strikes[others]).all()
    assert (before.cost_of[others] == after.cost_of[others]).all()
    assert after.strikes[shortage] < before.strikes[shortage]
    assert (after.slip <= before.slip + 1e-9).all()


def test_the_same_inputs_give_the_same_bytes():
    problem = Problem(FRAMEWORK, facts_of("halden"))
    first, second = (full.full(problem)["risk"] for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_a_full_scorecard_stays_below_64_kib_and_says_what_it_computed():
    said = []
    card = full.full(Problem(FRAMEWORK, facts_of("tri_coast")), lambda percent, part: said.append((percent, part)))
    assert len(json.dumps(card).encode()) <= 64 * 1024
    assert set(card["risk"]["scenarios"]) == set(card["scenarios"])
    assert card["depth"] == "full" and said[-1] == (60, "Risk over time")
    assert any("months" in one["text"] and "risk." in one["from"][0] for one in card["explanation"])


@pytest.mark.parametrize(
    ("month", "bucket"), [(-3, 1), (0, 1), (0.5, 1), (6, 1), (6.01, 2), (12, 2), (47.9, 8), (48, 8), (49, 9)]
)
def test_the_half_year_of_a_month(month, bucket):
    assert bucket_of(np.array([month / 6]), 8, cap=False)[0] == bucket
    assert bucket_of(np.array([month / 6]), 8, cap=True)[0] == min(bucket, 8)


def test_a_month_that_is_not_stated_never_comes():
    assert bucket_of(np.array([np.nan]), 8, cap=True)[0] == NEVER


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.floats(0, 0.999))
def test_quantiles_of_a_triangle_are_those_of_another_library(a, b, c, u):
    least, likely, most = sorted((a, b, c))
    got = float(triangular(np.array(u), np.array(least), np.array(likely), np.array(most)))
    if most - least < 1e-6:
        assert got == pytest.approx(most, abs=1e-5)
    else:
        wanted = stats.triang.ppf(u, (likely - least) / (most - least), least, most - least)
        assert got == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("lots", "chance"), [(12.0, 0.1), (4.5, 0.22), (0.5, 0.4), (30.0, 0.03), (2.0, 1.0)])
def test_lot_failures_are_binomial_with_a_part_of_a_lot(lots, chance):
    uniform = ((np.arange(40_000) + 0.5) / 40_000)[None, :]
    found = failures(np.array([lots]), np.array([chance]), uniform)[0]
    whole, part = math.floor(lots), lots - math.floor(lots)
    assert found.mean() == pytest.approx(lots * chance, abs=2e-3)
    none = stats.binom.pmf(0, whole, chance) * (1 - part * chance)
    assert (found == 0).mean() == pytest.approx(none, abs=1e-4)
    assert found.max() <= math.ceil(lots)


def test_no_lot_and_no_failing_lot_cost_nothing():
    uniform = np.full((2, 10), 0.01)
    assert failures(np.array([0.0, 9.0]), np.array([0.5, 0.0]), uniform).sum() == 0


def test_stated_capacity_stands_before_the_default_and_zero_is_a_statement():
    document = {"absorb_delay_months": {"O": 3}, "absorb_cost_musd": {"X": 0}}
    done, layout = ran(facts_of("meridian", **document))
    capacity = risk_of(FRAMEWORK, done, layout, draws=200, scenario_draws=0)["capacity"]
    # Runway 24 and need 14: (24 - 14) / 2 = 5 months in all, 0.3, 0.3 and 0.4 of it; 10% of 26 MUSD.
    assert capacity["delay"] == {"O": 3.0, "R": 1.5, "X": 2.0, "stated": ["O"]}
    assert capacity["cost"].pop("stated") == ["X"]
    assert capacity["cost"] == pytest.approx({"O": 0.78, "R": 0.78, "X": 0.0})


def test_a_breach_is_counted_over_two_half_years():
    """1 month in every half-year, 1.5 can be absorbed within twelve months: from the second half-year on it is too much."""
    odds, walk = walked("brightwater", "cdmo", count=50)
    walk.delay[:] = 0
    walk.cost[:] = 0
    walk.delay[0] = 1.0
    limits = {"delay": {"O": 1.5, "R": 9, "X": 9}, "cost": {"O": 9, "R": 9, "X": 9}}
    held = held_against(walk, MODEL.capacity, limits)
    assert held["breach"] == [0.0, *[1.0] * 7]
    assert held["breach_by"] == {"delay": held["breach"], "cost": [0.0] * 8}
    assert held["first_breach"] == 1 and held["breach_ever"] == 1.0
    assert held["headroom"]["delay"]["O"] == pytest.approx(-0.5)
    assert (held["binding"]["category"], held["binding"]["unit"]) == ("O", "delay")


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize(
    "better",
    [{"open_steps": 6}, {"financing_probability_pct": 90}, {"key_person_roles": 0}, {"single_source_materials": 0}],
    ids=lambda better: next(iter(better)),
)
def test_a_better_fact_that_only_drives_risk_never_adds_to_any_path(key, better):
    _, before = walked("ostara", key)
    _, after = walked("ostara", key, **better)
    assert after.slip.mean() < before.slip.mean()
    if "financing_probability_pct" not in better:
        # A funding gap strikes once: spared early, a path can meet a longer one later.
        assert (after.slip <= before.slip + 1e-6).all()


@pytest.mark.parametrize("odds", [0.0, 1e-6, 0.001, 0.1, 1 / 3, 0.5, 0.9, 1.0])
def test_the_paths_struck_are_those_whose_number_is_below_the_probability(odds):
    draws = draws_of(FRAMEWORK, MODEL, 500)
    shape = draws.strike.shape[:2]
    probability = (odds * np.linspace(0.9, 1, shape[0] * shape[1]).reshape(shape)).astype(np.float32)
    expected = np.zeros(draws.strike.shape, bool)
    expected[struck_by(probability, draws)] = True
    assert (expected == (draws.strike < probability[:, :, None])).all()
    assert len(struck_by(probability, draws)[0]) == expected.sum()
