"""A review is opened on saved facts, staffed, started, and withdrawn; each act by the lead, each refusal leaving nothing."""

import datetime

import pytest

from accounts import people
from accounts.models import AuditEvent
from accounts.permissions import NotAllowed
from assessments.errors import Clash, DoneAlready, Invalid, Missing, ReviewClosed, WrongState
from assessments.models import Assignment, Job, ProgramMember, Rating, RatingVersion, Review
from assessments.services import ratings, reconciling, reviews
from tests.services import scene as scenes
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


begun, scene = shared(lambda: scenes.make_scene(cem="cmc", quin="qa"))


@pytest.fixture
def draft(scene):
    return scenes.open_review(scene)


def events(action):
    return AuditEvent.objects.filter(action=action)


# -- opening ------------------------------------------------------------------------------------------------------


def test_a_review_opens_on_the_last_facts_and_owes_its_first_result(scene, draft):
    assert (draft.number, draft.state, draft.revision.number) == (1, "draft", 1)
    assert list(draft.options.values_list("key", "kind")) == [
        ("own", "in_house"),
        ("a", "cdmo"),
        ("b", "cdmo"),
        ("mix", "hybrid"),
    ]
    assert draft.criteria_version == scene.program.criteria_version
    assert Job.objects.get(target=f"review:{draft.pk}").wanted_revision == draft.inputs_revision == 1
    assert events("review.opened").get().new["options"] == ["own", "a", "b", "mix"]


@pytest.mark.parametrize(
    "asked, field",
    [
        ({"option_keys": ["own"]}, "options"),
        ({"option_keys": ["own", "own"]}, "options"),
        ({"option_keys": ["own", "moon"]}, "options"),
        ({"question": "  "}, "question"),
        ({"question": "x" * 251}, "question"),
    ],
)
def test_a_review_needs_a_question_and_two_options_of_the_facts(scene, asked, field):
    scene.program.refresh_from_db()
    before = scene.program.inputs_revision
    with pytest.raises(Invalid) as refusal:
        reviews.open_review(member=scene.lead, program=scene.program, **({"question": scenes.QUESTION} | asked))
    assert {problem["field"] for problem in refusal.value.problems} == {field}
    scene.program.refresh_from_db()
    assert not Review.objects.exists()
    assert scene.program.inputs_revision == before


def test_only_one_review_of_a_program_is_open_and_the_next_takes_the_next_number(scene, draft):
    with pytest.raises(WrongState, match="open"):
        scenes.open_review(scene)
    reviews.withdraw(member=scene.lead, review_id=draft.pk, reason="Asked too early.")
    assert scenes.open_review(scene).number == 2


def test_only_the_lead_opens_edits_assigns_starts_and_withdraws(scene, draft):
    quin = scene.raters["quin"]
    common = {"review_id": draft.pk}
    for who in (scene.admin, quin):
        for act in (
            lambda who: reviews.open_review(member=who, program=scene.program, question="?"),
            lambda who: reviews.choose_options(member=who, option_keys=["own", "a"], **common),
            lambda who: reviews.edit_review(member=who, question="Other?", **common),
            lambda who: reviews.assign(member=who, membership=quin, function=quin.functions[0], **common),
            lambda who: reviews.unassign(member=who, membership=quin, **common),
            lambda who: reviews.start(member=who, **common),
            lambda who: reviews.withdraw(member=who, reason="x", **common),
        ):
            with pytest.raises(NotAllowed):
                act(who)
    assert Review.objects.get() == draft
    assert not Assignment.objects.exists()


def test_somebody_who_stopped_leading_is_refused_though_the_request_loaded_them_as_lead(scene, draft):
    ProgramMember.objects.filter(membership=scene.lead).update(is_lead=False)
    with pytest.raises(NotAllowed):
        reviews.edit_review(member=scene.lead, review_id=draft.pk, question="Mine still?")


# -- set-up -------------------------------------------------------------------------------------------------------


