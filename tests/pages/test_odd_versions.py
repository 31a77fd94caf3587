"""A page that sends a version which cannot be read, or which there never was, is told that, and nothing typed is lost."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from assessments.models import Review
from assessments.services import conditions
from tests.pages.test_approval import address, client_of, hidden, text_of, typed
from tests.services.decided import FIRST, decided_world, member
from tests.services.test_condition_states import approved_world, move
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
ODD = ("abc", "", "-1", "9" * 30)

begun, world = shared(approved_world)


@pytest.fixture
def row(world):
    return world.review.conditions.get()


def place(row, name="condition_detail"):
    return reverse(f"assessments:{name}", args=[row.uuid])


GIVEN = {"state": "done", "note": "Qualified, report Q-118."}


@pytest.mark.parametrize("version", ODD)
def test_a_version_of_a_condition_that_cannot_be_read_blames_nobody_and_the_next_try_is_taken(world, row, version):
    client = client_of(world, "rater")
    answer = client.post(place(row), GIVEN | {"version": version})
    said = text_of(answer)
    assert answer.status_code == 422 and "Which version this page showed could not be read" in said
    assert "meanwhile" not in said and "Qualified, report Q-118." in said and 'value="done"' in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.version) == ("open", 1)
    assert client.post(place(row), GIVEN | {"version": hidden(answer, "version")}).status_code == 302


def test_a_version_of_a_condition_that_never_was_is_named(world, row):
    client = client_of(world, "rater")
    answer = client.post(place(row), GIVEN | {"version": "999"})
    said = text_of(answer)
    assert (
        answer.status_code == 409 and "There is no version 999 of this condition: it is at version 1, and open." in said
    )
    assert "meanwhile" not in said and "Qualified, report Q-118." in said and hidden(answer, "version") == "1"
    given = {"owner": str(world.people["viewer"].uuid), "reason": "She runs the audits.", "version": "999"}
    answer = client.post(place(row, "condition_hand_over"), given)
    assert answer.status_code == 409 and "There is no version 999 of this condition" in text_of(answer)
    row.refresh_from_db()
    assert (row.state, row.version, row.owner) == ("open", 1, world.people["rater"])


def test_a_condition_that_somebody_else_changed_is_still_told_so(world, row):
    move(world, row, role="lead", state="in_progress", note="")
    answer = client_of(world, "rater").post(place(row), GIVEN | {"version": "1"})
    assert answer.status_code == 409 and "Somebody changed this condition meanwhile: it is in progress." in text_of(
        answer
    )


def test_a_condition_that_is_moved_or_handed_over_twice_by_one_person_is_so_once(world, row):
    client, given = client_of(world, "rater"), GIVEN | {"version": "1"}
    assert client.post(place(row), given).status_code == 302
    again = client.post(place(row), given, follow=True)
    assert "You set this condition to done already, on " in text_of(again) and "meanwhile" not in text_of(again)
    assert AuditEvent.objects.filter(action="condition.moved").count() == 1
    other = client.post(place(row), given | {"note": "Another report."})
    assert other.status_code == 409 and "Another report." in text_of(other)
    move(world, row, state="open", note="The report was withdrawn.", seen_version=2)
    given = {"owner": str(world.people["viewer"].uuid), "reason": "She runs the audits.", "version": "3"}
    assert client.post(place(row, "condition_hand_over"), given).status_code == 302
    again = client.post(place(row, "condition_hand_over"), given, follow=True)
    assert f"You handed this condition over to {world.people['viewer'].name} already, on " in text_of(again)
    assert AuditEvent.objects.filter(action="condition.handed_over").count() == 1
    # It is no longer theirs: another owner is refused as before.
    refused = client.post(place(row, "condition_hand_over"), given | {"owner": str(world.people["lead"].uuid)})
    assert refused.status_code == 403


class TestBeforeTheSubmission:
    @pytest.fixture
    def world(self, db):
        return decided_world()

    @pytest.mark.parametrize("version", [*ODD, "999"])
    def test_every_page_of_the_lead_names_the_version_and_goes_on(self, world, version):
        client = client_of(world, "lead")
        given = typed(world, client)
        answer = client.post(address(world, "review_submit"), given | {"version": version})
        self.blames_nobody(answer, version)
        assert hidden(answer, "version") == given["version"] and "The plant runs." in text_of(answer)
        (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
        owner = {f"{demand.key}-owner": str(world.people["rater"].uuid), f"{demand.key}-due_month": "6"}
        where = address(world, "condition_assign", key=demand.key)
        answer = client.post(where, owner | {f"{demand.key}-version": version})
        self.blames_nobody(answer, version)
        assert not world.review.conditions.exists()
        again = client.post(where, owner | {f"{demand.key}-version": hidden(answer, f"{demand.key}-version")})
        assert again.status_code == 302 and world.review.conditions.get().due_month == 6
        for name in ("condition_drop", "tripwire_drop"):
            if version != "999":
                self.blames_nobody(client.post(address(world, name, key="any"), {"version": version}), version)
        assert Review.objects.get(pk=world.review.pk).state == "reconciling"

    def blames_nobody(self, answer, version):
        said = text_of(answer)
        assert answer.status_code == (409 if version == "999" else 422), said
        assert (
            "There is no version 999 of" if version == "999" else "Which version this page showed could not be read"
        ) in said
        assert "meanwhile" not in said

    def test_a_clash_over_what_a_lead_prepares_says_both_values(self, world):
        lead = member(world, "lead")
        (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
        client = client_of(world, "lead")
        key = demand.key
        conditions.assign_condition(
            member=lead, review_id=world.review.pk, key=key, owner=world.people["rater"], due_month=6
        )
        where = address(world, "condition_assign", key=key)
        typed_now = {f"{key}-owner": str(world.people["viewer"].uuid), f"{key}-due_month": "9"}
        answer = client.post(where, typed_now | {f"{key}-version": "0"})
        said = text_of(answer)
        assert answer.status_code == 409 and "Somebody changed the condition “Potency assay” meanwhile." in said
        assert f"{world.people['rater'].name} sees to it by month 6" in said
        assert client.post(where, typed_now | {f"{key}-version": hidden(answer, f"{key}-version")}).status_code == 302
        assert world.review.conditions.get().due_month == 9
