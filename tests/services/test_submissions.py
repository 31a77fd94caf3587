"""A submission freezes exactly what was shown, names what is missing, and proposes only what the result leaves open."""

import datetime
import json

import pytest
from django.db import transaction

from accounts.audit import sha256_of
from accounts.models import AuditEvent, Membership, MembershipFunction
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, Missing, ResultPending, WrongState
from assessments.models import Condition, ProposedDecision, Rating, Review, Submission
from assessments.scoring.full import full
from assessments.services import conditions, problems, ratings, reconciling, records, reviews, submissions
from assessments.services.inputs import touch_review
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.services.decided import BLOCKED, FIRST, OTHER, assigned, decided_world, member, submit
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db


begun, world = shared(decided_world)


def nothing_written(world):
    review = Review.objects.get(pk=world.review.pk)
    return (
        review.state == "reconciling"
        and not Submission.objects.exists()
        and not ProposedDecision.objects.exists()
        and not Condition.objects.exists()
        and not review.steps.exists()
        and not AuditEvent.objects.filter(action__in=("review.submitted", "submission.made")).exists()
    )


def refused(world, error, **changed):
    with pytest.raises(error) as refusal, transaction.atomic():
        submit(world, **changed)
    assert nothing_written(world)
    return refusal.value


# -- what is frozen -----------------------------------------------------------------------------------------------


def test_a_submission_moves_the_review_and_opens_the_first_step_alone(world):
    submission = submit(world)
    review = Review.objects.get(pk=world.review.pk)
    assert review.state == "in_approval"
    assert submission.number == 1 and submission.scorecard == review.full and submission.revision == review.revision
    steps = list(submission.steps.all())
    assert [(step.key, step.kind, step.state) for step in steps] == [
        ("functional", "functional", "open"),
        ("executive", "executive", "waiting"),
    ]
    assert steps[0].due_on - steps[0].opened_at.date() == datetime.timedelta(days=5)
    assert steps[1].due_on is None and steps[1].opened_at is None
    assert [party.function.key for party in steps[0].parties.all()] == ["cmc", "qa"]
    assert [party.role for party in steps[1].parties.all()] == ["approver"]
    event = AuditEvent.objects.get(action="submission.made")
    assert event.new["sha256"] == submission.sha256 and event.actor == world.people["lead"]


def test_the_record_is_canonical_hashed_and_enough_to_compute_the_result_again(world):
    submission = submit(world)
    assert sha256_of(submission.record) == submission.sha256
    held = json.loads(submission.record)
    assert json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == submission.record
    again = full(records.problem_of(held))
    stored = held["result"]["numbers"]
    for numbers in (again, stored):
        numbers.pop("timings")
    assert json.loads(json.dumps(again)) == stored
    assert held["software"].keys() == {"makewhere", "engine", "python", "numpy", "scipy", "machine"}
    assert held["criteria"]["digest"] == world.version.digest


def test_the_record_holds_the_criteria_version_before_as_well(monkeypatch):
    for module in (problems, records):
        monkeypatch.setattr(module, "previous_of", lambda version: version)  # itself: some version of these facts
    world = decided_world()
    held = json.loads(submit(world).record)
    assert held["criteria"]["previous"]["document"] == held["criteria"]["document"]
    stored = held["result"]["numbers"]
    assert stored["counterfactual"]["frameworks"][-1]["key"] == "previous"
    again = full(records.problem_of(held))
    assert again["input_digest"] == stored["input_digest"] and again["counterfactual"] == stored["counterfactual"]


