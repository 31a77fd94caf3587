"""Better facts never lower a total nor add a block, on any valid profile near the demo programs."""

import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assessments.frameworks
from assessments.scoring.batch import batch
from assessments.scoring.profile import read_profile
from tests.support.documents import default_framework, demo_profile

FOLDER = Path(assessments.frameworks.__file__).parent
FRAMEWORK = default_framework()
PROGRAMS = [
    read_profile(demo_profile(path.stem), FRAMEWORK.schema, assessment_date="2026-01-01")
    for path in sorted((FOLDER / "demo").glob("*.yaml"))
]
BETTER_IF_MORE = (
    "qms_maturity", "lot_success_pct", "runway_months", "capital_available_musd", "hires_per_quarter", "potency_status",
)  # fmt: skip
VARIED = (
    "need_gmp_month", "lots_m36", "open_steps", "process_maturity", "gmp_fte", "attrition_pct", "reserve_months",
    "concurrent_burdens", "media_fills_passed", "pivotal_start_month", *BETTER_IF_MORE,
)  # fmt: skip


def values_of(key):
    entry = FRAMEWORK.schema.fields[key]
    if entry.type == "choice":
        return st.sampled_from(tuple(entry.choices))
    if entry.type == "integer":
        return st.integers(int(entry.min), int(min(entry.max, 200)))
    return st.integers(int(entry.min * 2), int(min(entry.max, 200) * 2)).map(lambda half: half / 2)


def rank_of(key, value):
    choices = tuple(FRAMEWORK.schema.fields[key].choices)
    return choices.index(value) if choices else value


def never_worse(before, after):
    for key, total in before.totals.items():
        assert after.totals[key] >= total - 1e-9, key
    assert set(after.blocked) <= set(before.blocked)


@st.composite
def programs(draw):
    facts = copy.deepcopy(draw(st.sampled_from(PROGRAMS)))
    for key in draw(st.sets(st.sampled_from(VARIED), max_size=6)):
        facts["program"][key] = draw(values_of(key))
    return facts


@pytest.mark.parametrize("key", BETTER_IF_MORE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_more_of_a_good_fact_never_hurts(key, data):
    facts = data.draw(programs())
    low, high = sorted((data.draw(values_of(key)), data.draw(values_of(key))), key=lambda value: rank_of(key, value))
    worse, better = copy.deepcopy(facts), copy.deepcopy(facts)
    worse["program"][key], better["program"][key] = low, high
    never_worse(*batch(FRAMEWORK, [worse, better], deep=False))


@settings(max_examples=60, deadline=None)
@given(facts=programs(), staff=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_more_staff_never_hurts_where_nobody_leaves(facts, staff):
    facts["program"]["attrition_pct"] = 0
    worse, better = copy.deepcopy(facts), copy.deepcopy(facts)
    worse["program"]["gmp_fte"], better["program"]["gmp_fte"] = sorted(staff)
    never_worse(*batch(FRAMEWORK, [worse, better], deep=False))


@settings(max_examples=40, deadline=None)
@given(facts=st.lists(programs(), min_size=2, max_size=5))
def test_one_program_counts_the_same_alone_and_among_others(facts):
    alone = [batch(FRAMEWORK, [one], deep=False)[0] for one in facts]
    assert batch(FRAMEWORK, facts, deep=False) == alone
