"""A rating is one person's word on a cell: blind until the reveal, with its whole history, never silently overwritten."""

import hashlib
import json
import threading
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, Missing, ReviewClosed
from assessments.models import Assignment, Job, Rating, RatingVersion
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from assessments.services import ratings, reconciling, reviews
from assessments.services.ratings import Given
from tests.services import scene as scenes
from tests.support.begun import shared


def scoring():
    scene = scenes.make_scene(cem="cmc", quin="qa")
    scenes.start_scoring(scene)
    return scene


begun, scene = shared(scoring)


def suggested(**changed):
    framework = Framework.from_data(scenes.document())
    return headline(Problem(framework, read_profile(scenes.facts(**changed), framework.schema)))["suggestions"]


def texts_of_events():
    return " ".join(
        json.dumps([event.old, event.new, event.object_label, event.reason]) for event in AuditEvent.objects.all()
    )


# -- giving -------------------------------------------------------------------------------------------------------


def test_a_rating_keeps_what_its_author_saw_and_moves_the_count_of_inputs(scene):
    before = scene.now().inputs_revision
    rating = scene.rate("cem", 4, confidence="high", rationale="  Two good lots.  ")
    assert (rating.score, rating.confidence, rating.rationale, rating.version) == (4, "high", "Two good lots.", 1)
    assert float(rating.suggestion) == suggested()["first_lot"]["own"]["score"]
    assert (rating.revision.number, rating.function.key, rating.accepted) == (1, "cmc", False)
    review = scene.now()
    assert review.inputs_revision == before + 1
    assert Job.objects.get(target=f"review:{review.pk}").wanted_revision == review.inputs_revision


def test_facts_saved_after_the_page_was_read_do_not_change_what_the_author_saw(scene):
    scenes.save_facts(scene, need=1)
    then, now = suggested()["first_lot"]["own"]["score"], suggested(need=1)["first_lot"]["own"]["score"]
    assert then != now
    rating = scene.rate("cem", 3, seen_facts=1)
    assert (float(rating.suggestion), rating.revision.number) == (then, 1)
    rating = scene.rate("cem", 3, seen_version=1)
    assert (float(rating.suggestion), rating.revision.number, rating.version) == (now, 2, 2)


def test_an_edit_keeps_what_it_does_not_name_and_the_history_keeps_all(scene):
    """AL-O."""
    scene.rate("cem", 4, confidence="low", rationale="First thought.")
    rating = scene.rate("cem", 2, seen_version=1)
    assert (rating.score, rating.confidence, rating.rationale) == (2, "low", "First thought.")
    rating = scene.rate("cem", None, rationale="Second thought.", seen_version=2)
    assert (rating.score, rating.rationale) == (2, "Second thought.")
    history = rating.versions.values_list("number", "score", "rationale")
    assert list(history) == [(1, 4, "First thought."), (2, 2, "First thought."), (3, 2, "Second thought.")]


def test_the_same_rating_again_writes_nothing_so_a_request_may_be_repeated(scene):
    scene.rate("cem", 4, rationale="Two good lots.")
    again = scene.rate("cem", 4, rationale="Two good lots.", seen_version=0)
    assert (again.version, again.versions.count()) == (1, 1)
    assert AuditEvent.objects.filter(action__startswith="rating.").count() == 1
    review = scene.now()
    assert Job.objects.get(target=f"review:{review.pk}").wanted_revision == review.inputs_revision


def test_an_edit_from_a_page_that_is_behind_shows_both_values_and_loses_neither(scene):
    scene.rate("cem", 4, rationale="Here.")
    with pytest.raises(Clash) as clash:
        scene.rate("cem", 2, rationale="There.", seen_version=0)
    assert (clash.value.current["score"], clash.value.current["rationale"]) == (4, "Here.")
    assert (clash.value.attempted["score"], clash.value.attempted["rationale"]) == (2, "There.")
    assert clash.value.version == 1
    assert Rating.objects.get().score == 4


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"score": 0}, "score"),
        ({"score": 6}, "score"),
        ({"score": True}, "score"),
        ({"score": 3.5}, "score"),
        ({"score": None}, "score"),
        ({"score": 3, "confidence": "total"}, "confidence"),
        ({"score": 3, "rationale": "x" * 4001}, "rationale"),
        ({"score": 3, "criterion": "nonsense"}, "criterion"),
        ({"score": 3, "option": "moon"}, "option"),
        ({"score": 3, "criterion": "quality"}, "criterion"),
    ],
)
def test_what_cannot_be_taken_is_named_and_leaves_nothing(scene, wrong, field):
    before = scene.now().inputs_revision
    with pytest.raises(Invalid) as refusal:
        scene.rate("cem", **wrong)
    assert [problem["field"] for problem in refusal.value.problems] == [field]
    assert not Rating.objects.exists()
    assert scene.now().inputs_revision == before


