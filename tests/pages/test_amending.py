"""The page on which an approver changes a proposed decision: its choice, conditions and tripwires."""

import json

import pytest

from assessments.models import ProposedDecision
from tests.pages.test_approval import address, client_of, hidden, text_of
from tests.services.decided import BLOCKED, FIRST, OTHER, decided_world
from tests.services.test_signing import amend, functional_signed
from tests.services.test_submissions import submit
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
    assert stale.status_code == 409 and "amended meanwhile" in text_of(stale)
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
