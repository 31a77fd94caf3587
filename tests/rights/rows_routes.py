"""Delegations, and steps that are reminded of or reassigned."""

from functools import partial

from assessments.services import delegations, routes
from tests.rights.rows import Row, only_with_token, signed_in, with_token
from tests.rights.rows_approval import seen_in_approval, seen_on_record

Row_ = partial(Row, token=True)


def of_step(world):
    return {"uuid": world.review.uuid, "key": "functional"}


def id_of_step(world):
    return {"id": world.review.submissions.first().steps.get(key="functional").uuid}


def days(world):
    today = routes.today_in(world.program.organization)
    return {"first_day": today, "last_day": today}


def given(world):
    """A delegation of the lead to the rater."""
    lead = world.people["lead"]
    return delegations.delegate(member=lead, giver=lead, taker=world.people["rater"], **days(world)).uuid


def to_viewer(world):
    return {"taker": str(world.people["viewer"].uuid)} | {name: str(day) for name, day in days(world).items()}


def takes_over(world):
    return {"place": "function:cmc", "person": str(world.people["viewer"].uuid), "reason": "CMC is away."}


MINE = signed_in(404, lead=302, rater=302, admin=302)
MINE_WITH_TOKEN = only_with_token("lead", "rater", "admin", refused=404)

TABLE = {
    "assessments:delegations": [
        Row("GET", signed_in(200)),
        # Nobody delegates to themselves, or to somebody of another organization.
        Row("POST", signed_in(302, nobody=403, viewer=422, stranger=422), data=to_viewer),
        Row("POST", signed_in(422)),
    ],
    "assessments:delegation_end": [
        Row("GET", MINE, kwargs=lambda world: {"uuid": given(world)}),
        Row("POST", MINE, kwargs=lambda world: {"uuid": given(world)}),
    ],
    "assessments:step_remind": [
        Row("GET", seen_in_approval(302), kwargs=of_step, state="in_approval"),
        Row("POST", signed_in(404), kwargs=of_step, state="reconciling"),
        Row("POST", seen_in_approval(403, lead=302), kwargs=of_step, state="in_approval"),
        Row("POST", seen_on_record(409), kwargs=of_step, state="approved"),
    ],
    "assessments:step_reassign": [
        Row("GET", seen_in_approval(302), kwargs=of_step, state="in_approval"),
        Row("POST", signed_in(404), kwargs=of_step, state="reconciling"),
        Row(
            "POST",
            seen_in_approval(403, lead=302, admin=302),
            kwargs=of_step,
            data=takes_over,
            state="in_approval",
        ),
        Row("POST", seen_in_approval(403, lead=422, admin=422), kwargs=of_step, state="in_approval"),
    ],
    "api:delegations": [
        Row_("GET", with_token(200)),
        Row_(
            "POST",
            with_token(201, nobody=403, viewer=400, stranger=400),
            data=to_viewer,
        ),
        Row_("DELETE", with_token(405)),
    ],
    "api:delegation_detail": [
        Row_("DELETE", MINE_WITH_TOKEN, kwargs=lambda world: {"id": given(world)}),
        Row_("GET", with_token(405), kwargs=lambda world: {"id": given(world)}),
    ],
    "api:step_remind": [
        Row_(
            "POST",
            only_with_token("lead") | {"nobody": 404, "auditor": 404},
            kwargs=id_of_step,
            state="in_approval",
        ),
        Row_("GET", with_token(405), kwargs=id_of_step, state="in_approval"),
    ],
    "api:step_reassign": [
        Row_(
            "POST",
            only_with_token("lead", "admin", answer=201) | {"nobody": 404, "auditor": 404},
            kwargs=id_of_step,
            data=takes_over,
            state="in_approval",
        ),
        Row_("GET", with_token(405), kwargs=id_of_step, state="in_approval"),
    ],
}
