"""The page on which an approver changes a proposed decision: its choice, conditions and tripwires."""

import json

import pytest

from accounts.models import AuditEvent
from assessments.models import ProposedDecision
from tests.pages.test_approval import address, client_of, errors_of, hidden, text_of
from tests.services.decided import BLOCKED, FIRST, OTHER, decided_world, submit
from tests.services.test_signing import amend, functional_signed
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def signed_world():
    world = decided_world()
    world.more["submission"] = submit(world)
    functional_signed(world)
    return world


begun, world = shared(signed_world)


def test_amending_from_the_page(world):
    client = client_of(world, "approver")
    url = address(world, "review_amend")
    page = client.get(url)
    given = {
        "number": hidden(page, "number"),
        "choice": f"alternative:{BLOCKED}",
        "justification": "We take the sister plant over.",
    }
    refused = client.post(url, given)
    assert refused.status_code == 422 and "blocks Own" in text_of(refused)
    given |= {
        "override-G1": "Its quality system comes along.",
        "new_title": "Sign the transfer",
        "new_owner": world.people["lead"].uuid,
        "new_due": 2,
    }
    answer = client.post(url, given, follow=True)
    said = text_of(answer)
    assert "Sets aside Quality (G1). Its quality system comes along." in said and "Sign the transfer" in said
    stale = client.post(url, given | {"new_title": "", "new_owner": "", "new_due": ""})
    assert stale.status_code == 409 and "You amended it yourself already" in text_of(stale)
    assert "amended meanwhile" not in text_of(stale)
    assert ProposedDecision.objects.count() == 2
    assert "We take the sister plant over." in text_of(stale) and hidden(stale, "number") == "2"


def test_an_amendment_from_the_page_adds_a_tripwire_and_drops_an_advised_condition_and_keeps_what_was_typed(world):
    lead = world.people["lead"]
    amend(world, conditions=[{"title": "Second source", "owner": lead, "due_month": 12}])
    advised = world.review.conditions.get(title="Second source")
    demanded = world.review.conditions.get(mandatory=True)
    client, url = client_of(world, "approver"), address(world, "review_amend")
    page = client.get(url)
    assert f"gone-{advised.key}" in page.content.decode() and f"gone-{demanded.key}" not in page.content.decode()
    given = {
        "number": hidden(page, "number"), "choice": f"alternative:{OTHER}", "justification": "The partner has a slot.",
        f"owner-{demanded.key}": demanded.owner.uuid, f"due-{demanded.key}": 6,
        f"owner-{advised.key}": lead.uuid, f"due-{advised.key}": 12, f"gone-{demanded.key}": "on",
        "new_wire-fact": f"{FIRST}/wait", "new_wire-comparison": "gt", "new_wire-threshold": "many",
    }  # fmt: skip
    more = {"new_title": "second source", "new_owner": lead.uuid, "new_due": 3}
    for wrong, said in ((more, "listed already"), ({}, "is a number")):
        answer = client.post(url, given | wrong)
        assert answer.status_code == 422 and said in text_of(answer)
        assert 'value="many"' in answer.content.decode() and "The partner has a slot." in text_of(answer)
    assert world.review.conditions.count() == 2 and not world.review.tripwires.exists()
    assert "Choose the fact" in text_of(client.post(url, given | {"new_wire-fact": ""}))
    answer = client.post(url, given | {"new_wire-threshold": "14", f"gone-{advised.key}": "on"}, follow=True)
    assert answer.status_code == 200 and "is above 14" in text_of(answer)
    held = json.loads(ProposedDecision.objects.get(number=3).record)
    assert [row["title"] for row in held["conditions"]] == ["Potency assay"]
    assert [(wire["field"], wire["threshold"]) for wire in held["tripwires"]] == [("wait", 14)]


def beside(answer, field):
    """What is said beside a field of the new tripwire."""
    return errors_of(answer, f"id_new_wire-{field}").strip()