def test_the_record_holds_every_rating_with_its_history_and_its_author(world):
    lead = member(world, "lead")
    rater = member(world, "rater")
    ratings.rate(
        member=rater,
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        score=3,
        rationale="The slot is not signed yet.",
        seen_version=1,
    )
    reconciling.agree(
        member=lead,
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        value="3.5",
        note="Halfway.",
    )
    compute(world.review)
    world.review.refresh_from_db()
    held = json.loads(submit(world, option_key=world.review.full.numbers["verdict"]["option"]).record)
    assert len(held["ratings"]) == Rating.objects.count() == 12
    (changed,) = [row for row in held["ratings"] if (row["criterion"], row["option"]) == ("first_lot", OTHER)]
    assert changed["person"]["name"] == rater.name
    assert [version["number"] for version in changed["versions"]] == [1, 2]
    assert changed["versions"][1]["rationale"] == "The slot is not signed yet."
    assert all(len(version["salt"]) == 32 for version in changed["versions"])
    assert [(row["value"], row["note"]) for row in held["agreed_values"]] == [("3.50", "Halfway.")]


def test_the_proposed_decision_binds_the_submission_and_its_conditions(world):
    submission = submit(world)
    proposed = submission.proposed_decisions.get()
    held = json.loads(proposed.record)
    assert sha256_of(proposed.record) == proposed.sha256
    assert held["submission"]["sha256"] == submission.sha256
    assert held["sentence"] == "Choose Suite, as recommended."
    assert [(row["title"], row["mandatory"], row["due_month"], row["due_on"]) for row in held["conditions"]] == [
        ("Potency assay", True, 6, "2026-07-15")
    ]
    assert held["conditions"][0]["owner"]["name"] == world.people["rater"].name
    assert held["tripwires"] == [] and held["overrides"] == []


# -- what holds it up ---------------------------------------------------------------------------------------------


def test_a_result_of_older_inputs_is_pending_and_writes_nothing(world):
    reconciling.agree(
        member=member(world, "lead"),
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        value="2",
        note="Later.",
    )
    refusal = refused(world, ResultPending)
    assert refusal.code == "result_pending"
    compute(world.review)
    submit(world)


def test_a_headline_alone_is_not_enough(world):
    Review.objects.filter(pk=world.review.pk).update(full_revision=0)
    refused(world, ResultPending)


def test_a_result_of_other_inputs_under_the_same_count_is_found_out(world):
    Rating.objects.filter(criterion="first_lot", option__key=OTHER).update(score=1)
    refused(world, WrongState)


def test_a_result_other_than_the_one_looked_at_is_a_clash(world):
    seen = str(world.review.full.uuid)
    reconciling.agree(
        member=member(world, "lead"),
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=FIRST,
        value="1",
        note="It slipped.",
    )
    compute(world.review)
    assert "It says now" in str(refused(world, Clash, seen_result=seen))


def test_a_review_that_moved_meanwhile_is_a_clash(world):
    refused(world, Clash, seen_version=world.review.version - 1)


def test_a_condition_without_owner_or_date_holds_it_up_by_name(world):
    refusal = refused(world, Missing, conditions=[])
    assert [(thing["what"], thing["message"]) for thing in refusal.things] == [
        ("Potency assay", "This condition lacks an owner and a due month.")
    ]


def test_a_condition_whose_owner_left_holds_it_up_and_one_that_no_gate_demands_any_more_goes_on_record(world):
    for entry in assigned(world):
        conditions.assign_condition(
            member=member(world, "lead"), review_id=world.review.pk, key=entry["key"], owner=entry["owner"], due_month=6
        )
    stale = Condition.objects.create(
        organization=world.program.organization, review=world.review, key="g9-gone", gate="G9", title="Hire a QP",
        mandatory=True, owner=world.people["lead"], due_month=4,
    )  # fmt: skip
    Condition.objects.exclude(pk=stale.pk).update(because="As it was last month.")
    Membership.objects.filter(pk=world.people["rater"].pk).update(is_active=False)
    with pytest.raises(Missing) as refusal, transaction.atomic():
        submit(world, conditions=[])
    assert [(thing["what"], thing["message"]) for thing in refusal.value.things if thing["code"] == "condition"] == [
        ("Potency assay", f"This condition lacks an owner who can see to it ({world.people['rater'].name} left).")
    ]
    assert Condition.objects.filter(pk=stale.pk).exists()
    assert not AuditEvent.objects.filter(action__in=("condition.dropped", "condition.reworded")).exists()
    Membership.objects.filter(pk=world.people["rater"].pk).update(is_active=True)
    submit(world, conditions=[])
    gone = AuditEvent.objects.get(action="condition.dropped")
    assert (gone.actor, gone.object_uuid, gone.old["title"]) == (member(world, "lead"), stale.uuid, "Hire a QP")
    said = AuditEvent.objects.get(action="condition.reworded")
    assert (said.old, said.new) == (
        {"because": "As it was last month."},
        {"because": conditions.demands_on(world.review.full.numbers, FIRST)[0].because},
    )
    assert Condition.objects.get().because == said.new["because"]