def test_options_are_chosen_anew_until_scoring_starts(scene, draft):
    changed = reviews.choose_options(member=scene.lead, review_id=draft.pk, option_keys=["mix", "own"], seen_version=1)
    assert list(changed.options.values_list("key", flat=True)) == ["own", "mix"]
    assert changed.inputs_revision == 2
    assert Job.objects.get(target=f"review:{draft.pk}").wanted_revision == 2
    with pytest.raises(Clash):
        reviews.choose_options(member=scene.lead, review_id=draft.pk, option_keys=["a", "own"], seen_version=1)
    with pytest.raises(Invalid):
        reviews.choose_options(member=scene.lead, review_id=draft.pk, option_keys=["own"])
    scenes.start_scoring(scene)
    with pytest.raises(ReviewClosed):
        reviews.choose_options(member=scene.lead, review_id=draft.pk, option_keys=["a", "own"])
    assert list(scene.now().options.values_list("key", flat=True)) == ["own", "mix"]


def test_the_question_stands_once_people_answer_it_and_the_day_may_move(scene, draft):
    day = datetime.date(2027, 3, 1)
    edited = reviews.edit_review(
        member=scene.lead, review_id=draft.pk, question="Where next?", due_on=day, seen_version=1
    )
    assert (edited.question, edited.due_on, edited.version) == ("Where next?", day, 2)
    with pytest.raises(Clash):
        reviews.edit_review(member=scene.lead, review_id=draft.pk, question="Else?", seen_version=1)
    scenes.start_scoring(scene)
    with pytest.raises(WrongState, match="no longer changes"):
        reviews.edit_review(member=scene.lead, review_id=draft.pk, question="Else?")
    later = day + datetime.timedelta(days=7)
    assert reviews.edit_review(member=scene.lead, review_id=draft.pk, due_on=later).due_on == later
    assert scene.now().question == "Where next?"


def test_a_person_is_asked_for_a_function_they_speak_for_and_that_the_criteria_ask(scene, draft):
    quin, add = scene.raters["quin"], people.add_member
    finn = add(actor=scene.admin, email="f@example.org", full_name="Finn", roles=("assessor",), functions=("finance",))
    audra = add(actor=scene.admin, email="u@example.org", full_name="Audra", roles=("auditor",), functions=("qa",))
    ask = {"member": scene.lead, "review_id": draft.pk}
    for person, function, words in (
        (quin, "cmc", "does not speak for"),
        (finn, "finance", "ask nothing of"),
        (audra, "qa", "no role"),
    ):
        with pytest.raises(Invalid, match=words):
            reviews.assign(membership=person, function=scene.function(function), **ask)
    people.deactivate_member(actor=scene.admin, membership_id=quin.pk)
    with pytest.raises(Invalid, match="no longer active"):
        reviews.assign(membership=quin, function=scene.function("qa"), **ask)
    assert not Assignment.objects.exists()


def test_asking_again_changes_the_day_and_taking_back_ends_with_the_first_rating(scene, draft):
    scene.assign("quin")
    day = datetime.date(2027, 3, 1)
    quin = scene.raters["quin"]
    reviews.assign(member=scene.lead, review_id=draft.pk, membership=quin, function=scene.function("qa"), due_on=day)
    assert Assignment.objects.get().due_on == day
    reviews.unassign(member=scene.lead, review_id=draft.pk, membership=quin)
    assert not Assignment.objects.exists()
    scenes.start_scoring(scene)
    scene.rate("quin", 4)
    with pytest.raises(WrongState, match="rated already"):
        reviews.unassign(member=scene.lead, review_id=draft.pk, membership=quin)
    assert Assignment.objects.filter(membership=quin).exists()


def test_a_rater_of_a_restricted_program_becomes_its_member(scene, draft):
    scene.program.restricted = True
    scene.program.save(update_fields=["restricted"])
    assert not Review.objects.visible_to(scene.raters["cem"]).exists()
    scene.assign("cem")
    assert Review.objects.visible_to(scene.raters["cem"].now()).get() == draft


def test_scoring_starts_with_somebody_to_score_and_the_version_that_was_seen(scene, draft):
    with pytest.raises(Missing, match="Nobody"):
        reviews.start(member=scene.lead, review_id=draft.pk)
    scene.assign("cem")
    with pytest.raises(Clash):
        reviews.start(member=scene.lead, review_id=draft.pk, seen_version=7)
    started = reviews.start(member=scene.lead, review_id=draft.pk, seen_version=1)
    assert (started.state, started.version, started.inputs_revision) == ("scoring", 2, 2)
    with pytest.raises(DoneAlready):
        reviews.start(member=scene.lead, review_id=draft.pk)


