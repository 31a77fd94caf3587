"""The API: the rights of the pages, with tokens; a signature needs a grant of its person."""

from functools import partial

from assessments.models import Job
from tests.rights.rows import Row, only_with_token, signed_in, with_token
from tests.rights.world import document
from tests.scoring import sample

Row_ = partial(Row, token=True)
NEVER = with_token(405)
HERE = ("viewer", "assessor", "rater", "lead", "approver", "admin")  # an auditor sees only what is approved

of_program = {"kwargs": lambda world: {"id": world.program.uuid}}
of_revision = {"kwargs": lambda world: {"id": world.revision.uuid}}
of_review = {"kwargs": lambda world: {"id": world.review.uuid}}
of_draft = {"kwargs": lambda world: {"id": world.draft_version.uuid}}
of_version = {"kwargs": lambda world: {"id": world.version.uuid}}

everyone_here = only_with_token(*HERE, refused=404)
# Of an approved review auditors read too.
on_record = only_with_token(*HERE, "auditor", refused=404)
confidential = {"viewer": 403, "assessor": 403, "rater": 403}  # prices and terms stand in it
# Nobody asked an assessor without a function or a viewer to a review that is not in approval yet; the route of the
# criteria names approvers.
on_the_review = only_with_token("rater", "lead", "approver", "admin", refused=404)


def of_the_review(*roles, answer=200, **others):
    """An act on the review that only the named may do; who may not even see it gets 404."""
    return (
        on_the_review
        | {"rater": 403, "lead": 403, "approver": 403, "admin": 403}
        | dict.fromkeys(roles, answer)
        | others
    )


def on_person(world):
    return {"id": world.review.uuid, "person": world.people["rater"].uuid}


def cell(world, score=4):
    return {"criterion": "first_lot", "option": "own", "score": score, "version": 0}


def seen(world):
    return {"If-Match": f'"{world.review.version}"'}


def step_of(world):
    """The functional step that waits first."""
    return world.review.submissions.first().steps.order_by("position")[0]


def foreign(world):
    """An id of nothing of this kind."""
    return {"id": world.foreign_membership}


def job_of(world):
    return Job.objects.get(target=f"review:{world.review.pk}").uuid


