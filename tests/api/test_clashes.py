"""A clash over what a lead or an admin prepares says what stands now and what was to stand, so that neither is lost."""

from assessments.models import CriteriaVersion, Rating
from tests.support.results import compute


def test_a_condition_and_a_tripwire_before_the_submission_clash_with_both_values(world, review_in, caller):
    review, lead = review_in("reconciling"), caller("lead")
    compute(review)
    rater, viewer = world.people["rater"], world.people["viewer"]
    place = f"reviews/{review.uuid}/conditions/"
    made = lead.post(place, {"title": "Second source", "owner": str(rater.uuid), "due_month": 6}).json()
    given = {"key": made["key"], "owner": str(viewer.uuid), "due_month": 9}
    assert lead("PUT", place, given | {"due_month": 7, "version": 1}).status_code == 200
    for seen, words in ((1, "Somebody changed"), (9, "There is no version 9 of")):
        late = lead("PUT", place, given | {"version": seen})
        body = late.json()
        assert (late.status_code, body["code"], body["version"]) == (409, "clash", 2)
        assert body["detail"].startswith(words)
        assert body["current"] == {"owner": {"id": str(viewer.uuid), "name": viewer.name}, "due_month": 7}
        assert body["attempted"] == {"owner": {"id": str(viewer.uuid), "name": viewer.name}, "due_month": 9}
    assert review.conditions.get(key=made["key"]).due_month == 7

    place = f"reviews/{review.uuid}/tripwires/"
    wire = {"field": "wait", "option": "a", "comparison": "gt", "threshold": 14}
    made = lead.post(place, wire).json()
    changed = {"key": made["key"], "threshold": 15, "because": "The slot moved.", "version": 1}
    assert lead.post(place, wire | changed).status_code == 201
    late = lead.post(place, wire | changed | {"threshold": 16, "owner": str(rater.uuid)})
    body = late.json()
    assert (late.status_code, body["code"], body["version"]) == (409, "clash", 2)
    assert (body["current"]["threshold"], body["current"]["because"], body["current"]["owner"]) == (
        15,
        "The slot moved.",
        None,
    )
    assert (body["attempted"]["threshold"], body["attempted"]["owner"]["name"]) == (16, rater.name)
    dropped = lead("DELETE", f"tripwires/{made['id']}/", {}, If_Match='"1"')
    assert dropped.status_code == 412 and dropped.json()["current"]["threshold"] == 15
    assert review.tripwires.get().threshold == 15


def test_a_draft_of_criteria_clashes_with_both_values(world, caller):
    place, admin = f"criteria-versions/{world.draft_version.uuid}/", caller("admin")
    refused = admin("POST", f"{place}publish/", {"reason": "It is time."}, If_Match='"7"')
    body = refused.json()
    assert (refused.status_code, body["code"], body["current"]["state"]) == (412, "clash", "draft")
    assert body["attempted"] == {"state": "published", "reason": "It is time."}
    assert CriteriaVersion.objects.get(pk=world.draft_version.pk).state == "draft"


def test_a_rating_on_a_version_that_never_was_or_cannot_be_read_blames_nobody(world, review_in, caller):
    review, rater = review_in("reconciling"), caller("rater")
    place = f"reviews/{review.uuid}/ratings/"
    held = Rating.objects.get(review=review, membership=world.people["rater"], criterion="first_lot", option__key="own")
    given = {"criterion": "first_lot", "option": "own", "score": 5}
    never = rater("PUT", place, {"ratings": [given | {"version": held.version + 8}]})
    body = never.json()
    assert (never.status_code, body["code"], body["version"]) == (409, "clash", held.version)
    words = f"There is no version {held.version + 8} of this rating: it is at version {held.version}."
    assert body["detail"].startswith(words) and "meanwhile" not in body["detail"]
    assert (body["current"]["score"], body["attempted"]["score"]) == (held.score, 5)
    for odd in ("abc", None, -1):
        unread = rater("PUT", place, {"ratings": [given | {"version": odd}]})
        assert unread.status_code == 400 and "meanwhile" not in unread.json()["detail"]
        assert unread.json()["problems"][0]["field"] == "ratings[0].version"
    late = rater("PUT", place, {"ratings": [given | {"version": held.version - 1}]})
    assert late.status_code == 409 and late.json()["detail"] == "You changed this rating elsewhere meanwhile."
    assert Rating.objects.get(pk=held.pk).score == held.score