def test_nobody_writes_a_condition_of_their_own_under_a_key_that_a_gate_may_demand_later(world):
    own = {
        "key": conditions.key_of("G05", "Pay"),
        "title": "Nothing to do",
        "owner": world.people["lead"],
        "due_month": 5,
    }
    refusal = refused(world, Invalid, conditions=[own])
    assert [one["message"] for one in refusal.problems] == ["There is no such condition."]
    assert not Condition.objects.filter(key=own["key"]).exists()


def test_missing_ratings_are_named_by_function_and_person_and_need_a_reason():
    world = make_world(potency="none", qms=2)
    bring_review_to(world, "reconciling")
    compute(world.review)
    world.review.refresh_from_db()
    lead = member(world, "lead")
    numbers = world.review.full.numbers
    entries = [{"key": demand.key, "owner": lead, "due_month": 3} for demand in conditions.demands_on(numbers, OTHER)]
    given = {
        "member": lead, "review_id": world.review.pk, "kind": "alternative", "option_key": OTHER,
        "justification": "It is the only one with a slot.", "conditions": entries,
    }  # fmt: skip
    with pytest.raises(Missing) as refusal, transaction.atomic():
        submissions.submit(**given)
    assert [(thing["code"], thing["what"]) for thing in refusal.value.things] == [("nobody_rated", "QA")]
    submission = submissions.submit(**given, missing_reason="QA is at the inspection until May.")
    held = json.loads(submission.record)
    assert held["missing"][0]["code"] == "nobody_rated"
    assert held["missing_reason"] == "QA is at the inspection until May."


def test_each_missing_or_stale_thing_is_named(world):
    lead = member(world, "lead")
    Rating.objects.filter(membership=world.people["rater"], option__key=OTHER).update(to_confirm=True)
    reviews.assign(member=lead, review_id=world.review.pk, membership=lead, function=lead.functions[0])
    Rating.objects.filter(criterion="lot_cost", option__key=FIRST).update(suggestion=2)
    touch_review(world.review.pk, states=("reconciling",))
    compute(world.review)
    world.review.refresh_from_db()
    found = {
        (finding.code, finding.what): (finding.weight, finding.message)
        for finding in submissions.check_submission(world.review, submitter=lead)
    }
    rater = world.people["rater"].name
    assert found["to_confirm", f"{rater} (CMC)"] == ("needs a reason", "1 rating carried forward, not confirmed.")
    assert found["missing_ratings", f"{lead.name} (QA)"] == ("needs a reason", "8 ratings missing.")
    assert found["moved", "Cost"] == ("warns", "The facts moved this since it was judged (Suite).")
    assert found["condition", "Potency assay"][0] == "blocks"


def test_a_route_that_nobody_can_sign_holds_it_up(world):
    MembershipFunction.objects.filter(function__key="qa").delete()
    for role in ("approver", "second_approver"):
        Membership.objects.filter(pk=world.people[role].pk).update(is_active=False)
    messages = {thing["message"] for thing in refused(world, Missing).things}
    assert messages == {
        "Functional sign-off: nobody speaks for QA.",
        "Executive decision: nobody whom it names is an approver who neither rated, recorded an agreed value nor submits.",
    }


