"""The rules of the decision watch one by one, and the clock of facts against a calculation by hand."""

import copy
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from assessments.scoring.batch import Judged, Outcome, batch
from assessments.scoring.clock import later
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from assessments.scoring.tripwires import Wire, check, crossed, fired, lapsed
from assessments.scoring.watching import Decided, judge
from tests.scoring import sample

JUDGED = Judged(("a", "b", "c"), {}, frozenset())


def decided(kind="recommended", option="a", verdict="clear", behind=0.0, place=1, **more):
    return Decided(kind, option, JUDGED, verdict, behind, place, **more)


def outcome(a=80.0, b=70.0, c=60.0, kind="clear", first="a", blocked_by=None, demanded=None):
    by = {"a": (), "b": (), "c": ()} | (blocked_by or {})
    verdict = {"kind": kind, "option": first, "runner_up": "b", "margin": 10.0, "first_share": 1.0, "scenarios_kept": 9}
    shut = tuple(key for key, gates in by.items() if gates)
    return Outcome({"a": a, "b": b, "c": c}, shut, verdict, by, {"a": (), "b": (), "c": ()} | (demanded or {}))


@pytest.mark.parametrize(
    ("signed", "now", "state", "codes"),
    [
        (decided(), outcome(), "holds", []),
        (decided(), outcome(a=70, b=72.5, first="b"), "no_longer_holds", ["overtaken"]),
        (decided(), outcome(a=70, b=72.4, first="b"), "weaker", ["level"]),
        (decided(), outcome(a=70, b=70, first=None, kind="close_call"), "weaker", ["level"]),
        (decided(), outcome(kind="leaning"), "weaker", ["verdict"]),
        (decided(verdict="close_call"), outcome(kind="close_call"), "holds", []),
        (decided(verdict="close_call"), outcome(kind="clear"), "holds", []),
        (decided(), outcome(kind="best_remaining", blocked_by={"b": ("G1",), "c": ("G1",)}), "holds", []),
        (decided(verdict="best_remaining"), outcome(kind="close_call"), "weaker", ["verdict"]),
        (decided(verdict="best_remaining"), outcome(kind="leaning"), "holds", []),
        (decided(), outcome(blocked_by={"a": ("G4",)}, first="b"), "no_longer_holds", ["blocked"]),
        (decided(), outcome(demanded={"a": ("G2",)}), "weaker", ["demanded"]),
        (decided(demanded=frozenset({"G2"})), outcome(demanded={"a": ("G2",)}), "holds", []),
        (decided("alternative", "b", behind=10, place=2), outcome(), "holds", []),
        (decided("alternative", "b", behind=10, place=2), outcome(b=67.5), "weaker", ["behind"]),
        (decided("alternative", "b", behind=10, place=2), outcome(b=75, c=76), "weaker", ["place"]),
        (decided("alternative", "b", behind=10, place=None, aside=frozenset({"G5"})), outcome(blocked_by={"b": ("G5",)}),
         "holds", []),
        (decided("alternative", "b", behind=10, place=None, aside=frozenset({"G5"})),
         outcome(blocked_by={"b": ("G5", "G7")}), "no_longer_holds", ["blocked"]),
        (decided("not_yet", "", "close_call"), outcome(kind="close_call"), "holds", []),
        (decided("not_yet", "", "close_call"), outcome(kind="leaning"), "weaker", ["decidable"]),
        (decided(), None, "no_longer_holds", ["gone"]),
    ],
)  # fmt: skip
def test_each_line_of_the_rules(signed, now, state, codes):
    found, reasons = judge(signed, now, resolution=2.5)
    assert (found, [reason.code for reason in reasons]) == (state, codes)


def test_a_crossed_tripwire_ends_any_kind_and_comes_first():
    for kind, option in (("recommended", "a"), ("alternative", "b"), ("not_yet", "")):
        state, reasons = judge(decided(kind, option), outcome(), resolution=2.5, crossed=["w"])
        assert state == "no_longer_holds" and reasons[0].code == "tripwire"


@given(
    need=some.integers(0, 48),
    runway=some.integers(0, 120),
    wait=some.integers(0, 36),
    change=some.integers(0, 60),
    months=some.integers(0, 60),
)
def test_facts_later_on_are_what_a_calendar_says(need, runway, wait, change, months):
    """Anchored: value less months, whatever the sign. Runway: less months, at least 0. Waits and durations: as they stand."""
    document = copy.deepcopy(sample.DOCUMENT)
    fields = document["schema"]["fields"]
    fields.append({"key": "runway", "label": "Runway", "type": "decimal", "min": 0, "max": 120, "clock": "remaining"})
    next(one for one in fields if one["key"] == "changes")["items"]["month"]["clock"] = "anchored"
    next(one for one in fields if one["key"] == "wait")["clock"] = "remaining"
    schema = Framework.from_data(document).schema
    profile = sample.profile() | {"need": need, "runway": runway, "changes": [{"month": change, "impact": "minor"}]}
    profile["options"][1]["facts"]["wait"] = wait
    facts = read_profile(profile, schema)
    before = copy.deepcopy(facts)
    moved = later(facts, schema, months)
    assert moved["program"]["need"] == need - months
    assert moved["program"]["runway"] == (runway - months if runway > months else 0)
    assert moved["program"]["changes"] == [{"month": change - months, "impact": "minor"}]
    assert moved["options"]["a"]["facts"]["wait"] == wait
    assert moved["program"]["pivotal"] == 20 and facts == before


@given(value=some.integers(-10, 50), threshold=some.integers(-10, 50), months=some.integers(0, 40))
def test_a_wire_on_a_dated_month_compares_calendar_months(value, threshold, months):
    schema = Framework.from_data(sample.DOCUMENT).schema
    today = {"program": {"need": value - months}, "options": {}}
    assert fired(Wire("need", "", "lt", threshold), schema, today, months) == (value < threshold, value)


def test_a_wire_counts_on_its_last_day_and_no_longer():
    last = datetime.date(2026, 2, 28)
    assert not lapsed(last, last) and lapsed(last, datetime.date(2026, 3, 1))
    assert not lapsed(None, datetime.date(2099, 1, 1)), "for ever"


def test_nothing_stated_crosses_nothing():
    assert not any(crossed(Wire("wait", "a", how, 3), None) for how in ("lt", "le", "gt", "ge", "eq", "ne"))


def test_an_unknown_name_is_told_the_nearest():
    schema = Framework.from_data(sample.DOCUMENT).schema
    facts = read_profile(sample.profile(), schema)
    faults = check(Wire("potencyy", "", "eq", "none"), schema, facts)[2]
    assert faults[0][0] == "field" and "potency" in faults[0][1].split("'potencyy'")[1]


def test_the_batch_with_judgement_says_what_the_headline_says():
    framework = Framework.from_data(sample.DOCUMENT)
    facts = read_profile(sample.profile(), framework.schema)
    panel = {
        "first_lot": {"own": {"value": 2.0, "suggestion": 3.0}, "a": {"value": 4.5, "suggestion": None}},
        "quality": {"mix": {"value": 1.0, "suggestion": 4.0}},
    }
    keys = ("own", "a", "mix")
    held = headline(Problem(framework, facts, keys, panel))
    judged = Judged(keys, panel, frozenset(one.key for one in framework.criteria))
    found = batch(framework, [facts, facts], judged=[judged, judged])[1]
    for key in keys:
        assert found.totals[key] == pytest.approx(held["panel"]["options"][key]["total"], nan_ok=True)
    for part in ("kind", "option", "runner_up", "margin", "first_share", "scenarios_kept"):
        assert found.verdict[part] == held["verdict"][part]