def test_many_ratings_are_taken_together_or_not_at_all(scene):
    cem = scene.raters["cem"]
    good = [Given("first_lot", option, 3) for option in ("own", "a", "b")]
    with pytest.raises(Invalid) as refusal:
        ratings.rate_many(
            member=cem, review_id=scene.review.pk, given=[*good, Given("first_lot", "mix", 9), Given("x", "own", 1)]
        )
    assert {problem["field"] for problem in refusal.value.problems} == {"score", "criterion"}
    assert not Rating.objects.exists()
    with pytest.raises(Invalid, match="twice"):
        ratings.rate_many(member=cem, review_id=scene.review.pk, given=[good[0], good[0]])
    written = ratings.rate_many(member=cem, review_id=scene.review.pk, given=good)
    assert [rating.option.key for rating in written] == ["own", "a", "b"]
    assert RatingVersion.objects.count() == AuditEvent.objects.filter(action="rating.given").count() == 3


def test_many_ratings_cost_no_more_statements_than_few(scene, django_assert_max_num_queries):
    cem = scene.raters["cem"]
    few = [Given("first_lot", "own", 3)]
    many = [Given("first_lot", option, 3) for option in ("a", "b", "mix")]
    ratings.suggestions_of(scene.now())
    with CaptureQueriesContext(connection) as first:
        ratings.rate_many(member=cem, review_id=scene.review.pk, given=few)
    with django_assert_max_num_queries(len(first)):
        ratings.rate_many(member=cem, review_id=scene.review.pk, given=many)


def test_ratings_are_given_by_assignment_whatever_the_other_roles(scene):
    for who in (scene.lead, scene.admin):
        with pytest.raises(NotAllowed):
            ratings.rate(member=who, review_id=scene.review.pk, criterion_key="first_lot", option_key="own", score=3)
    Assignment.objects.filter(membership=scene.raters["cem"]).delete()
    with pytest.raises(NotAllowed):
        scene.rate("cem", 3)
    assert not Rating.objects.exists()


def test_the_guard_is_the_first_statement_of_the_transaction(scene):
    ratings.suggestions_of(scene.now())
    with CaptureQueriesContext(connection) as seen:
        scene.rate("cem", 3)
    begun = next(at for at, one in enumerate(seen) if one["sql"].startswith("SAVEPOINT"))
    assert seen[begun + 1]["sql"].startswith('UPDATE "assessments_review" SET "inputs_revision"')
    assert [one["sql"] for one in seen if "assessments_job" in one["sql"]] == [seen[-2]["sql"]]


# -- suggestions --------------------------------------------------------------------------------------------------


def test_halves_are_accepted_upwards():
    assert [ratings.rounded(value) for value in (1.0, 1.49, 1.5, 2.5, 4.5, 5.0)] == [1, 1, 2, 3, 5, 5]


def test_accepting_takes_over_the_unrated_cells_alone(scene):
    scene.rate("cem", 5, rationale="My own view.")
    given = ratings.accept_suggestions(member=scene.raters["cem"], review_id=scene.review.pk)
    assert {rating.option.key for rating in given} == {"a", "b", "mix"}
    for rating in given:
        assert rating.score == ratings.rounded(suggested()["first_lot"][rating.option.key]["score"])
        assert rating.accepted
    assert not Rating.objects.get(option__key="own").accepted
    assert ratings.accept_suggestions(member=scene.raters["cem"], review_id=scene.review.pk) == []


