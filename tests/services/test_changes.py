"""Two sides held against each other: what moved, why the margin moved, what is said where it cannot be told apart."""

import copy
import datetime
import math
from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace
from uuid import uuid4

import pytest

from assessments.errors import Invalid
from assessments.models import Rating, Review, Submission
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from assessments.services import changes, criteria, programs, ratings, reconciling, reviews
from assessments.services.changes import FACTS, PANEL, Side
from tests.factories import MembershipFactory
from tests.rights.world import document
from tests.scoring import sample
from tests.services.decided import BLOCKED, FIRST, OTHER, decided_world, member, submit
from tests.services.test_verifying import approved
from tests.support.begun import shared
from tests.support.documents import demo_profile, framework_document
from tests.support.results import compute

DOCUMENT = framework_document()
OPTIONS = ("in_house", "cdmo", "hybrid")
DAY = datetime.date(2026, 11, 15)


# -- real demo data, against margins worked out apart ----------------------------------------------------------------


def second_document(*, weights=True, rules=True):
    """The framework's next version: economics weighs more, and one value function is no straight line."""
    given = copy.deepcopy(DOCUMENT)
    for dimension in given["dimensions"]:
        if weights and dimension["key"] == "eco":
            dimension["weight"] += 9
        for leaf in dimension["criteria"]:
            if rules and leaf["key"] == "pdr_time_to_first_lot":
                leaf["value_function"] = {"type": "piecewise", "points": [[1, 0], [3, 0.2], [5, 1]]}
    return given


def facts_of(name, **changed):
    framework = Framework.from_data(DOCUMENT)
    profile = demo_profile(name) | changed
    return read_profile(profile, framework.schema, assessment_date=DAY.isoformat())


def panel_on(facts, *offsets):
    """A panel that takes over what the facts suggest, but for (criterion, option, what it adds)."""
    suggested = headline(Problem(Framework.from_data(DOCUMENT), facts, OPTIONS))["suggestions"]
    panel = {
        criterion: {key: {"value": cell["score"], "suggestion": cell["score"]} for key, cell in cells.items()}
        for criterion, cells in suggested.items()
    }
    for criterion, option, added in offsets:
        panel[criterion][option]["value"] += added
    return panel


FORMER = facts_of("halden")
LATER = facts_of(
    "halden", gmp_fte=19, runway_months=22, facility_months_to_gmp=13, capital_available_musd=55, clinical_sites=41
)
THEN = panel_on(FORMER, ("omr_bandwidth", "in_house", -1.0), ("cmp_planned_changes", "in_house", -0.5))
NOW = panel_on(LATER, ("omr_bandwidth", "in_house", -1.5), ("omr_qms", "cdmo", -1.0))


def side(name, facts, panel=None, document=DOCUMENT, options=OPTIONS):
    problem = Problem(Framework.from_data(document), facts, options, panel)
    at = datetime.datetime(2026, 11, 15, tzinfo=datetime.UTC)
    why = "" if panel else f"{name} holds no ratings"
    return Side("review", uuid4(), name, at, problem, None, 1, DAY, "MSC v1", why, frozen=False)


def margin_by_hand(document, facts, panel, pair):
    """The additive model from its own words: the shares of the weights, the value functions, the scores of the cells."""
    leaves = [(dimension, leaf) for dimension in document["dimensions"] for leaf in dimension["criteria"]]
    whole = sum(dimension["weight"] for dimension in document["dimensions"])
    suggested = headline(Problem(Framework.from_data(document), facts, OPTIONS))["suggestions"]
    totals = dict.fromkeys(pair, 0.0)
    for dimension, leaf in leaves:
        share = dimension["weight"] / whole * leaf["weight"] / sum(one["weight"] for one in dimension["criteria"])
        for key in pair:
            seen = suggested[leaf["key"]][key]["score"]
            judged = panel[leaf["key"]][key]
            score = min(5.0, max(1.0, seen + judged["value"] - judged["suggestion"]))
            points = leaf.get("value_function", {}).get("points", [[1, 0], [5, 1]])
            for (low, bottom), (high, top) in zip(points, points[1:], strict=False):
                if low <= score <= high:
                    value = bottom + (top - bottom) * (score - low) / (high - low)
            totals[key] += share * value * 100
    return totals[pair[0]] - totals[pair[1]]