def test_facts_keep_the_options_that_an_open_review_compares(scene, draft):
    fewer = [one for one in scenes.facts()["options"] if one["key"] != "b"]
    before = draft.program.revision_id
    with pytest.raises(Invalid, match="Review 1 compares Partner B"):
        scenes.save_facts(scene, options=fewer)
    draft.program.refresh_from_db()
    assert draft.program.revision_id == before


# -- the next review ----------------------------------------------------------------------------------------------


def test_the_next_review_carries_ratings_to_confirm_each_with_a_history_of_its_own(scene):
    scenes.start_scoring(scene)
    first = scene.rate("cem", 4, rationale="Two good lots.", confidence="high")
    scene.rate("quin", 2)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="Facts were wrong.")
    scenes.open_review(scene)
    scene.assign("cem")
    reviews.start(member=scene.lead, review_id=scene.review.pk)
    carried = Rating.objects.get(review=scene.review)
    assert (carried.membership, carried.score, carried.rationale, carried.confidence) == (
        scene.raters["cem"],
        4,
        "Two good lots.",
        "high",
    )
    assert carried.to_confirm and carried.pk != first.pk
    kept = RatingVersion.objects.get(rating=carried)
    assert (kept.number, kept.score, len(kept.salt)) == (1, 4, 32)
    event = events("rating.carried").get()
    assert event.new == {"number": 1, "digest": ratings.digest_of(kept)}
    assert ("first_lot", "own") in {
        (criterion.key, option.key)
        for criterion, option in ratings.unrated(scene.review, scene.review.assignments.get())
    }
    scene.assign("quin")
    assert Rating.objects.get(review=scene.review, membership=scene.raters["quin"]).to_confirm


def test_a_carried_rating_is_confirmed_by_giving_it_again_or_all_whose_facts_stood_still(scene):
    scenes.start_scoring(scene)
    for option in ("own", "a"):
        scene.rate("cem", 4, option=option)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="Facts were wrong.")
    # Partner A's lots come later than it said: what the facts suggest of it moves, of the own site it does not.
    late = scenes.facts()["options"]
    late[1]["facts"]["wait"] = 20
    scenes.save_facts(scene, options=late)
    scenes.start_scoring(scene)
    confirmed = ratings.confirm_carried(member=scene.raters["cem"], review_id=scene.review.pk)
    assert [rating.option.key for rating in confirmed] == ["own"]
    still = Rating.objects.get(review=scene.review, option__key="a")
    assert still.to_confirm
    given = scene.rate("cem", None, option="a", seen_version=1)
    assert (given.score, given.to_confirm, given.version, given.revision.number) == (4, False, 2, 2)


def test_carried_ratings_bind_nobody_to_the_function_or_the_assignment(scene):
    scenes.start_scoring(scene)
    scene.rate("cem", 4)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="Facts were wrong.")
    scenes.start_scoring(scene)
    reviews.unassign(member=scene.lead, review_id=scene.review.pk, membership=scene.raters["cem"])
    assert not scene.review.assignments.filter(membership=scene.raters["cem"]).exists()


# -- withdrawing --------------------------------------------------------------------------------------------------


def test_withdrawing_needs_a_reason_and_is_final(scene):
    scenes.start_scoring(scene)
    scene.rate("cem", 4)
    with pytest.raises(Invalid):
        reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason=" ")
    gone = reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="No money.")
    assert (gone.state, gone.state_reason) == ("withdrawn", "No money.")
    with pytest.raises(ReviewClosed):
        scene.rate("cem", 5, seen_version=1)
    with pytest.raises(WrongState):
        reviews.start(member=scene.lead, review_id=scene.review.pk)
    with pytest.raises(WrongState):
        reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="x")


def test_ratings_of_a_review_withdrawn_while_blind_stay_blind(scene):
    scenes.start_scoring(scene)
    scene.rate("cem", 4)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="No money.")
    for who in (scene.lead, scene.admin, scene.raters["quin"]):
        assert not Rating.objects.visible_to(who, scene.now()).exists()
