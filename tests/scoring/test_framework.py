"""A wrong framework document is refused whole, each problem at its place."""

import pytest

from assessments.scoring.framework import Framework, FrameworkErrors
from tests.scoring.sample import document


def problems(change):
    data = document()
    change(data)
    with pytest.raises(FrameworkErrors) as refused:
        Framework.from_data(data)
    return dict(refused.value.problems)


def put(*path, value):
    def change(data):
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change, place, words",
    [
        (put("gates", 0, "entries", 0, "when", value="qmss == 0"), "gates[G1].entries[0].when, character 1", "qms"),
        (put("gates", 0, "entries", 0, "effect", value="stop"), "gates[G1].entries[0].effect", "block"),
        (put("derived", 1, "kinds", "cdmo", value="waiting"), "derived[ready].kinds.cdmo, character 1", "wait"),
        (put("derived", 0, "kinds", "all", value="pivotal + 1"), "derived[late].kinds.all, character 1", "default"),
        (put("derived", 2, "kinds", "all", value="need - cost"), "derived[slack].kinds.all, character 6", "Units"),
        (put("dimensions", 0, "weight", value=0), "dimensions[time].weight", "positive"),
        (put("dimensions", 0, "weight", value=float("nan")), "dimensions[time].weight", "positive"),
        (
            put("dimensions", 1, "criteria", 0, "key", value="first_lot"),
            "dimensions[money].criteria[first_lot]",
            "twice",
        ),
        (
            put("dimensions", 1, "criteria", 0, "owner", value="cmcs"),
            "dimensions[money].criteria[lot_cost].owner",
            "cmc",
        ),
        (put("scenarios", 0, "changes", 0, "field", value="waits"), "scenarios[S1].changes[0]", "wait"),
        (put("lenses", 0, "multipliers", value={"mony": 2}), "lenses[cash].multipliers", "money"),
        (put("gates", 0, "entries", 0, "message", value="{nobody}"), "gates[G1].entries[0].message", "nobody"),
        (put("schema", "fields", 0, "type", value="int"), "schema.fields[need].type", "integer"),
        (put("format", value="other/2"), "format", "makewhere"),
    ],
)
def test_every_problem_has_its_place_and_a_way_out(change, place, words):
    found = problems(change)
    assert place in found, found
    assert words in found[place]


def test_all_problems_are_named_at_once():
    def change(data):
        data["dimensions"][0]["weight"] = -1
        data["gates"][0]["entries"][0]["when"] = "qms =="
        data["derived"][3]["kinds"]["all"] = "cost / 0 +"

    assert len(problems(change)) >= 3


@pytest.mark.parametrize(
    "part", ["gates", "scenarios", "lenses", "derived", "dimensions", "schema", "kinds", "plausible_weights"]
)
@pytest.mark.parametrize("value", ["text", 3, [3], [{"entries": 3, "changes": 3, "multipliers": 3, "criteria": 3}]])
def test_a_part_of_another_shape_never_ends_in_anything_but_a_refusal(part, value):
    data = document()
    data[part] = value
    try:
        Framework.from_data(data)
    except FrameworkErrors as refused:
        assert refused.problems


@pytest.mark.parametrize("data", [None, [], "text", {}, {"kinds": 3}, {"gates": "x", "derived": {}}])
def test_a_document_that_is_none_is_refused_by_name(data):
    with pytest.raises(FrameworkErrors):
        Framework.from_data(data)