@pytest.fixture(scope="module")
def halden():
    after = side("Review 2", LATER, NOW, second_document())
    return changes.compare(side("Review 1", FORMER, THEN), after, commercial=True)


def test_the_shift_lies_between_the_margins_that_the_additive_model_gives_by_hand(halden):
    shift = halden.shift
    pair = tuple(shift["pair"])
    before = margin_by_hand(DOCUMENT, FORMER, THEN, pair)
    after = margin_by_hand(second_document(), LATER, NOW, pair)
    assert halden.basis == PANEL and halden.why_facts == ""
    assert shift["before"] == pytest.approx(before, abs=1e-9) and shift["after"] == pytest.approx(after, abs=1e-9)
    assert abs(after - before) > 3  # a case that says something
    assert math.fsum(row["shift"] for row in shift["groups"]) == pytest.approx(after - before, abs=1e-9)
    assert math.fsum(row["shift"] for row in shift["criteria"]) == pytest.approx(after - before, abs=1e-6)
    for row in shift["criteria"]:
        assert math.fsum(row["by"]) == pytest.approx(row["shift"], abs=1e-9)


def test_each_group_is_its_mean_over_all_orders_worked_out_apart(halden):
    """All 24 orders of facts, judgement, weights and criteria, each margin by hand."""
    groups = ("facts", "judgement", "weights", "criteria")
    pair = tuple(halden.shift["pair"])

    def margin(later):
        document = second_document(weights="weights" in later, rules="criteria" in later)
        facts, panel = (LATER if "facts" in later else FORMER), (NOW if "judgement" in later else THEN)
        return margin_by_hand(document, facts, panel, pair)

    worth = {}
    for size in range(16):
        later = frozenset(name for at, name in enumerate(groups) if size >> at & 1)
        worth[later] = margin(later)
    orders = list(permutations(groups))
    for row in halden.shift["groups"]:
        (name,) = row["groups"]
        done = sum(
            worth[frozenset(order[: order.index(name) + 1])] - worth[frozenset(order[: order.index(name)])]
            for order in orders
        )
        assert row["shift"] == pytest.approx(done / len(orders), abs=1e-9)
        assert abs(row["shift"]) > 0.05


@pytest.mark.parametrize("pair", list(permutations(OPTIONS, 2)))
def test_any_pair_may_be_asked_for_and_its_parts_still_sum(halden, pair):
    shift = changes.compare(halden.before, halden.after, commercial=True, pair=pair).shift
    before = margin_by_hand(DOCUMENT, FORMER, THEN, pair)
    after = margin_by_hand(second_document(), LATER, NOW, pair)
    assert (tuple(shift["pair"]), shift["pair_by"]) == (pair, "asked")
    assert shift["before"] == pytest.approx(before, abs=1e-9) and shift["after"] == pytest.approx(after, abs=1e-9)
    assert before + math.fsum(row["shift"] for row in shift["groups"]) == pytest.approx(after, abs=1e-9)
    assert before + math.fsum(row["shift"] for row in shift["criteria"]) == pytest.approx(after, abs=1e-6)


def test_an_option_of_one_side_alone_is_no_pair():
    sides = side("Review 1", FORMER), side("Review 2", LATER, options=("cdmo", "hybrid"))
    with pytest.raises(Invalid, match="In-house is compared in Review 1 alone") as refused:
        changes.compare(*sides, commercial=True, pair=("in_house", "cdmo"))
    assert [problem["field"] for problem in refused.value.problems] == ["option"]


def test_the_other_way_round_every_part_turns_its_sign(halden):
    back = changes.compare(halden.after, halden.before, commercial=True).shift
    turned = 1 if back["pair"] == halden.shift["pair"] else -1
    there = {tuple(row["groups"]): row["shift"] for row in halden.shift["groups"]}
    if set(back["pair"]) == set(halden.shift["pair"]):
        for row in back["groups"]:
            assert row["shift"] == pytest.approx(-turned * there[tuple(row["groups"])], abs=1e-9)
    assert math.fsum(row["shift"] for row in back["groups"]) == pytest.approx(back["shift"], abs=1e-9)


