"""Profiles round-trip in both layouts; wrong values are refused with field, option and the typed value."""

import pytest

from assessments.scoring.framework import Framework
from assessments.scoring.profile import ProfileErrors, read_profile, write_profile
from tests.scoring.sample import document, profile


@pytest.fixture(scope="module")
def schema():
    return Framework.from_data(document()).schema


def by_kind():
    data = {key: value for key, value in profile().items() if key != "options"}
    return data | {"wait": 4, "cost": {"in_house": 100, "cdmo": 120, "hybrid": 90}}


def test_both_layouts_come_back_as_they_went_out(schema):
    for data, layout in ((profile(), "options"), (by_kind(), "kinds"), (by_kind(), "options")):
        facts = read_profile(data, schema)
        assert read_profile(write_profile(facts, schema, layout), schema) == facts


def test_two_of_a_kind_do_not_fit_one_option_per_kind(schema):
    with pytest.raises(ValueError, match="options"):
        write_profile(read_profile(profile(), schema), schema, "kinds")


def test_a_kind_that_the_file_says_nothing_about_is_not_offered(schema):
    data = by_kind()
    del data["cost"]["in_house"]
    facts = read_profile(data, schema)
    assert set(facts["options"]) == {"cdmo", "hybrid"}
    assert facts["options"]["hybrid"]["host"] == "cdmo"


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("need", 99, "between"),
        ("need", 1.5, "whole"),
        ("need", "14", "number"),
        ("need", True, "number"),
        ("need", float("nan"), "number"),
        ("potency", "qualifed", "qualified"),
        ("regions", ["mars"], "us"),
        ("changes", [{"month": 1, "impact": "huge"}], "minor"),
        ("needs", 3, "need"),
    ],
)
def test_an_impossible_value_is_named_and_kept(schema, key, value, words):
    data = profile()
    data[key] = value
    with pytest.raises(ProfileErrors) as refused:
        read_profile(data, schema)
    [(field, option, given, message)] = refused.value.problems
    assert (field, option) == (key, "")
    assert given is value
    assert words in message


def test_a_missing_and_an_unknown_option_fact_name_the_option(schema):
    data = profile()
    data["options"][1]["facts"] = {"wait": 3, "costs": 120}
    with pytest.raises(ProfileErrors) as refused:
        read_profile(data, schema)
    assert {(field, option) for field, option, _, _ in refused.value.problems} == {("costs", "a"), ("cost", "a")}


def test_a_hybrid_without_a_partner_is_refused(schema):
    data = profile()
    data["options"] = [data["options"][0], data["options"][3] | {"host": None}]
    with pytest.raises(ProfileErrors, match="host"):
        read_profile(data, schema)