def test_all_that_is_wrong_with_a_submission_is_named_at_once_each_at_its_place(world):
    """Route, conditions and missing ratings in one answer; with what cannot be taken, where something cannot."""
    MembershipFunction.objects.filter(function__key="qa").delete()
    Rating.objects.filter(membership=world.people["rater"], option__key=OTHER).update(to_confirm=True)
    touch_review(world.review.pk, states=("reconciling",))
    compute(world.review)
    world.review.refresh_from_db()
    missing = [("condition", "Potency assay"), ("route", "Approval route")]
    unexplained = [("to_confirm", f"{world.people['rater'].name} (CMC)")]
    for given, left in (({}, missing + unexplained), ({"missing_reason": "She is away."}, missing)):
        refusal = refused(world, Missing, conditions=[], **given)
        assert [(one["code"], one["what"]) for one in refusal.things] == left
    wrong = {"justification": " ", "answer": "To what?", "missing_reason": "x" * 4001}
    problems = refused(world, Invalid, conditions=[], **wrong).problems
    assert [one["field"] for one in problems if "what" not in one] == ["justification", "answer", "missing_reason"]
    assert [(one["code"], one["what"]) for one in problems if "what" in one] == missing


# -- what may be proposed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"option_key": OTHER}, "option"),
        ({"option_key": ""}, "option"),
        ({"option_key": "nowhere"}, "option"),
        ({"kind": "alternative"}, "kind"),
        ({"kind": "whatever"}, "kind"),
        ({"kind": "not_yet"}, "option"),
        ({"justification": "  "}, "justification"),
        ({"overrides": {"G1": "We like it."}}, "overrides"),
        ({"kind": "alternative", "option_key": BLOCKED}, "overrides"),
        ({"kind": "alternative", "option_key": BLOCKED, "overrides": {"G1": " "}}, "overrides"),
        ({"kind": "alternative", "option_key": BLOCKED, "overrides": {"G1": "Why not", "G7": "so"}}, "overrides"),
        ({"kind": "alternative", "option_key": BLOCKED, "overrides": {"G1": "x" * 4001}}, "overrides"),
        ({"missing_reason": "x" * 4001}, "missing_reason"),
    ],
)
def test_what_the_result_does_not_leave_open_is_refused_by_field(world, changed, field):
    assert [entry["field"] for entry in refused(world, Invalid, **changed).problems] == [field]


def test_a_blocked_option_needs_a_reason_for_each_gate_that_blocks_it(world):
    submission = submit(
        world,
        kind="alternative",
        option_key=BLOCKED,
        overrides={"G1": "The quality system of the sister plant is taken over in March."},
        conditions=assigned(world, option=BLOCKED),
    )
    held = json.loads(submission.proposed_decisions.get().record)
    assert [(row["gate"], row["name"], row["reason"]) for row in held["overrides"]] == [
        ("G1", "Quality", "The quality system of the sister plant is taken over in March.")
    ]
    assert (
        held["sentence"]
        == "Choose Own instead of Suite, the recommended option, setting aside what blocks it (Quality)."
    )


def test_not_yet_commits_to_no_option_and_keeps_the_conditions(world):
    proposed = submit(world, kind="not_yet", option_key="").proposed_decisions.get()
    held = json.loads(proposed.record)
    assert proposed.option is None and held["option"] is None
    assert [row["title"] for row in held["conditions"]] == ["Potency assay"]


def test_the_last_option_standing_is_never_called_recommended():
    numbers = {
        "verdict": {"kind": "best_remaining", "option": "a", "tied": []},
        "options": [{"key": "a", "name": "Partner A"}, {"key": "own", "name": "Own"}],
        "gates": [{"id": "G1", "name": "Quality", "effect": "block", "message": "x", "options": ["own"]}],
    }
    from assessments.services.proposals import sentence_of

    for kind, option in (("recommended", "a"), ("alternative", "own"), ("not_yet", "")):
        assert "recommend" not in sentence_of(kind, option, numbers).lower()
    assert sentence_of("recommended", "a", numbers) == (
        "Choose Partner A, the best remaining option: every other one is blocked."
    )


# -- who, when ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["rater", "approver", "admin", "viewer", "stranger"])
def test_only_the_lead_submits(world, role):
    with pytest.raises(NotAllowed), transaction.atomic():
        submit(world, member=member(world, role))
    assert nothing_written(world)


