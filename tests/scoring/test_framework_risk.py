"""Every fault of a framework's risk events and approval route is named at its place before anything is written."""

import pytest

from assessments.scoring.framework import Framework, FrameworkErrors
from tests.support.documents import framework_document


@pytest.fixture
def document():
    return framework_document()


def event(document, key):
    return next(row for row in document["risk_events"] if row["id"] == key)


def problems(document):
    with pytest.raises(FrameworkErrors) as refused:
        Framework.from_data(document)
    return dict(refused.value.problems)


def test_the_default_risk_model_and_route_are_sound(document):
    framework = Framework.from_data(document)
    assert len(framework.data["risk_events"]) == 18


@pytest.mark.parametrize(
    ("key", "wreck", "place", "words"),
    [
        ("R01", lambda e: e.update(category="Z"), "category", "O (operational), R (regulatory), X (execution)"),
        ("R02", lambda e: e["probability"].update(cdmo="1.2"), "probability.cdmo", "between 0 and 1"),
        ("R02", lambda e: e["probability"].pop("hybrid"), "probability", "nothing stands for hybrid"),
        ("R02", lambda e: e["probability"].update(hybird="0.1"), "probability.hybird", "Did you mean 'hybrid'?"),
        ("R02", lambda e: e.update(delay_months=[6, 3, 1]), "delay_months", "rise from 0"),
        ("R02", lambda e: e.update(delay_months=[1, 3]), "delay_months", "[least, most likely, most]"),
        ("R02", lambda e: e["share_cost"].update(cdmo=1.5), "share_cost.cdmo", "between 0 and 1"),
        ("R02", lambda e: e["share_delay"].pop("cdmo"), "share_delay", "nothing stands for cdmo"),
        ("R02", lambda e: e.update(critical_path="much"), "critical_path", "a number from 0 to 1"),
        ("R02", lambda e: e.update(onec=True), "onec", "Did you mean 'once'?"),
        ("R02", lambda e: e["drivers"][0].update(on="luck"), "drivers[0].on", "probability, delay or cost"),
        ("R02", lambda e: e["drivers"][0].update(whne="true"), "drivers[0].whne", "Did you mean 'when'?"),
        (
            "R02",
            lambda e: e["drivers"][1].update(when="atrition_pct > 20"),
            "drivers[1].when, character 1",
            "attrition_pct",
        ),
        ("R02", lambda e: e.update(sources=["S99"]), "sources", "unknown source 'S99'"),
        ("R02", lambda e: e.update(draws="often"), "draws", "none of per_bucket"),
        ("R05", lambda e: e["probability"]["cdmo"][0].update(buckets=[0, 9]), "probability.cdmo[0].buckets", "to <= 8"),
        ("R05", lambda e: e["drivers"][2].pop("kinds"), "drivers[2].when, character 1", "cdmo_dedicated_suite"),
        ("R06", lambda e: e["contributions"][0].update(each="regions"), "contributions[0].each", "no list"),
        ("R06", lambda e: e["contributions"][0].update(where="impct"), "contributions[0].where, character 1", "impact"),
        ("R11", lambda e: e["probability_at"].pop("value"), "probability_at", "{month: .., value: ..}"),
        (
            "R14",
            lambda e: e["active"]["at"].update(month="phase"),
            "active.at.month, character 1",
            "a number is needed",
        ),
        ("R18", lambda e: e["drivers"][1].update(scenarios=["S88"]), "drivers[1].scenarios", "unknown scenario 'S88'"),
        (
            "R18",
            lambda e: e["cost_musd"]["each"].update(cdmo="cdmo_comit"),
            "cost_musd.each.cdmo, character 1",
            "Unknown",
        ),
        ("R18", lambda e: e.pop("lots_per_year"), "use, character 1", "lots"),
    ],
)
def test_a_fault_of_an_event_is_named_at_its_place(document, key, wreck, place, words):
    wreck(event(document, key))
    found = problems(document)
    assert words in found[f"risk_events[{key}].{place}"]


@pytest.mark.parametrize(
    ("wreck", "place", "words"),
    [
        (lambda d: d["risk"].update(bucket_months=7), "risk.months", "multiple"),
        (lambda d: d["risk"].update(cap=2), "risk.cap", "between 0 and 1"),
        (lambda d: d["risk"]["absorption"]["split"].update(O=0.5), "risk.absorption.split", "add up to 1"),
        (
            lambda d: d["risk"]["absorption"].update(total_cost_musd="capital"),
            "risk.absorption.total_cost_musd, character 1",
            "capital",
        ),
        (lambda d: d["risk_events"].append({"name": "?"}), "risk_events[18]", "an id"),
        (lambda d: d["risk_events"].append(dict(d["risk_events"][0])), "risk_events[R01]", "twice"),
        (lambda d: d["route"][0]["functions"].append("qaa"), "route[functional].functions", "Did you mean 'qa'?"),
        (lambda d: d["route"][1].update(role="aprover"), "route[executive].role", "Did you mean 'approver'?"),
        (lambda d: d["route"][1].update(rule="most"), "route[executive].rule", "no rule"),
        (lambda d: d["route"][0].update(rule="at_least"), "route[functional].at_least", "how many"),
        (lambda d: d["route"][0].update(rule="at_least", at_least=9), "route[functional].at_least", "9 of 4"),
        (lambda d: d["route"][0].update(due_days=0), "route[functional].due_days", "from 1 to 365"),
        (lambda d: d["route"][1].pop("role"), "route[executive]", "who signs it"),
        (lambda d: d["route"].pop(), "route", "somebody has to approve"),
        (lambda d: d["route"].reverse(), "route[functional]", "before the executive"),
        (
            lambda d: d["dimensions"][0]["criteria"][0].update(consulted=["qaa"]),
            "dimensions[pdr].criteria[pdr_time_to_first_lot].consulted",
            "'qa'",
        ),
        (lambda d: d["gates"][1].update(sources=["S00"]), "gates[G02].sources", "unknown source"),
    ],
)
def test_a_fault_of_the_model_the_route_or_a_reference_is_named_at_its_place(document, wreck, place, words):
    wreck(document)
    assert words in problems(document)[place]


def test_all_faults_are_told_at_once(document):
    event(document, "R01")["category"] = "Z"
    event(document, "R02")["probability"].pop("hybrid")
    document["route"][1]["role"] = "king"
    assert len(problems(document)) == 3