TABLE = {
    "api:schema": [Row_("GET", with_token(200)), Row_("POST", NEVER)],
    "api:docs": [Row("GET", signed_in(200))],
    "api:me": [Row_("GET", with_token(200)), Row_("POST", NEVER), Row_("DELETE", NEVER)],
    "api:people": [Row_("GET", with_token(200)), Row_("POST", NEVER)],
    "api:portfolio": [Row_("GET", with_token(200)), Row_("POST", NEVER)],
    "api:programs": [
        Row_("GET", with_token(200)),
        Row_(
            "POST",
            only_with_token("admin", answer=201, stranger=400, nobody=400),
            data=lambda world: {
                "name": "MSC-2",
                "criteria_version": str(world.version.uuid),
                "lead": str(world.people["lead"].uuid),
            },
        ),
        Row_("PUT", NEVER),
        Row_("DELETE", NEVER),
    ],
    "api:program_detail": [Row_("GET", everyone_here, **of_program), Row_("DELETE", NEVER, **of_program)],
    "api:revisions": [
        Row_("GET", everyone_here, **of_program),
        Row_(
            "POST",
            only_with_token("lead", answer=201) | {"nobody": 404, "auditor": 404},
            data=lambda world: {
                "summary": "Same again",
                "document": sample.profile() | {"assessment_date": "2026-02-01"},
            },
            **of_program,
        ),
    ],
    "api:revision_detail": [Row_("GET", everyone_here, **of_revision), Row_("PATCH", NEVER, **of_revision)],
    "api:draft": [
        Row_("GET", everyone_here, **of_program),
        Row_(
            "PATCH",
            only_with_token("lead") | {"nobody": 404, "auditor": 404},
            data=lambda world: {"field": "need", "value": 15, "version": 0},
            **of_program,
        ),
        Row_("DELETE", NEVER, **of_program),
    ],
    "api:draft_options": [
        Row_(
            "POST",
            only_with_token("lead", answer=201) | {"nobody": 404, "auditor": 404},
            data=lambda world: {"kind": "cdmo", "name": "Partner Z"},
            **of_program,
        ),
        Row_("GET", NEVER, **of_program),
    ],
    "api:draft_option_detail": [
        Row_(
            method,
            only_with_token("lead", answer=400) | {"nobody": 404, "auditor": 404},
            data=lambda world: {},
            headers=lambda world: {"If-Match": '"1"'},
            kwargs=lambda world: {"id": world.program.uuid, "key": "no-such-option"},
        )
        for method in ("PATCH", "DELETE")
    ],
    "api:draft_re_anchor": [
        # The draft of this world has no month 0 yet: 409 for the one who may.
        Row_(
            "POST",
            only_with_token("lead", answer=409) | {"nobody": 404, "auditor": 404},
            data=lambda world: {"version": 1},
            **of_program,
        ),
    ],
    "api:program_scorecard": [Row_("GET", everyone_here, **of_program), Row_("POST", NEVER, **of_program)],
    "api:reviews": [
        Row_("GET", everyone_here, **of_program),
        Row_(
            "POST",
            only_with_token("lead", answer=409) | {"nobody": 404, "auditor": 404},
            data=lambda world: {"question": "Again?"},
            **of_program,
        ),
    ],
    "api:review_detail": [
        Row_("GET", on_the_review, state="draft", **of_review),
        Row_("GET", on_the_review, state="scoring", **of_review),
        Row_("GET", on_the_review, state="reconciling", **of_review),
        Row_(
            "PATCH",
            of_the_review("lead"),
            data=lambda world: {"question": "Where, then?"},
            headers=seen,
            **of_review,
        ),
        Row_("DELETE", NEVER, **of_review),
    ],
    "api:options": [
        Row_("GET", on_the_review, **of_review),
        Row_("PUT", of_the_review("lead"), data=lambda world: {"options": ["own", "a"]}, headers=seen, **of_review),
    ],
    "api:assignments": [Row_("GET", on_the_review, **of_review), Row_("POST", NEVER, **of_review)],
    "api:assignment_detail": [
        Row_("PUT", of_the_review("lead"), kwargs=on_person, data=lambda world: {"function": "cmc"}),
        Row_(
            "PATCH",
            of_the_review("rater"),
            kwargs=on_person,
            data=lambda world: {"state": "done"},
            state="scoring",
        ),
        Row_("DELETE", of_the_review("lead", answer=204), kwargs=on_person),
        Row_("GET", NEVER, kwargs=on_person),
    ],
    "api:ratings": [
        Row_("GET", on_the_review, state="scoring", **of_review),
        Row_("GET", on_the_review, state="reconciling", **of_review),
        Row_(
            "PUT",
            of_the_review("rater", answer=409),
            data=lambda world: {"ratings": [cell(world)]},
            state="scoring",
            **of_review,
        ),
        Row_(
            "PUT",
            of_the_review("rater", lead=409, approver=409, admin=409, rater=409),
            data=lambda world: {"ratings": [cell(world)]},
            state="draft",
            **of_review,
        ),
    ],
    "api:accept_suggestions": [Row_("POST", of_the_review("rater"), state="scoring", **of_review)],
    "api:agreed_values": [
        Row_("GET", on_the_review, state="reconciling", **of_review),
        Row_(
            "POST",
            of_the_review("lead", answer=201),
            data=lambda world: {"criterion": "first_lot", "option": "own", "value": 3.5, "note": "Agreed."},
            state="reconciling",
            **of_review,
        ),
    ],
    "api:agreed_value_detail": [
        Row_("GET", with_token(404), kwargs=lambda world: {"id": world.foreign_membership}),
        Row_("PUT", with_token(404), kwargs=lambda world: {"id": world.foreign_membership}),
        Row_("DELETE", with_token(404), kwargs=lambda world: {"id": world.foreign_membership}),
    ],
    "api:review_scorecard": [
        Row_("GET", on_the_review, state="scoring", **of_review),
        Row_("GET", on_the_review, state="reconciling", **of_review),
    ],
    "api:transitions": [
        Row_("POST", of_the_review("lead"), data=lambda world: {"action": "start"}, **of_review),
        Row_("POST", of_the_review("lead"), data=lambda world: {"action": "reveal"}, state="scoring", **of_review),
        Row_(
            "POST",
            of_the_review("lead"),
            data=lambda world: {"action": "withdraw", "reason": "No longer needed."},
            state="reconciling",
            **of_review,
        ),
        Row_(
            "POST",
            of_the_review(rater=409, lead=409, approver=409, admin=409),
            data=lambda world: {"action": "start"},
            state="scoring",
            **of_review,
        ),
        # Named by their functions, but without the grant of a re-authentication: no token signs.
        Row_(
            "POST",
            everyone_here | dict.fromkeys(HERE, 403),
            data=lambda world: {"action": "sign", "step": str(step_of(world).uuid), "meaning": "reviewed"},
            state="in_approval",
            **of_review,
        ),
        # A function sends back, or asks; only the approver of an open executive step ends the review for good.
        *(
            Row_(
                "POST",
                everyone_here | dict.fromkeys(HERE, 403) | dict.fromkeys(functions_may, 200),
                data=lambda world, action=action, field=field: {"action": action, field: "The slot moved."},
                state="in_approval",
                **of_review,
            )
            for action, field, functions_may in (
                ("return", "reason", ("rater", "lead")),
                ("question", "question", ("rater", "lead")),
                ("reject", "reason", ()),
            )
        ),
        Row_(
            "POST",
            everyone_here | dict.fromkeys(HERE, 403),
            data=lambda world: {"action": "amend", "kind": "not_yet", "justification": "Wait."},
            state="in_approval",
            **of_review,
        ),
        Row_(
            "POST",
            of_the_review(lead=409),  # no result yet
            data=lambda world: {"action": "submit", "kind": "not_yet", "justification": "Wait."},
            state="reconciling",
            **of_review,
        ),
        Row_("GET", NEVER, **of_review),
    ],
    "api:submissions": [
        Row_("GET", everyone_here, state="in_approval", **of_review),
        Row_("GET", on_record, state="approved", **of_review),
        Row_("POST", NEVER, state="approved", **of_review),
    ],
    "api:submission_record": [
        Row_(
            "GET",
            everyone_here | confidential,
            kwargs=lambda world: {"id": world.review.submissions.first().uuid},
            state="in_approval",
        ),
        Row_(
            "GET",
            on_record | confidential,
            kwargs=lambda world: {"id": world.review.submissions.first().uuid},
            state="approved",
        ),
    ],
    "api:submission_recompute": [
        Row_(
            "POST",
            everyone_here | confidential,
            kwargs=lambda world: {"id": world.review.submissions.first().uuid},
            state="in_approval",
        ),
        Row_(
            "POST",
            on_record | confidential,
            kwargs=lambda world: {"id": world.review.submissions.first().uuid},
            state="approved",
        ),
        Row_("GET", NEVER, kwargs=lambda world: {"id": world.review.submissions.first().uuid}, state="approved"),
    ],
    "api:conditions": [
        Row_("GET", on_the_review, state="scoring", **of_review),
        Row_("GET", on_record, state="approved", **of_review),
        Row_(
            "POST",
            of_the_review(lead=409),  # no result yet, whose conditions they would stand beside
            data=lambda world: {"title": "Audit it", "owner": str(world.people["lead"].uuid), "due_month": 3},
            state="reconciling",
            **of_review,
        ),
        Row_(
            "PUT",
            of_the_review(lead=409),
            data=lambda world: {"key": "g", "owner": str(world.people["lead"].uuid), "due_month": 3, "version": 0},
            state="reconciling",
            **of_review,
        ),
    ],
    "api:condition_detail": [Row_("DELETE", with_token(404), kwargs=foreign), Row_("GET", NEVER, kwargs=foreign)],
    "api:reports": [
        Row_("GET", on_the_review, state="reconciling", **of_review),
        Row_("POST", of_the_review(rater=403, lead=403, admin=403), state="scoring", **of_review),
        Row_("POST", everyone_here | dict.fromkeys(HERE, 202), state="in_approval", **of_review),
    ],
    "api:report_detail": [Row_("GET", with_token(404), kwargs=foreign), Row_("PUT", NEVER, kwargs=foreign)],
    "api:report_file": [Row_("GET", with_token(404), kwargs=foreign), Row_("PUT", NEVER, kwargs=foreign)],
    "api:criteria_sets": [Row_("GET", with_token(200)), Row_("POST", NEVER)],
    "api:criteria_versions": [
        Row_("GET", with_token(200)),
        Row_(
            "POST",
            only_with_token("admin", answer=201, stranger=201),
            data=lambda world: {"document": document()},
        ),
    ],
    "api:criteria_version_detail": [
        Row_("GET", with_token(200, stranger=404, nobody=404), **of_version),
        Row_("GET", only_with_token("admin", refused=404), **of_draft),
        Row_(
            "DELETE",
            only_with_token("admin", answer=204, refused=404),
            headers=lambda world: {"If-Match": f'"{world.draft_version.version}"'},
            **of_draft,
        ),
    ],
    "api:criteria_document": [
        Row_("GET", with_token(200, stranger=404, nobody=404), **of_version),
        Row_("GET", only_with_token("admin", refused=404), **of_draft),
    ],
    "api:criteria_weights": [
        Row_(
            "POST",
            only_with_token("admin", refused=404),
            data=lambda world: {"answers": {"cmc": {"method": "direct", "given": {"time": 60, "money": 40}}}},
            **of_draft,
        ),
        Row_(
            "POST",
            only_with_token("admin", answer=409, nobody=404),
            data=lambda world: {"answers": {"cmc": {"method": "direct", "given": {"time": 60, "money": 40}}}},
            **of_version,
        ),
    ],
    "api:publish_criteria": [
        Row_(
            "POST",
            only_with_token("admin", refused=404),
            data=lambda world: {"reason": "Better rules."},
            **of_draft,
        )
    ],
    "api:retire_criteria": [
        Row_("POST", only_with_token("admin", nobody=404), data=lambda world: {"reason": "Replaced."}, **of_version)
    ],
    "api:audit_events": [
        Row_("GET", only_with_token("admin", "approver", "auditor", stranger=200)),
        Row_("POST", NEVER),
    ],
    "api:job_detail": [
        Row_("GET", on_the_review, kwargs=lambda world: {"id": job_of(world)}),
        Row_("GET", of_the_review(), state="scoring", kwargs=lambda world: {"id": job_of(world)}),
    ],
}