@pytest.mark.parametrize("state", ["draft", "scoring", "in_approval", "approved", "rejected", "withdrawn"])
def test_a_review_in_another_state_is_not_submitted(state):
    world = make_world()
    bring_review_to(world, state)
    before = Submission.objects.count()
    with pytest.raises(WrongState), transaction.atomic():
        submissions.submit(
            member=member(world, "lead"), review_id=world.review.pk, kind="not_yet", justification="Again."
        )
    assert Submission.objects.count() == before


# -- conditions ---------------------------------------------------------------------------------------------------


def test_what_a_gate_demands_can_be_assigned_but_not_removed(world):
    lead = member(world, "lead")
    (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
    with pytest.raises(WrongState), transaction.atomic():
        conditions.drop_condition(member=lead, review_id=world.review.pk, key=demand.key, seen_version=0)
    conditions.assign_condition(
        member=lead, review_id=world.review.pk, key=demand.key, owner=world.people["rater"].uuid, due_month="4"
    )
    row = Condition.objects.get()
    assert (row.mandatory, row.gate, row.owner, row.due_month, row.owner_function.key) == (
        True, "G2", world.people["rater"], 4, "cmc",
    )  # fmt: skip
    with pytest.raises(WrongState), transaction.atomic():
        conditions.drop_condition(member=lead, review_id=world.review.pk, key=row.key, seen_version=1)
    with pytest.raises(Clash), transaction.atomic():
        conditions.assign_condition(
            member=lead, review_id=world.review.pk, key=row.key, owner=world.people["lead"], due_month=5
        )
    assert Condition.objects.get().due_month == 4
    submit(world, conditions=[])


def test_people_may_advise_further_conditions_and_drop_them_again(world):
    lead = member(world, "lead")
    advise = {"member": lead, "review_id": world.review.pk, "owner": lead, "due_month": 9}
    conditions.advise_condition(title="Bridge the potency assay", because="Before the site changes.", **advise)
    conditions.advise_condition(title="Second source", **advise)
    with pytest.raises(Invalid), transaction.atomic():
        conditions.advise_condition(title="Second source", **advise)
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        conditions.advise_condition(title="Third source", because="x" * 2001, **advise)
    assert [entry["field"] for entry in refusal.value.problems] == ["because"]
    row = Condition.objects.get(title="Second source")
    conditions.drop_condition(member=lead, review_id=world.review.pk, key=row.key, seen_version=row.version)
    held = json.loads(submit(world).proposed_decisions.get().record)
    assert [(entry["title"], entry["mandatory"]) for entry in held["conditions"]] == [
        ("Potency assay", True),
        ("Bridge the potency assay", False),
    ]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"owner": "no-uuid"}, "owner"),
        ({"owner": None}, "owner"),
        ({"due_month": "soon"}, "due_month"),
        ({"due_month": -1}, "due_month"),
        ({"due_month": 121}, "due_month"),
        ({"key": "g9-unknown"}, "key"),
    ],
)
def test_owner_and_date_of_a_condition_are_checked(world, changed, field):
    (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
    given = {"key": demand.key, "owner": world.people["rater"], "due_month": 3} | changed
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        conditions.assign_condition(member=member(world, "lead"), review_id=world.review.pk, **given)
    assert [entry["field"] for entry in refusal.value.problems] == [field]
    assert not Condition.objects.exists()


def test_nobody_of_another_organization_owns_a_condition(world):
    (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
    with pytest.raises(Invalid), transaction.atomic():
        conditions.assign_condition(
            member=member(world, "lead"),
            review_id=world.review.pk,
            key=demand.key,
            owner=world.people["stranger"],
            due_month=3,
        )


@pytest.mark.parametrize(
    ("start", "month", "date"),
    [
        ("2026-01-15", 0, "2026-01-15"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2026-01-15", 24, "2028-01-15"),
    ],
)
def test_a_due_month_has_a_calendar_date(start, month, date):
    assert conditions.due_date(datetime.date.fromisoformat(start), month) == datetime.date.fromisoformat(date)
