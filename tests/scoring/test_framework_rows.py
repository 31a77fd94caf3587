"""What a document's rows need to be kept, its fields to be read, and its route to be walked: every fault at its place."""

import pytest

from assessments.scoring.framework import Framework, FrameworkErrors
from assessments.scoring.framework_rows import check_rows
from tests.scoring import sample
from tests.support.documents import framework_document


def rows_of(**parts):
    found = []
    check_rows(framework_document() | parts, found)
    return dict(found)


def dimension(**changed):
    return [framework_document()["dimensions"][0] | changed]


def problems(document):
    with pytest.raises(FrameworkErrors) as refused:
        Framework.from_data(document)
    return dict(refused.value.problems)


def test_the_default_document_can_be_kept():
    assert rows_of() == {}


@pytest.mark.parametrize(
    ("parts", "place", "words"),
    [
        ({"gate": []}, "gate", "Did you mean 'gates'?"),
        ({"key": "a b"}, "key", "letters, digits"),
        ({"key": 3}, "key", "letters, digits"),
        ({"name": " "}, "name", "at most 150"),
        ({"name": "x" * 151}, "name", "at most 150"),
        ({"functions": {}}, "functions", "own its criteria"),
        ({"schema": 3}, "schema.sections", "a list of"),
        ({"schema": {"sections": [{"key": "a"}], "fields": []}}, "schema.sections[0]", "a key and a name"),
        ({"schema": {"sections": [{"key": "a", "name": "A"}], "fields": 3}}, "schema.fields", "a list"),
        ({"gates": [{"id": "G1"}] * 501}, "gates", "at most 500"),
        ({"gates": [{"name": "no id"}]}, "gates[0]", "a id of at most 60"),
        ({"gates": ["text"]}, "gates[0]", "a id of at most 60"),
        ({"gates": [{"id": "G" * 61}]}, "gates[0]", "a id of at most 60"),
        ({"gates": [{"id": "G1"}, {"id": "G1"}]}, "gates[G1]", "stands twice"),
        ({"gates": [{"id": "G1", "name": "x" * 201}]}, "gates[G1].name", "at most 200"),
        ({"dimensions": dimension(name="")}, "dimensions[pdr].name", "has a name"),
        ({"dimensions": dimension(weight=10_001)}, "dimensions[pdr].weight", "at most 10,000"),
        ({"dimensions": dimension(weight=1.00001)}, "dimensions[pdr].weight", "four decimals"),
        ({"dimensions": dimension(criteria=[{"key": "c"}])}, "dimensions[pdr].criteria[c].name", "has a name"),
        ({"sources": 3}, "sources", "title, where"),
        ({"sources": {"S" * 61: {"title": "t"}}}, f"sources.{'S' * 61}", "at most 60"),
        ({"sources": {"S1": {"title": " "}}}, "sources.S1", "has a title"),
    ],
)
def test_a_row_that_cannot_be_kept_is_named(parts, place, words):
    found = rows_of(**parts)
    assert place in found, found
    assert words in found[place]


def test_a_document_needs_no_sources():
    assert rows_of(sources=None) == {}