def test_facts_say_what_they_move(halden):
    moves = {one.difference.field.key: set(one.moves) for one in halden.facts}
    assert set(moves) == {
        "gmp_fte", "runway_months", "facility_months_to_gmp", "capital_available_musd", "clinical_sites",
    }  # fmt: skip
    assert moves["clinical_sites"] == set()
    assert "cells" in moves["facility_months_to_gmp"] and "gates" in moves["runway_months"]


def test_cells_weights_and_gates_of_both_sides(halden):
    cells = {(cell.criterion, cell.option): cell for cell in halden.cells}
    assert len(cells) == 25 * 3
    quality = cells["omr_qms", "cdmo"]
    assert quality.judged == (0.0, -1.0) and quality.moved and quality.suggestions[0] == quality.suggestions[1]
    weights = {one.criterion: one for one in halden.weights}
    assert {key for key, one in weights.items() if one.moved} == set(weights)  # each is a share of the whole
    assert sum(one.shares[0] for one in halden.weights) == pytest.approx(1)
    assert sum(one.shares[1] for one in halden.weights) == pytest.approx(1)
    runway = [gate for gate in halden.gates if gate.name == "Runway" and gate.moved]
    assert runway and runway[0].effects[0] == ()
    assert not halden.same_criteria


def test_a_side_without_ratings_makes_both_sides_facts_only():
    found = changes.compare(side("Review 1", FORMER, THEN), side("Review 2", LATER), commercial=True)
    assert found.basis == FACTS and found.why_facts == "Review 2 holds no ratings"
    only = changes.compare(side("Review 1", FORMER), side("Review 2", LATER), commercial=True)
    assert found.shift == only.shift
    assert {card["basis"] for card in found.cards} == {"facts"}
    assert {row["shift"] for row in found.shift["groups"] if row["groups"] == ["judgement"]} == {0.0}


def saved(name, facts, **more):
    return replace(side(name, facts, **more), kind="revision", why_none="saved facts hold no ratings")


def test_later_facts_are_held_against_a_decision_with_its_judgement_as_an_offset():
    """By hand from the additive model: every cell is what the later facts suggest, plus what the panel added before."""
    later = saved("Revision 2", LATER, options=(*OPTIONS,))
    found = changes.compare(side("Review 1", FORMER, THEN), later, commercial=True)
    assert (found.basis, found.why_facts) == (PANEL, "")
    assert found.carried == "the judgement of Review 1 is carried over to Revision 2, which holds no ratings"
    pair = tuple(found.shift["pair"])
    assert found.shift["before"] == pytest.approx(margin_by_hand(DOCUMENT, FORMER, THEN, pair), abs=1e-9)
    assert found.shift["after"] == pytest.approx(margin_by_hand(DOCUMENT, LATER, THEN, pair), abs=1e-9)
    assert {row["shift"] for row in found.shift["groups"] if row["groups"] == ["judgement"]} == {0.0}
    plain = changes.compare(side("Review 1", FORMER), later, commercial=True)
    assert plain.basis == FACTS and plain.carried == "", "nothing to carry"


def test_what_matters_is_one_rule_and_what_it_leaves_out_is_counted(halden):
    kept, hidden = changes.only_what_matters(halden)
    assert all(one.moves for one in kept.facts) and len(kept.facts) >= 2
    assert "clinical_sites" not in {one.difference.field.key for one in kept.facts}
    moved = {cell.criterion for cell in halden.cells if cell.moved}
    assert {cell.criterion for cell in kept.cells} == moved and len(kept.cells) == 3 * len(moved)
    # One dimension was set otherwise: the shares of all 25 criteria moved, those of its own were meant.
    eco = next(one for one in DOCUMENT["dimensions"] if one["key"] == "eco")["criteria"]
    assert {one.criterion for one in kept.weights} == {leaf["key"] for leaf in eco}
    assert all(gate.moved for gate in kept.gates)
    assert hidden == changes.Hidden(
        facts=sum(not one.moves for one in halden.facts),
        scores=25 - len(moved),
        weights=25 - len(eco),
        gates=sum(not gate.moved for gate in halden.gates),
    )


