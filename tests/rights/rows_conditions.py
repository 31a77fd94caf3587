"""Conditions of decisions that stand, their evidence, tripwires and the watch."""

from functools import partial

from assessments.models import Condition, ConditionEvidence, Evidence, Tripwire
from tests.rights.rows import Row, signed_in, with_token
from tests.rights.rows_api import of_review as api_review
from tests.rights.rows_api import of_the_review, on_record, on_the_review
from tests.rights.rows_approval import LEADS, of_review, seen_before_approval, seen_in_approval, seen_on_record
from tests.support.results import compute

Row_ = partial(Row, token=True)
MOVERS = {"rater": 302, "lead": 302, "admin": 302}


def condition(world):
    """A condition of the approved review that the rater owns."""
    return Condition.objects.create(
        organization=world.program.organization,
        review=world.review,
        key="advised-audit",
        title="Audit the partner",
        owner=world.people["rater"],
        due_month=6,
    )


def of_condition(world):
    return {"uuid": condition(world).uuid}


def of_evidence(world):
    here = {"organization": world.program.organization}
    kept = Evidence.objects.create(
        program=world.program, kind="link", title="Audit", url=link["url"], uploaded_by=world.people["rater"], **here
    )
    ConditionEvidence.objects.create(condition=condition(world), evidence=kept, added_by=world.people["rater"], **here)
    return {"uuid": kept.uuid}


def api_evidence(world):
    return {"id": of_evidence(world)["uuid"]}


def api_condition(world):
    return {"id": condition(world).uuid}


def tripwire(world):
    return Tripwire.objects.create(
        organization=world.program.organization,
        review=world.review,
        key="wait-abc",
        option_key="a",
        field="wait",
        comparison="gt",
        threshold=9,
    )


def of_tripwire(world):
    return of_review(world) | {"key": tripwire(world).key}


def new_wire(world):
    compute(world.review)
    return {"prefix": "new", "new-fact": "a/wait", "new-comparison": "gt", "new-threshold": "9"}


def taken_over(world):
    return {"owner": str(world.people["viewer"].uuid), "reason": "She runs the audits.", "version": 1}


moved = {"state": "in_progress", "version": 1, "note": ""}
link = {"url": "https://example.org/audit"}
why = {"reason": "Another partner's."}
nothing = {"uuid": "00000000-0000-4000-8000-000000000000"}