def test_a_fact_with_choices_is_asked_and_refused_in_their_words_and_taken_in_them_or_by_key(world):
    """The facts say that there is no potency assay: it would end the decision at once if it were to be none."""
    client, url = client_of(world, "approver"), address(world, "review_amend")
    page = client.get(url)
    assert "Potency (None / Qualified)" in text_of(page)
    given = {
        "number": hidden(page, "number"), "choice": f"alternative:{OTHER}", "justification": "The partner has a slot.",
        "new_wire-fact": "/potency", "new_wire-comparison": "lt", "new_wire-threshold": "many",
    }  # fmt: skip
    answer = client.post(url, given)
    assert beside(answer, "threshold") == "Potency is one of None, Qualified."
    assert beside(answer, "comparison") == "Potency is compared by “is” or “is not”: its values have no size."
    given |= {"new_wire-comparison": "eq"}
    answer = client.post(url, given | {"new_wire-threshold": "none"})
    assert beside(answer, "threshold").startswith("The facts cross this already (now None)")
    assert beside(client.post(url, given | {"new_wire-threshold": "Qualifed"}), "threshold").endswith(
        "Did you mean 'Qualified'?"
    )
    for number, (typed, said) in enumerate((("qualified", "is Qualified"), (" QUALIFIED ", "is Qualified")), 2):
        answer = client.post(url, given | {"number": number - 1, "new_wire-threshold": typed}, follow=True)
        assert f"Potency {said}" in text_of(answer)
        assert (
            json.loads(ProposedDecision.objects.get(number=number).record)["tripwires"][0]["threshold"] == "qualified"
        )
        row = world.review.tripwires.get()
        assert f'name="wire-{row.key}" value="Qualified"' in client.get(url).content.decode()
        given |= {f"wire-{row.key}": "Qualified", f"off-{row.key}": "on", "justification": "It is the same again."}


def test_all_that_is_wrong_with_an_amendment_is_said_at_once_beside_its_fields(world):
    """What the form finds, and what the services find: of the decision, its conditions and its tripwires."""
    client, url = client_of(world, "approver"), address(world, "review_amend")
    demanded = world.review.conditions.get(mandatory=True)
    given = {
        "number": 1, "choice": f"alternative:{BLOCKED}", "justification": "",
        f"owner-{demanded.key}": "", f"due-{demanded.key}": 6,
        "new_title": demanded.title.upper(), "new_owner": demanded.owner.uuid, "new_due": 3,
        "new_wire-fact": f"{FIRST}/wait", "new_wire-comparison": "gt", "new_wire-threshold": "many",
        "new_wire-by_month": 300,
    }  # fmt: skip
    before = AuditEvent.objects.count()
    answer = client.post(url, given)
    assert answer.status_code == 422 and "Fill in “Why" in errors_of(answer, "id_justification")
    assert "blocks Own: give the reason" in errors_of(answer, "id_override-G1")
    assert "Choose an active person" in errors_of(answer, f"id_owner-{demanded.key}")
    assert "listed already" in errors_of(answer, "id_new_title")
    assert "is a number of months" in beside(answer, "threshold") and "120" in beside(answer, "by_month")
    assert answer.content.decode().count('class="errors"') == 6 and "notice error" not in answer.content.decode()
    assert ProposedDecision.objects.count() == 1 and AuditEvent.objects.count() == before
    assert not world.review.tripwires.exists()


def test_what_was_refused_is_not_said_to_change_nothing(world):
    """All else stays as it is: the condition that cannot be read is the change."""
    client, url = client_of(world, "approver"), address(world, "review_amend")
    page, stands, demanded = client.get(url), ProposedDecision.objects.get(), world.review.conditions.get()
    given = {
        "number": hidden(page, "number"), "choice": f"{stands.kind}:{stands.option.key}",
        "justification": stands.justification,
        f"owner-{demanded.key}": demanded.owner.uuid, f"due-{demanded.key}": demanded.due_month,
    }  # fmt: skip
    new = {"new_title": "Second source " * 30, "new_owner": demanded.owner.uuid, "new_due": 3}
    refused = client.post(url, given | new)
    assert refused.status_code == 422 and "it takes at most 250." in errors_of(refused, "id_new_title")
    assert "Say what has to be done" not in errors_of(refused, "id_new_title")
    assert "nothing would change" not in text_of(refused)
    for alone in ({"new_due": 0}, {"new_because": "It is late."}, {"new_owner": demanded.owner.uuid}):
        refused = client.post(url, given | alone)
        assert "Say what has to be done" in errors_of(refused, "id_new_title")
        assert "nothing would change" not in text_of(refused)
    assert "nothing would change" in text_of(client.post(url, given))


def test_who_looked_at_a_former_proposal_is_told_so_and_of_nothing_that_was_not_asked(world):
    """The later one brought a condition and a tripwire, for which the page before had no fields."""
    client, url = client_of(world, "approver"), address(world, "review_amend")
    given = {
        name: value
        for name, value in client.get(url).context["form"].initial.items()
        if name in ("number", "choice", "justification")
    }
    given["justification"] = "Mine."
    wire = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 9}
    lead = world.people["lead"]
    amend(world, conditions=[{"title": "Second source", "owner": lead, "due_month": 12}], tripwires=[wire])
    before = AuditEvent.objects.count()
    stale = client.post(url, given)
    said = text_of(stale)
    assert stale.status_code == 409 and "amended meanwhile" in said and "Mine." in said
    assert 'class="errors"' not in stale.content.decode() and hidden(stale, "number") == "2"
    assert ProposedDecision.objects.count() == 2 and AuditEvent.objects.count() == before