def test_where_fewer_than_two_options_stand_on_both_sides_the_reason_names_them():
    found = changes.compare(
        side("Review 1", FORMER, options=("in_house", "cdmo")),
        side("Review 2", LATER, options=("cdmo", "hybrid")),
        commercial=True,
    )
    assert found.shift["pair"] is None and found.shift["groups"] == []
    assert found.shift["why_not"] == (
        "only one option is compared on both sides (In-house only in Review 1; Hybrid only in Review 2), and a margin "
        "needs the same two on both."
    )
    assert (found.added, found.removed, found.both) == (("hybrid",), ("in_house",), ("cdmo",))


def test_an_option_that_one_side_lacks_leaves_the_margin_of_the_two_others():
    found = changes.compare(
        side("Review 1", FORMER), side("Review 2", LATER, options=("cdmo", "hybrid")), commercial=True
    )
    assert set(found.shift["pair"]) == {"cdmo", "hybrid"} and found.removed == ("in_house",)
    assert {cell.values[1] for cell in found.cells if cell.option == "in_house"} == {None}


def test_prices_are_left_out_for_who_may_not_see_them():
    dearer = facts_of("halden", cdmo_kusd_lot=1400)
    sides = side("Review 1", FORMER), side("Review 2", dearer)
    seen, hidden = (changes.compare(*sides, commercial=commercial) for commercial in (True, False))
    assert [one.difference.field.key for one in seen.facts] and all(one.difference.commercial for one in seen.facts)
    assert hidden.facts == ()
    assert hidden.shift == seen.shift  # bands and sums give no price away
    for card in hidden.cards:
        assert "cost_per_lot" not in card["derived"]["cdmo"]


def test_facts_that_have_no_answer_leave_the_rest_to_be_read(monkeypatch):
    from assessments.scoring.language import EvaluationError
    from assessments.services.changes import comparing

    def refuse(*problems):
        raise EvaluationError("slack has no answer: division by zero")

    monkeypatch.setattr(comparing, "headline", refuse)
    monkeypatch.setattr(comparing, "attribution", refuse)
    logged = []
    monkeypatch.setattr(comparing, "log", SimpleNamespace(warning=lambda event, **entry: logged.append(entry)))
    found = changes.compare(side("Review 1", FORMER), side("Review 2", LATER), commercial=True)
    assert found.cards == (None, None) and found.why_no_card == ("the criteria give no answer on these facts.",) * 2
    assert found.shift["why_not"] == "the criteria give no answer on these facts."
    assert len(logged) == 3 and all("division by zero" in entry["fault"] for entry in logged)
    assert found.facts and found.cells == ()


# -- from the database ------------------------------------------------------------------------------------------------


def decided_upon():
    world = decided_world()
    submit(world)
    return approved(world)


begun, world = shared(decided_upon)


def next_review(world, **facts):
    """The facts saved anew and the next review opened on them."""
    lead = member(world, "lead")
    given = sample.profile() | {"assessment_date": "2026-01-15", "qms": 0, "potency": "none"} | facts
    programs.import_revision(member=lead, program=world.program, document=given, summary="Later facts")
    world.program.refresh_from_db()
    review = reviews.open_review(member=lead, program=world.program, question="Does it still hold?")
    return Review.objects.select_related("program", "criteria_version__criteria_set", "revision").get(pk=review.pk)


def base_of(world, review):
    return changes.default_base(member(world, "lead"), world.program, review)


