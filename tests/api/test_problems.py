"""Every error is problem details with the request's id, and says nothing that its reader may not know."""

import re
import uuid

import pytest
from django.db import OperationalError
from django.test import Client

from assessments.api import me
from assessments.errors import Clash, GrantRefused, Invalid, Missing, Refusal, ResultPending, ReviewClosed
from tests.api.conftest import Caller, token_of


def check(answer, status, code):
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:makewhere:problem:{code}"
    assert body["title"] and body["detail"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert isinstance(body["problems"], list)
    return body


def test_half_a_surrogate_pair_is_told_back_escaped(world, caller):
    """JSON can spell it and UTF-8 cannot: the answer that names it must be sent all the same."""
    headers = {"Authorization": f"Bearer {caller('admin').secret}"}
    for body in ('{"\\ud800": 1}', '{"name": "A", "lead": "\\ud800", "restricted": false}'):
        answer = Client().post("/api/v1/programs/", body, content_type="application/json", headers=headers)
        assert answer.status_code == 400 and answer.json()["problems"], answer.content
    answer = Client().post("/api/v1/programs/", '{"\\ud800": 1}', content_type="application/json", headers=headers)
    assert check(answer, 400, "invalid")["problems"][0]["field"] == "\ud800"


def test_unknown_addresses_and_ids_look_alike(world, caller):
    lead = caller("lead")
    nowhere = check(lead.get("nothing-here/"), 404, "not_found")
    foreign = check(caller("stranger").get(f"programs/{world.program.uuid}/"), 404, "not_found")
    random = check(caller("stranger").get(f"programs/{uuid.uuid4()}/"), 404, "not_found")
    for body in (nowhere, foreign, random):
        body.pop("instance"), body.pop("request_id")
    assert nowhere == foreign == random
    check(lead.get("programs/7/"), 404, "not_found")


def test_wrong_methods_bodies_and_media_types(world, caller):
    lead = caller("lead")
    answer = lead("DELETE", "programs/", {})
    check(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    check(lead("OPTIONS", "programs/"), 405, "method_not_allowed")
    headers = {"Authorization": f"Bearer {lead.secret}"}
    path = f"/api/v1/programs/{world.program.uuid}/reviews/"
    check(Client().post(path, "{", content_type="application/json", headers=headers), 400, "parse_error")
    check(Client().post(path, "NaN", content_type="application/json", headers=headers), 400, "parse_error")
    check(Client().post(path, "[" * 100_000, content_type="application/json", headers=headers), 400, "parse_error")
    check(Client().post(path, {"question": "Where?"}, headers=headers), 415, "unsupported_media_type")
    check(lead.get("programs/", Accept="image/png"), 406, "not_acceptable")


def test_each_wrong_field_is_named(world, caller):
    body = check(
        caller("admin").post("programs/", {"name": 7, "lead": "x", "restricted": "yes", "state": "approved"}),
        400,
        "invalid",
    )
    assert {one["field"] for one in body["problems"]} == {"state"}  # unknown fields are refused before the rest is read
    body = check(caller("admin").post("programs/", {"name": 7, "lead": "x", "restricted": "yes"}), 400, "invalid")
    assert {one["field"] for one in body["problems"]} == {"name", "lead", "restricted", "criteria_version"}
    for wrong in ("[]", "null", '"text"', "3"):
        check(caller("admin")("POST", "programs/", wrong), 400, "invalid")


def test_an_entry_of_a_list_is_named_by_its_place(world, review_in, caller):
    review = review_in("scoring")
    entry = {"criterion": "first_lot", "option": "own", "score": 3, "version": 1}
    answer = caller("rater")("PUT", f"reviews/{review.uuid}/ratings/", {"ratings": [entry, entry | {"score": 6}]})
    assert [one["field"] for one in check(answer, 400, "invalid")["problems"]] == ["ratings[1].score"]


def raising(problem):
    def get(self, request):
        raise problem

    return get


@pytest.mark.parametrize(
    "problem, status, code",
    [
        (Refusal("No."), 409, "refused"),
        (ReviewClosed("Closed."), 409, "review_closed"),
        (Clash("Clash.", current=1, attempted=2, version=3), 409, "clash"),
        (Missing("Missing.", [{"what": "facts", "message": "None."}]), 409, "missing"),
        (ResultPending("Wait."), 409, "result_pending"),
        (Invalid([{"field": "score", "option": "own", "value": 9, "message": "Too high."}]), 400, "invalid"),
        (GrantRefused("Used."), 403, "grant_refused"),
        (OperationalError("server closed the connection"), 503, "busy"),
    ],
)
def test_refusals_of_services_become_problems(world, caller, monkeypatch, problem, status, code):
    monkeypatch.setattr(me.Me, "get", raising(problem))
    answer = caller("lead").get("me/")
    body = check(answer, status, code)
    assert "connection" not in body["detail"]
    if code in ("result_pending", "busy"):
        assert int(answer.headers["Retry-After"]) > 0
    if code == "clash":
        assert (body["current"], body["attempted"], body["version"]) == (1, 2, 3)
    if code == "invalid":
        assert body["problems"] == [{"field": "score", "option": "own", "value": 9, "message": "Too high."}]
    if code == "missing":
        assert body["problems"][0]["field"] == "facts"


def test_what_nobody_foresaw_says_an_id_and_nothing_else(world, monkeypatch):
    monkeypatch.setattr(me.Me, "get", raising(RuntimeError("the secret of the house")))
    answer = Caller(token_of(world.people["lead"])).get("me/")
    body = check(answer, 500, "server_error")
    assert "secret" not in answer.content.decode()
    assert re.fullmatch(r"[0-9a-f-]{36}", body["request_id"])


@pytest.mark.parametrize("given", ["a b", "x" * 65, "line\nbreak", "<script>", ""])
def test_a_strange_request_id_is_replaced(client, given):
    answer = client.get("/api/v1/me/", headers={"X-Request-ID": given.replace("\n", "%0A")})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Request-ID"])


def test_pages_keep_their_own_errors(client, db):
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_a_text_with_what_nobody_sees_is_refused_at_its_field(review_in, caller):
    review, lead = review_in("reconciling"), caller("lead")
    body = {"action": "submit", "kind": "not_yet", "justification": "Do \u202eton buy.", "reason": "QA is short."}
    for given, field in (
        (body, "justification"),
        (body | {"justification": "Wait.", "reason": "Q\u200bA"}, "reason"),
        (body | {"justification": "Wait.", "overrides": {"G01": "\u2066Fine."}}, "overrides.G01"),
    ):
        answer = lead.post(f"reviews/{review.uuid}/transitions/", given)
        assert answer.status_code == 400
        assert [one["field"] for one in answer.json()["problems"]] == [field]
        assert "that nobody sees" in answer.json()["problems"][0]["message"]
