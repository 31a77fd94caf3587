"""Profiles round-trip in both layouts; wrong values are refused with field, option and the typed value."""

import datetime

import pytest

from assessments.scoring.framework import Framework
from assessments.scoring.profile import ProfileErrors, read_profile, reads, write_profile
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


# -- dates, options and values of other shapes ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dated():
    """The sample's schema, with a dated fact of the program and of an option, a date, a text and a yes/no."""
    data = document()
    fields = {entry["key"]: entry for entry in data["schema"]["fields"]}
    fields["qms"]["dated"] = fields["cost"]["dated"] = True
    data["schema"]["fields"] += [
        {"key": "start", "label": "Start", "type": "date", "nullable": True},
        {"key": "note", "label": "Note", "type": "text", "nullable": True},
        {"key": "orphan", "label": "Orphan drug", "type": "boolean", "default": False},
    ]
    return Framework.from_data(data).schema


def faults(data, schema):
    with pytest.raises(ProfileErrors) as refused:
        read_profile(data, schema)
    return {(field, option): message for field, option, _, message in refused.value.problems}


def test_dates_come_back_as_they_went_out_in_both_layouts(dated):
    listed = profile() | {"as_of": {"qms": "2026-05-31", "need": None}}
    listed["options"][1]["as_of"] = {"cost": datetime.date(2026, 4, 1)}
    kinds = by_kind() | {"as_of": {"qms": "2026-05-31", "cost.cdmo": "2026-04-01"}, "start": datetime.date(2026, 1, 2)}
    for data, layout, key in ((listed, "options", "a"), (kinds, "kinds", "cdmo")):
        facts = read_profile(data, dated)
        assert facts["as_of"] == {"qms": "2026-05-31", f"{key}.cost": "2026-04-01"}
        assert read_profile(write_profile(facts, dated, layout), dated) == facts
        assert "cost" not in str(write_profile(facts, dated, layout, without=frozenset({"cost"})))


@pytest.mark.parametrize(
    ("as_of", "place", "words"),
    [
        ("2026-05-31", "as_of", "dates by field"),
        ({"qmss": "2026-05-31"}, "as_of.qmss", "Did you mean 'qms'?"),
        ({"need": "2026-05-31"}, "as_of.need", "carries no date"),
        ({"qms": "in May"}, "as_of.qms", "2026-05-31"),
        ({"qms": 5}, "as_of.qms", "2026-05-31"),
    ],
)
def test_a_date_that_is_none_is_named(dated, as_of, place, words):
    assert words in faults(profile() | {"as_of": as_of}, dated)[place, ""]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("start", "soon", "a date such as"),
        ("start", datetime.datetime(2026, 1, 2), "a date such as"),
        ("note", 3, "a text of at most"),
        ("note", "x" * 4001, "a text of at most"),
        ("orphan", "yes", "true or false"),
        ("need", None, "is missing"),
        ("regions", "us", "a list of choices"),
        ("changes", {"month": 1}, "a list of at most"),
        ("changes", [3], "Entry 1 of Changes has month, impact"),
        ("changes", [{"month": 1, "impact": "major", "why": "x"}], "unknown 'why'"),
        ("start", "9999-01-01", "from 1990 to 2100"),
        ("start", datetime.date(1, 1, 1), "from 1990 to 2100"),
        ("changes", [{"month": 1}], "Impact is missing"),
        ("clock_moved", "yes", "true or false"),
    ],
)
def test_a_value_of_another_shape_is_named(dated, key, value, words):
    found = faults(profile() | {key: value}, dated)
    assert words.lower() in found[key, ""].lower()


@pytest.mark.parametrize(
    ("wreck", "place", "words"),
    [
        (lambda rows: rows.append(3), ("options", "5"), "has key, kind, name and facts"),
        (lambda rows: rows.append(rows[0]), ("options", "own"), "stands twice"),
        (lambda rows: rows[0].update(kind="in_hose"), ("kind", "own"), "Did you mean 'in_house'?"),
        (lambda rows: rows[0].update(owner="me"), ("owner", "own"), "An option has no 'owner'"),
        (lambda rows: rows[3].update(host="own"), ("host", "mix"), "It is one of a, b."),
        (lambda rows: rows.clear(), ("options", ""), "offers no option"),
    ],
)
def test_an_option_of_another_shape_is_named(schema, wreck, place, words):
    data = profile()
    wreck(data["options"])
    assert words in faults(data, schema)[place]


def test_a_file_that_is_no_list_of_fields_is_refused(schema):
    assert "list of fields" in faults([1, 2], schema)["", ""]
    assert "key, kind, name and facts" in faults(profile() | {"options": "text"}, schema)["options", "1"]


def test_a_path_that_leads_nowhere_is_named(schema):
    data = by_kind()
    data["cost"]["cdm"] = 3
    assert "Did you mean" in faults(data, schema)["cost.cdm", ""]


def test_a_month_that_the_clock_moved_below_its_range_comes_back(schema):
    facts = read_profile(profile() | {"need": -3}, schema, shifted=True)
    written = write_profile(facts, schema, "options")
    assert written["clock_moved"] is True and read_profile(written, schema) == facts
    assert "between" in faults(profile() | {"need": -3}, schema)["need", ""]


def test_a_schema_reads_the_facts_that_have_all_it_asks_for(schema, dated):
    facts = read_profile(profile(), schema)
    assert reads(schema, facts, ["own", "a"])
    assert not reads(dated, facts, ["own"]), "the fields that came later"
    facts["program"]["potency"] = "validated"
    assert not reads(schema, facts, ["own"])
    facts = read_profile(profile(), schema)
    facts["options"]["a"]["kind"] = "licence"
    assert reads(schema, facts, ["own"])
    assert not reads(schema, facts, ["mix"]), "whose host it is"
