"""The default framework gives the demo programs' figures, and its gates fire where they must."""

import copy
from pathlib import Path

import pytest
import yaml

import assessments.frameworks
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile, write_profile

FOLDER = Path(assessments.frameworks.__file__).parent
FIGURES = yaml.safe_load((Path(__file__).parent / "demo_figures.yaml").read_text(encoding="utf-8"))
NAMES = sorted(path.stem for path in (FOLDER / "demo").glob("*.yaml"))


@pytest.fixture(scope="module")
def framework():
    return Framework.from_data(yaml.safe_load((FOLDER / "msc_location.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def profiles(framework):
    texts = {name: (FOLDER / "demo" / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
    return {
        name: read_profile(yaml.safe_load(text), framework.schema, assessment_date="2026-01-01")
        for name, text in texts.items()
    }


@pytest.fixture(scope="module")
def cards(framework, profiles):
    return {name: headline(Problem(framework, facts)) for name, facts in profiles.items()}


def changed(framework, facts, **values):
    """The scorecard with changed facts; a fact of options changes in all that have it."""
    facts = copy.deepcopy(facts)
    for key, value in values.items():
        homes = [facts["program"], *(option["facts"] for option in facts["options"].values())]
        homes = [home for home in homes if key in home]
        assert homes, key
        for home in homes:
            home[key] = value
    return headline(Problem(framework, facts))


def fired(card):
    return {(gate["id"], gate["effect"], option) for gate in card["gates"] for option in gate["options"]}


@pytest.mark.parametrize("name", FIGURES)
def test_totals_dimensions_and_derived_quantities(cards, name):
    card, figures = cards[name], FIGURES[name]
    for key, row in card["facts"]["options"].items():
        assert row["total"] == pytest.approx(figures["total"][key], abs=0.051)
        for dimension, expected in figures["dimensions"].items():
            assert row["dimensions"][dimension]["value"] == pytest.approx(expected[key], abs=0.51), (dimension, key)
        assert row["blocked_by"] == figures["blocked_by"][key]
        derived = card["derived"][key]
        assert derived["ready"] == pytest.approx(figures["ready_month"][key], abs=0.05)
        assert derived["coverage"] == pytest.approx(figures["coverage"][key], abs=0.0051)
        assert derived["cost_per_lot"] == pytest.approx(figures["cost_per_lot_kusd"][key], abs=0.51)


@pytest.mark.parametrize("name", FIGURES)
def test_gates_and_conditions(cards, name):
    found = sorted((g["id"], g["effect"], sorted(g["options"])) for g in cards[name]["gates"])
    assert found == sorted((gate, effect, sorted(options)) for gate, effect, options in FIGURES[name]["gates"])


@pytest.mark.parametrize("name", FIGURES)
def test_lenses(cards, name):
    for lens, expected in FIGURES[name]["lenses"].items():
        assert cards[name]["lenses"][lens]["totals"] == pytest.approx(expected, abs=0.051), lens


@pytest.mark.parametrize("name", FIGURES)
def test_scenarios(cards, name):
    for scenario, expected in FIGURES[name]["scenarios"].items():
        found = cards[name]["scenarios"][scenario]
        assert found["winner"] == expected["winner"], scenario
        assert found["runner_up"] == expected["runner_up"], scenario
        if expected["margin"] is not None:
            assert found["margin"] == pytest.approx(expected["margin"], abs=0.051), scenario


@pytest.mark.parametrize("name", FIGURES)
def test_first_shares(cards, name):
    for key, expected in FIGURES[name]["first_share_pct"].items():
        assert cards[name]["robustness"]["first_share"][key]["value"] * 100 == pytest.approx(expected, abs=3.0)


def test_halden_is_in_house_and_stays_so_under_every_stress(cards):
    card = cards["halden"]
    assert card["verdict"]["kind"] == "clear"
    assert card["verdict"]["option"] == "in_house"
    assert card["derived"]["cdmo"]["ready"] == 23
    assert {one["winner"] for one in card["scenarios"].values()} == {"in_house"}
    margins = sorted(card["scenarios"], key=lambda key: card["scenarios"][key]["margin"] or 100)
    assert set(margins[:2]) == {"S5", "S8"}


def test_nuvelo_has_one_open_door_with_conditions(cards):
    card = cards["nuvelo"]
    assert card["verdict"]["kind"] == "best_remaining"
    assert card["verdict"]["option"] == "cdmo"
    assert len(card["facts"]["options"]["in_house"]["blocked_by"]) == 5
    assert "G01" in card["facts"]["options"]["hybrid"]["blocked_by"]
    assert card["facts"]["options"]["cdmo"]["total"] == pytest.approx(57, abs=0.51)
    conditions = {gate["id"] for gate in card["gates"] if gate["effect"] == "condition" and "cdmo" in gate["options"]}
    assert {"G02", "G06", "G13", "G14"} <= conditions
    assert card["scenarios"]["S4"]["unblocked"] == []
    assert not any("recommended" in sentence["text"] for sentence in card["explanation"])


def test_two_programs_flip_between_lenses_and_three_never_do(cards):
    for name in ("brightwater", "tri_coast"):
        assert len({lens["winner"] for lens in cards[name]["lenses"].values()}) > 1
    for name in ("ostara", "meridian", "nuvelo"):
        assert max(row["value"] for row in cards[name]["robustness"]["first_share"].values()) == 1


@pytest.mark.parametrize("name", ["ostara", "nuvelo"])
def test_gates_beat_weights(framework, profiles, name):
    weights = {
        "criteria": {c.key: c.weight * 10 for c in framework.criteria if c.key.startswith("str_")},
        "dimensions": {"str": 80},
    }
    card = headline(Problem(framework, profiles[name], weights=weights))
    assert card["facts"]["options"]["in_house"]["blocked"]


@pytest.mark.parametrize(
    "name, change, expected",
    [
        (
            "meridian",
            {"need_gmp_month": 5},
            {("G03", "block", "in_house"), ("G04", "block", "cdmo"), ("G04", "warn", "hybrid")},
        ),
        ("ostara", {"partner_inspection": "warning_letter"}, {("G07", "block", "cdmo"), ("G07", "block", "hybrid")}),
        ("nuvelo", {"pivotal_start_month": 15}, {("G09", "condition", "cdmo")}),
        ("ostara", {"platform_lead_time_months": 20}, {("G11", "block", "in_house")}),
        ("tri_coast", {"qp_access": False}, {("G12", "condition", "in_house")}),
        ("ostara", {"product_format": "fresh", "shelf_life_hours": 30}, {("G15", "block", "cdmo")}),
    ],
)
def test_a_mutation_fires_its_gate(framework, profiles, name, change, expected):
    assert expected <= fired(changed(framework, profiles[name], **change))


def test_a_late_major_change_is_a_condition_for_all(framework, profiles):
    facts = profiles["meridian"]
    changes = [
        dict(one, month=30 if one["impact"] == "major" else one["month"]) for one in facts["program"]["planned_changes"]
    ]
    card = changed(framework, facts, planned_changes=changes)
    assert {("G08", "condition", option) for option in ("in_house", "cdmo", "hybrid")} <= fired(card)


def test_a_warning_letter_leaves_ostara_no_credible_option(framework, profiles):
    assert (
        changed(framework, profiles["ostara"], partner_inspection="warning_letter")["verdict"]["kind"]
        == "no_credible_option"
    )


@pytest.mark.parametrize("name", NAMES)
def test_profiles_round_trip_in_both_layouts(framework, profiles, name):
    for layout in ("kinds", "options"):
        assert read_profile(write_profile(profiles[name], framework.schema, layout), framework.schema) == profiles[name]