def test_accepting_a_named_cell_replaces_what_its_author_saw_there_and_nothing_newer(scene):
    accept = {"member": scene.raters["cem"], "review_id": scene.review.pk, "criterion_key": "first_lot"}
    scene.rate("cem", 5, rationale="My own view.")
    with pytest.raises(Clash):
        ratings.accept_suggestions(option_key="own", **accept)
    (rating,) = ratings.accept_suggestions(option_key="own", seen_version=1, **accept)
    assert rating.accepted and rating.rationale == "My own view."
    kept = scene.rate("cem", None, rationale="Said more.", seen_version=2)
    assert kept.accepted
    other = scene.rate("cem", 1 + rating.score % 5, seen_version=3)
    assert not other.accepted


# -- done ---------------------------------------------------------------------------------------------------------


def test_done_names_the_missing_cells_and_an_edit_reopens_it_until_the_reveal(scene):
    cem, quin = scene.raters["cem"], scene.raters["quin"]
    scene.rate("cem", 4)
    with pytest.raises(Missing) as refusal:
        ratings.finish_scoring(member=cem, review_id=scene.review.pk)
    assert [thing["what"] for thing in refusal.value.things] == [
        "First lot, Partner A",
        "First lot, Partner B",
        "First lot, Suite",
    ]
    ratings.accept_suggestions(member=cem, review_id=scene.review.pk)
    assert ratings.finish_scoring(member=cem, review_id=scene.review.pk).state == "done"
    ratings.finish_scoring(member=cem, review_id=scene.review.pk)
    assert AuditEvent.objects.filter(action="scoring.done").count() == 1
    scene.rate("cem", 4, seen_version=1)
    assert Assignment.objects.get(membership=cem).state == "done", "nothing was changed"
    scene.rate("cem", 3, seen_version=1)
    assert Assignment.objects.get(membership=cem).state == "open"
    ratings.finish_scoring(member=cem, review_id=scene.review.pk)
    ratings.accept_suggestions(member=quin, review_id=scene.review.pk)
    for criterion, option in ratings.unrated(scene.now(), Assignment.objects.get(membership=quin)):
        scene.rate("quin", 3, criterion=criterion.key, option=option.key)
    ratings.finish_scoring(member=quin, review_id=scene.review.pk)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk)
    scene.rate("cem", 5, seen_version=2)
    assert Assignment.objects.get(membership=cem).state == "done"


# -- blindness ----------------------------------------------------------------------------------------------------


def test_while_scoring_everyone_sees_their_own_ratings_alone_admins_too(scene):
    mine = scene.rate("cem", 4)
    review = scene.now()
    assert list(Rating.objects.visible_to(scene.raters["cem"], review)) == [mine]
    for who in (scene.lead, scene.admin, scene.raters["quin"]):
        assert not Rating.objects.visible_to(who, review).exists()
    reconciling.reveal(member=scene.lead, review_id=review.pk, reason="Time is up.")
    assert list(Rating.objects.visible_to(scene.admin, scene.now())) == [mine]


def test_blind_events_bear_a_digest_that_says_nothing_of_score_or_reason(scene):
    scene.rate("cem", 4, rationale="Canary: two lots failed.")
    event = AuditEvent.objects.get(action="rating.given")
    assert set(event.new) == {"number", "digest"}
    assert "Canary" not in texts_of_events()
    version = RatingVersion.objects.get()
    guesses = {ratings.sha256_of(ratings.value_of(version) | {"score": score}) for score in range(1, 6)}
    assert event.new["digest"] not in guesses, "without the salt nobody can try the five scores"


def test_anyone_can_check_after_the_reveal_that_nothing_was_changed_meanwhile(scene):
    scene.rate("cem", 4, rationale="Zwölf “gute” Lose.")
    scene.rate("cem", 2, seen_version=1)
    scene.rate("quin", 5)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    scene.rate("quin", 1, seen_version=1)
    blind = {
        (event.object_uuid, event.new["number"]): event.new["digest"]
        for event in AuditEvent.objects.filter(action__in=["rating.given", "rating.changed"])
    }
    shown = [
        *AuditEvent.objects.filter(action="rating.revealed"),
        *AuditEvent.objects.filter(action="rating.changed", new__has_key="salt"),
    ]
    assert len(blind) == len(shown) == 4
    for event in shown:
        value = {key: entry for key, entry in event.new.items() if key != "digest"}
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert digest == event.new["digest"] == blind[event.object_uuid, value["number"]]