def test_the_default_base_is_the_last_approved_review_and_is_read_from_its_record(world, django_assert_num_queries):
    review = next_review(world, qms=3)
    base = base_of(world, review)
    assert base == world.review
    with django_assert_num_queries(1):
        former = changes.side_of(base)
    submission = Submission.objects.get()
    assert former.frozen and former.numbers["input_digest"] == submission.scorecard.input_digest
    assert former.problem.digest() == submission.scorecard.input_digest
    found = changes.compare(former, changes.side_of(review), commercial=True)
    assert found.basis == FACTS and found.why_facts == "the ratings of Review 2 are not revealed yet"
    assert [one.difference.field.key for one in found.facts] == ["qms"]
    assert {"cells", "gates"} <= found.facts[0].moves


def test_nothing_approved_before_has_no_default(db):
    world = decided_world()
    assert base_of(world, world.review) is None
    assert changes.default_base(member(world, "lead"), world.program) is None


def test_while_scoring_is_blind_the_next_review_is_compared_by_its_facts_alone(world):
    review = next_review(world, qms=3)
    lead = member(world, "lead")
    rater = member(world, "rater")
    reviews.assign(member=lead, review_id=review.pk, membership=rater, function=rater.functions[0])
    reviews.start(member=lead, review_id=review.pk)
    assert Rating.objects.filter(review=review).exists()  # carried forward
    review.refresh_from_db()
    found = changes.compare(changes.side_of(base_of(world, review)), changes.side_of(review), commercial=True)
    assert found.basis == FACTS and [card["panel"] for card in found.cards] == [None, None]
    assert found.after.problem.panel is None and found.after.problem.ratings == ()
    one = Rating.objects.filter(review=review, membership=rater).select_related("option").first()
    ratings.rate(
        member=rater, review_id=review.pk, criterion_key=one.criterion, option_key=one.option.key, score=one.score,
        seen_version=one.version, rationale="As before.",
    )  # fmt: skip
    reconciling.reveal(member=lead, review_id=review.pk, reason="Quality is at the inspection.")
    compute(review)
    review.refresh_from_db()
    assert changes.side_of(review).has_panel


def test_revisions_and_submissions_can_be_found_and_compared(world):
    lead = member(world, "lead")
    submission = Submission.objects.get()
    found = changes.find(lead, world.program, submission.uuid)
    assert found == submission and changes.side_of(found).name == "Review 1, submission 1"
    revision = changes.find(lead, world.program, world.revision.uuid)
    assert changes.side_of(revision).why_none == "saved facts hold no ratings"
    assert changes.find(lead, world.program, uuid4()) is None
    kinds = [choice.kind for choice in changes.choices(lead, world.program)]
    assert kinds == ["review", "submission", "revision"]


def test_what_one_may_not_see_is_not_found(world):
    review = next_review(world)
    viewer, stranger = member(world, "viewer"), MembershipFactory(with_roles=["admin"])
    assert changes.find(viewer, world.program, review.uuid) is None
    assert changes.find(viewer, world.program, world.review.uuid) == world.review
    assert changes.find(stranger.now(), world.program, world.review.uuid) is None
    assert review.uuid not in [choice.uuid for choice in changes.choices(viewer, world.program)]


def test_another_version_of_the_criteria_is_told_by_weights_and_criteria(world):
    admin = member(world, "admin")
    heavier = document()
    heavier["dimensions"][0]["weight"] *= 2
    draft = criteria.import_draft(member=admin, document=heavier)
    version = criteria.publish(member=admin, version_id=draft.pk, reason="Weighed anew.")
    type(world.program).objects.filter(pk=world.program.pk).update(criteria_version=version)
    review = next_review(world)
    found = changes.compare(changes.side_of(world.review), changes.side_of(review), commercial=True)
    assert not found.same_criteria and [one.criterion for one in found.weights if one.moved]
    by = {"+".join(row["groups"]): row["shift"] for row in found.shift["groups"]}
    assert by["facts"] == pytest.approx(0) and by["weights"] == pytest.approx(found.shift["shift"])
    assert {FIRST, OTHER} & set(found.shift["pair"]) and BLOCKED in found.both


def test_a_side_keeps_its_name_whichever_way_it_is_looked_at(world):
    former = changes.side_of(world.review)
    assert (former.kind, former.name) == ("review", "Review 1")
    assert replace(former, name="x").problem is former.problem