@pytest.mark.parametrize(
    ("changed", "place", "words"),
    [
        ({"key": "a b"}, "schema.fields[a b]", "letters, digits"),
        ({"lable": "X"}, "schema.fields[extra].lable", "Did you mean 'label'?"),
        ({"scope": "all"}, "schema.fields[extra].scope", "program or option"),
        ({"scope": "option", "kinds": ["cdm"]}, "schema.fields[extra].kinds", "Did you mean 'cdmo'?"),
        ({"clock": "fast"}, "schema.fields[extra].clock", "anchored"),
        ({"type": "choice"}, "schema.fields[extra].choices", "needs choices"),
        ({"type": "multi_choice", "choices": ["a"]}, "schema.fields[extra].choices", "needs choices"),
        ({"nullable": "yes"}, "schema.fields[extra].nullable", "true or false"),
        ({"type": "boolean", "nullable": True}, "schema.fields[extra].nullable", "cannot be empty"),
        ({"min": "0"}, "schema.fields[extra].min", "a limit is a number"),
        ({"type": "list", "items": {"a": 3}}, "schema.fields[extra].items.a", "letters, digits"),
        ({"default": 1.5}, "schema.fields[extra].default", "whole number"),
        ({"key": "need"}, "schema.fields[need]", "twice"),
        ({"section": "alll"}, "schema.fields[extra].section", "Did you mean 'all'?"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(changed, place, words):
    document = sample.document()
    document["schema"]["fields"].append({"key": "extra", "type": "integer"} | changed)
    found = problems(document)
    assert place in found, found
    assert words in found[place]


@pytest.mark.parametrize(
    ("rule", "place", "words"),
    [
        (None, "", "a text, not NoneType"),
        ({"bse": []}, ".bse", "'base' and 'adjust'"),
        ({"base": []}, ".base[0]", "a branch has 'value'"),
        ({"base": [{"when": "true", "value": 3}]}, ".base[0]", "the last branch, and only it"),
        ({"base": [{"value": 3, "reason": "is {need:.1f"}]}, ".base[0].reason", "a brace"),
        ({"base": [{"value": 3}], "adjust": [{"when": "true"}]}, ".adjust[0]", "'when' and 'add'"),
        ({"base": [{"value": True}]}, ".base[0].value, character 1", "number"),
    ],
)
def test_a_rule_that_cannot_be_compiled_is_named(rule, place, words):
    document = sample.document()
    document["dimensions"][0]["criteria"][0]["rules"] = {"all": rule}
    found = problems(document)
    full = f"dimensions[time].criteria[first_lot].rules.all{place}"
    assert full in found, found
    assert words in found[full]


@pytest.mark.parametrize(
    ("wreck", "place", "words"),
    [
        (lambda d: d.update(kinds=None), "kinds", "names its option kinds"),
        (lambda d: d["derived"].append({"key": "a b"}), "derived[a b]", "letters, digits"),
        (lambda d: d["derived"].append({"key": "need", "kinds": {"all": "1"}}), "derived[need]", "is taken"),
        (
            lambda d: d["derived"].append({"key": "x", "kinds": {"all": "potency"}}),
            "derived[x]",
            "a number or a yes/no",
        ),
        (lambda d: d["derived"].append({"key": "x", "kinds": {}}), "derived[x].kinds", "stand per kind"),
        (lambda d: d["derived"].append({"key": "x", "kinds": {"cdm": "1"}}), "derived[x].kinds.cdm", "unknown kind"),
        (lambda d: d["dimensions"][0].update(criteria=[]), "dimensions[time]", "has criteria"),
        (lambda d: d["dimensions"].append(d["dimensions"][0]), "dimensions[time]", "twice"),
        (lambda d: d.update(dimensions=[]), "dimensions", "has dimensions"),
        (lambda d: d["gates"].append(d["gates"][0]), "gates[G1]", "twice"),
        (lambda d: d["gates"][0]["entries"][0].update(kinds=["cdm"]), "gates[G1].entries[0].kinds", "'cdmo'"),
        (
            lambda d: d["gates"][0]["entries"][1].pop("condition"),
            "gates[G1].entries[1].condition",
            "title and an owner",
        ),
        (
            lambda d: d["gates"][0]["entries"][1]["condition"].update(owner="qaa"),
            "gates[G1].entries[1].condition.owner",
            "'qa'",
        ),
        (
            lambda d: d["dimensions"][0]["criteria"][0].update(value_function={"type": "curve"}),
            "dimensions[time].criteria[first_lot].value_function",
            "piecewise",
        ),
        (
            lambda d: d["dimensions"][0]["criteria"][0].update(value_function={"points": [[1, 0], [3, 2], [5, 1]]}),
            "dimensions[time].criteria[first_lot].value_function",
            "rise from [1, 0] to [5, 1]",
        ),
        (lambda d: d.update(plausible_weights={"draws": 5}), "plausible_weights.draws", "from 100"),
        (lambda d: d.update(plausible_weights={"criterion": [2, 1]}), "plausible_weights.criterion", "low <= high"),
        (lambda d: d.update(route="text"), "route", "a list of steps"),
        (lambda d: d.update(route=[3]), "route[0]", "a key, a name and a kind"),
        (lambda d: d.update(route=[step(), step()]), "route[end]", "twice"),
        (lambda d: d.update(route=[step(rol="admin")]), "route[end].rol", "Did you mean 'role'?"),
        (lambda d: d.update(route=[step(kind="final")]), "route[end].kind", "functional or executive"),
        (lambda d: d.update(route=[step(functions="qa")]), "route[end].functions", "this is a list"),
        (lambda d: d.update(route=[step(position=-1)]), "route[end].position", "in parallel"),
        (lambda d: d.update(route=[step(despite="rated")]), "route[end].despite", "a list of rated, submitted, signed"),
        (lambda d: d.update(route=[step(despite=["rates"])]), "route[end].despite", "Did you mean 'rated'?"),
        (lambda d: d.update(route=[step(kind="functional", despite=["rated"])]), "route[end].despite", "anyway"),
        (lambda d: d.update(route=[step(at_least=2)]), "route[end].at_least", "only with the rule at_least"),
    ],
)
def test_a_part_that_makes_no_sense_is_named(wreck, place, words):
    document = sample.document()
    wreck(document)
    found = problems(document)
    assert place in found, found
    assert words in found[place]


def step(**changed):
    return {"key": "end", "name": "End", "kind": "executive", "role": "approver"} | changed