TABLE = {
    "assessments:conditions": [
        Row("GET", signed_in(200), state="approved"),
        Row("POST", signed_in(405)),
    ],
    "assessments:conditions_export": [
        Row("GET", signed_in(200), state="approved"),
        Row("POST", signed_in(405)),
    ],
    "assessments:condition_detail": [
        Row("GET", seen_on_record(200), kwargs=of_condition, state="approved"),
        Row("GET", signed_in(404), kwargs=of_condition, state="in_approval"),
        Row("POST", seen_on_record(403) | MOVERS, kwargs=of_condition, data=lambda world: moved, state="approved"),
        Row("POST", signed_in(404), kwargs=of_condition, data=lambda world: moved, state="superseded"),
    ],
    "assessments:condition_hand_over": [
        Row("GET", seen_on_record(302), kwargs=of_condition, state="approved"),
        Row("POST", seen_on_record(403) | MOVERS, kwargs=of_condition, data=taken_over, state="approved"),
        Row("POST", signed_in(404), kwargs=of_condition, data=taken_over, state="superseded"),
    ],
    "assessments:evidence_attach": [
        Row("GET", seen_on_record(302), kwargs=of_condition, state="approved"),
        Row("POST", seen_on_record(403) | MOVERS, kwargs=of_condition, data=lambda world: link, state="approved"),
        Row("POST", signed_in(404), kwargs=of_condition, data=lambda world: link, state="in_approval"),
    ],
    "assessments:evidence_remove": [
        Row("GET", seen_on_record(302), kwargs=of_evidence, state="approved"),
        Row("POST", seen_on_record(403) | MOVERS, kwargs=of_evidence, data=lambda world: why, state="approved"),
    ],
    "assessments:evidence_file": [
        Row("GET", signed_in(404), kwargs=lambda world: nothing),
        Row("POST", signed_in(405), kwargs=lambda world: nothing),
    ],
    "assessments:tripwire_set": [
        Row("GET", seen_before_approval(302), kwargs=of_review),
        Row("POST", LEADS | {"lead": 302}, kwargs=of_review, data=new_wire, state="reconciling"),
        Row("POST", seen_in_approval(403, lead=409), kwargs=of_review, data=new_wire, state="in_approval"),
        Row("POST", seen_on_record(403, lead=409), kwargs=of_review, data=new_wire, state="approved"),
    ],
    "assessments:tripwire_drop": [
        Row("GET", seen_before_approval(302), kwargs=of_tripwire),
        Row(
            "POST",
            LEADS | {"lead": 302},
            kwargs=of_tripwire,
            data=lambda world: {"version": 1},
            state="reconciling",
        ),
        Row("POST", seen_in_approval(409), kwargs=of_tripwire, data=lambda world: {"version": 1}, state="in_approval"),
    ],
    "api:standing_conditions": [Row_("GET", with_token(200), state="approved"), Row_("POST", with_token(405))],
    "api:condition_state": [
        Row_("GET", with_token(405), kwargs=api_condition),
        Row_(
            "PUT",
            on_record | dict.fromkeys(("viewer", "assessor", "approver", "auditor"), 403),
            kwargs=api_condition,
            data=lambda world: {"state": "done", "note": "Audited, two minor findings."},
            headers=lambda world: {"If-Match": '"1"'},
            state="approved",
        ),
    ],
    "api:condition_evidence": [
        Row_("GET", on_record, kwargs=api_condition, state="approved"),
        Row_("GET", with_token(404), kwargs=api_condition, state="in_approval"),
        Row_(
            "POST",
            on_record
            | {"rater": 201, "lead": 201, "admin": 201}
            | dict.fromkeys(("viewer", "assessor", "approver", "auditor"), 403),
            kwargs=api_condition,
            data=lambda world: link,
            state="approved",
        ),
    ],
    "api:evidence_removal": [
        Row_("GET", with_token(405), kwargs=api_evidence),
        Row_(
            "POST",
            on_record | dict.fromkeys(("viewer", "assessor", "approver", "auditor"), 403),
            kwargs=api_evidence,
            data=lambda world: why,
            state="approved",
        ),
    ],
    "api:evidence_file": [
        Row_("GET", with_token(404), kwargs=lambda world: {"id": nothing["uuid"]}),
        Row_("POST", with_token(405), kwargs=lambda world: {"id": nothing["uuid"]}),
    ],
    "api:condition_owner": [
        Row_("GET", with_token(405), kwargs=api_condition),
        Row_(
            "PUT",
            on_record | dict.fromkeys(("viewer", "assessor", "approver", "auditor"), 403),
            kwargs=api_condition,
            data=lambda world: {"owner": str(world.people["viewer"].uuid), "reason": "She runs the audits."},
            headers=lambda world: {"If-Match": '"1"'},
            state="approved",
        ),
    ],
    "api:tripwires": [
        Row_("GET", on_the_review, state="reconciling", **api_review),
        Row_("GET", on_record, state="approved", **api_review),
        Row_(
            "POST",
            of_the_review("lead", answer=201),
            data=lambda world: {"field": "wait", "option": "a", "comparison": "gt", "threshold": 9},
            state="reconciling",
            **api_review,
        ),
    ],
    "api:tripwire_detail": [
        Row_("GET", with_token(405), kwargs=lambda world: {"id": tripwire(world).uuid}),
        Row_(
            "DELETE",
            of_the_review("lead", answer=204),
            kwargs=lambda world: {"id": tripwire(world).uuid},
            headers=lambda world: {"If-Match": '"1"'},
            state="reconciling",
        ),
    ],
    "api:watch": [
        Row_("GET", on_record, state="approved", **api_review),
        Row_("GET", with_token(404), state="in_approval", **api_review),
        Row_("POST", with_token(405), **api_review),
    ],
}