# -- two at once --------------------------------------------------------------------------------------------------


def _race(*acts):
    """Run the acts at the same instant, each with a connection of its own; what each came to."""
    barrier, came = threading.Barrier(len(acts)), {}

    def run(at, act):
        try:
            barrier.wait()
            came[at] = act()
        except Exception as refusal:  # noqa: BLE001  the outcome is what the test looks at
            came[at] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(at, act)) for at, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [came[at] for at in range(len(acts))]


@pytest.mark.django_db(transaction=True)
def test_two_browsers_of_one_person_never_overwrite_each_other():
    scene = scenes.make_scene(cem="cmc")
    scenes.start_scoring(scene)
    for version in range(10):
        came = _race(
            partial(scene.rate, "cem", 1 + version % 2, rationale="left", seen_version=version),
            partial(scene.rate, "cem", 4 + version % 2, rationale="right", seen_version=version),
        )
        won = [one for one in came if isinstance(one, Rating)]
        lost = [one for one in came if isinstance(one, Clash)]
        assert (len(won), len(lost)) == (1, 1), came
        assert {lost[0].current["rationale"], lost[0].attempted["rationale"]} == {"left", "right"}
        rating = Rating.objects.get()
        assert (rating.version, rating.rationale) == (version + 1, won[0].rationale)
        assert RatingVersion.objects.count() == version + 1
    assert scene.now().inputs_revision == 2 + 10


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_that_race_is_lost(monkeypatch):
    """The race above can fail: with the guard's lock taken away two first ratings of one cell meet."""
    scene = scenes.make_scene(cem="cmc")
    scenes.start_scoring(scene)
    monkeypatch.setattr(ratings, "touch_review", lambda review_id, states: 3)
    both_read = threading.Barrier(2)
    read = ratings._mine

    def read_together(*args):
        found = read(*args)
        both_read.wait(timeout=5)
        return found

    monkeypatch.setattr(ratings, "_mine", read_together)
    came = _race(lambda: scene.rate("cem", 1), lambda: scene.rate("cem", 5))
    assert any(not isinstance(one, Rating | Clash) for one in came), "the table's constraint alone stood in the way"


@pytest.mark.django_db(transaction=True)
def test_a_rating_and_the_reveal_at_once_leave_no_rating_that_was_not_revealed():
    scene = scenes.make_scene(cem="cmc")
    for seen_version in (0, 1, 1):
        scenes.start_scoring(scene)
        scene.rate("cem", 3, option="a", seen_version=seen_version)
        came = _race(
            partial(scene.rate, "cem", 2, seen_version=seen_version),
            partial(reconciling.reveal, member=scene.lead, review_id=scene.review.pk, reason="Now."),
        )
        assert not any(isinstance(one, Exception) for one in came), came
        events = AuditEvent.objects.filter(review_uuid=scene.review.uuid)
        blind = events.filter(new__has_key="digest").exclude(new__has_key="salt")
        shown = events.filter(action="rating.revealed")
        assert set(blind.values_list("object_uuid", "new__number")) == set(
            shown.values_list("object_uuid", "new__number")
        )
        reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="Next round.")


@pytest.mark.django_db(transaction=True)
def test_a_closed_review_takes_no_rating_and_says_so():
    """MA-2."""
    scene = scenes.make_scene(cem="cmc")
    scenes.open_review(scene)
    scene.assign("cem")
    with pytest.raises(ReviewClosed):
        scene.rate("cem", 3)
    assert not Rating.objects.exists()


def test_a_refused_act_inside_a_longer_transaction_leaves_the_count_alone(scene):
    before = scene.now().inputs_revision
    with transaction.atomic(), pytest.raises(Invalid):
        scene.rate("cem", 9)
    assert scene.now().inputs_revision == before
    assert Decimal(scene.rate("cem", 3).suggestion) >= 1
