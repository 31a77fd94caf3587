"""The Changes pages: what is shown by default, what on demand, what is hidden, and what an empty one says."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.services import programs
from tests.pages.test_approval import client_of, text_of
from tests.scoring import sample
from tests.services.decided import decided_world, member, submit
from tests.services.test_changes import next_review
from tests.services.test_verifying import approved
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def decided_upon():
    world = decided_world()
    submit(world)
    return approved(world)


begun, world = shared(decided_upon)


def page(world, role="lead", name="review_changes", subject=None, **query):
    url = reverse(f"assessments:{name}", args=[(subject or world.review).uuid])
    answer = client_of(world, role).get(url, query)
    assert answer.status_code == 200
    return answer


def test_a_new_review_says_what_changed_since_the_approved_one(world):
    review = next_review(world, qms=3)
    said = text_of(page(world, subject=review))
    assert "Facts only on both sides: the ratings of Review 2 are not revealed yet." in said
    assert "Why the margin moved" in said and "The numbers as a table" in said
    assert "QMS program 0 3" in said
    assert "scores, gates" in said
    assert "blocks does not fire" in said  # the gate that shut the own site
    assert "own_" not in said and "first_lot" not in said and "in_house" not in said, "names, never keys"


def test_the_set_up_of_a_new_review_leads_there(world):
    review = next_review(world, qms=3)
    url = reverse("assessments:review_setup", args=[review.uuid])
    answer = client_of(world, "lead").get(url)
    assert "1 fact differs from those that Review 1 was approved on" in text_of(answer)
    assert reverse("assessments:review_changes", args=[review.uuid]) in answer.content.decode()


def test_what_moved_nothing_shows_on_demand_alone(world):
    review = next_review(world, regions=["us", "eu"])
    little = text_of(page(world, subject=review))
    assert "None of the 1 facts that differ moves a score, a gate or the risk." in little
    assert "1 row hidden: facts that differ" in little
    # Three criteria, of none of which a score or a weight moved.
    assert little.count("3 unchanged rows hidden.") == 2 and "hidden" not in text_of(
        page(world, subject=review, show="all")
    )
    everything = text_of(page(world, subject=review, show="all"))
    assert "Regions" in everything and "nothing" in everything


def test_prices_are_shown_to_those_who_may_see_them_alone(world):
    review = next_review(world)
    assert "Prices and terms are not shown to you." in text_of(page(world, role="rater", subject=review))
    assert "Prices and terms are not shown to you." not in text_of(page(world, role="lead", subject=review))


def test_nothing_approved_before_says_what_to_do(world):
    said = text_of(page(world))
    assert "Nothing was approved before" in said and "Choose another review, or facts as they were saved" in said


def test_a_program_with_one_thing_alone_says_what_comes(db):
    world = decided_world()
    said = text_of(page(world, role="viewer", name="program_changes", subject=world.program))
    assert "Nothing to compare yet" in said and "To the program" in said


def test_facts_saved_after_the_decision_are_held_against_it_by_default(world):
    document = sample.profile() | {"assessment_date": "2026-01-15", "qms": 4}
    programs.import_revision(member=member(world, "lead"), program=world.program, document=document, summary="Later")
    answer = page(world, name="program_changes", subject=world.program)
    said = text_of(answer)
    assert "Why the margin moved" in said and "Nothing was approved before" not in said
    assert "the judgement of Review 1 is carried over to Revision 2, which holds no ratings." in said
    (_, _, _, base), (_, _, _, target) = answer.context["chooses"]
    assert base == str(world.review.uuid) and target != base
    # The tab of the decision itself, before which nothing was approved, leads there.
    tab = page(world)
    assert "Facts were saved since this decision" in text_of(tab)
    assert reverse("assessments:program_changes", args=[world.program.uuid]) in tab.content.decode()


def later_facts(world, **changed):
    document = sample.profile() | {"assessment_date": "2026-01-15", "qms": 0, "potency": "none"} | changed
    return programs.import_revision(member=member(world, "lead"), program=world.program, document=document, summary="L")


def test_whichever_side_is_chosen_first_the_page_reads_from_the_earlier_to_the_later(world):
    later = later_facts(world, qms=4)
    for name, subject, query in (
        ("review_changes", world.review, {"against": later.uuid}),
        ("program_changes", world.program, {"against": later.uuid, "target": world.review.uuid}),
        ("program_changes", world.program, {"against": world.review.uuid, "target": later.uuid}),
    ):
        answer = page(world, name=name, subject=subject, **query)
        found = answer.context["found"]
        assert (found.before.name, found.after.name) == ("Review 1", "Revision 2")
        said = text_of(answer)
        assert "QMS program 0 4" in said and ", the earlier, to Revision 2 (" in said
        assert ("chosen the other way round" in said) == (query["against"] == later.uuid)


def test_a_reader_chooses_the_pair_and_every_other_choice_stays(world):
    review = next_review(world, qms=3)
    usual = page(world, subject=review)
    assert "These two because" in text_of(usual)
    chosen = {"against": world.revision.uuid, "option": "own", "over": "a", "show": "all"}
    answer = page(world, subject=review, **chosen)
    assert answer.context["found"].shift["pair"] == ["own", "a"] != usual.context["found"].shift["pair"]
    said = text_of(answer)
    assert "These two because" not in said
    assert "Own is blocked in Revision 1, whatever the points." in said, "a margin says nothing of gates"
    for _, _, url in answer.context["views"]:
        assert "option=own&over=a" in url and f"against={world.revision.uuid}" in url
    assert '<input type="hidden" name="show" value="all">' in answer.content.decode()


@pytest.mark.parametrize(
    ("option", "over", "says"),
    [
        ("own", "nowhere", "No such option is compared in Review 1 and Review 2."),
        ("own", "", "Choose both options of the pair, or neither."),
        ("own", "own", "Choose two different options."),
    ],
)
def test_a_pair_that_is_none_is_refused_and_the_default_shown(world, option, over, says):
    review = next_review(world, qms=3)
    url = reverse("assessments:review_changes", args=[review.uuid])
    answer = client_of(world, "lead").get(url, {"option": option, "over": over})
    assert answer.status_code == 400 and says in text_of(answer)
    assert answer.context["found"].shift["pair_by"] != "asked"


def test_the_page_of_a_program_compares_any_two(world):
    lead = member(world, "lead")
    document = sample.profile() | {"assessment_date": "2026-01-15", "qms": 4}
    later = programs.import_revision(member=lead, program=world.program, document=document, summary="Later")
    query = {"against": str(world.revision.uuid), "target": str(later.uuid)}
    said = text_of(page(world, name="program_changes", subject=world.program, **query))
    assert "Revision 1" in said and "Revision 2" in said
    assert "Facts only on both sides: saved facts hold no ratings." in said
    same = {"against": str(later.uuid), "target": str(later.uuid)}
    assert "Both sides are the same" in text_of(page(world, name="program_changes", subject=world.program, **same))


@pytest.mark.parametrize("against", ["x", "7bd4a6d2-95cb-4b0e-9a22-0d2f4e0b6a11", "' OR 1=1"])
def test_what_is_not_there_answers_404(world, against):
    url = reverse("assessments:review_changes", args=[world.review.uuid])
    assert client_of(world, "lead").get(url, {"against": against}).status_code == 404


def queries_of(world, review):
    client = client_of(world, "lead")
    url = reverse("assessments:review_changes", args=[review.uuid])
    client.get(url)
    with CaptureQueriesContext(connection) as counted:
        assert client.get(url).status_code == 200
    return len(counted)


def test_queries_do_not_grow_with_the_history(world):
    review = next_review(world, qms=3)
    few = queries_of(world, review)
    lead = member(world, "lead")
    for qms in (1, 2, 3, 4, 3):
        document = sample.profile() | {"assessment_date": "2026-01-15", "qms": qms}
        programs.import_revision(member=lead, program=world.program, document=document, summary="Again")
    assert queries_of(world, review) == few <= 40


# -- recompute from the record --------------------------------------------------------------------------------------


def test_recompute_from_the_record_shows_its_outcome(world):
    url = reverse("assessments:submission_recompute", args=[world.review.uuid, 1])
    detail = reverse("assessments:submission_detail", args=[world.review.uuid, 1])
    client = client_of(world, "auditor")
    assert f'action="{url}"' in client.get(detail).content.decode()
    said = text_of(client.post(url))
    assert "Computed again from the record" in said and "the same bit for bit" in said
    viewer = client_of(world, "viewer")
    assert "Recompute from the record" not in text_of(viewer.get(detail))
    assert viewer.post(url).status_code == 403


def test_a_blocked_option_of_the_pair_is_said_to_be_blocked(world):
    """A margin says nothing of gates, so the words do."""
    from assessments.services import changes
    from assessments.views.changes import rows

    review = next_review(world)
    found = changes.compare(changes.side_of(world.review), changes.side_of(review), commercial=True)
    for card in found.cards:
        card["facts"]["options"][found.shift["pair"][0]]["blocked"] = True
    name = found.names[found.shift["pair"][0]]
    assert f"{name} is blocked in Review 1, whatever the points." in rows.shift_words(found)


def test_a_shift_that_goes_down_is_written_with_a_minus_and_not_with_a_hyphen(world):
    from assessments.services import changes
    from assessments.views.changes import rows

    found = changes.compare(changes.side_of(world.review), changes.side_of(next_review(world)), commercial=True)
    found.shift["shift"] = found.shift["groups"][0]["shift"] = -4.5
    said = " ".join(rows.shift_words(found))
    assert "The shift of −4.5 points is made up of " in said and " −4.5" in said and " -" not in said
