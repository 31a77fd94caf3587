"""The result of a review and of a program, and how open pages learn that it moved."""

from tests.rights.rows import SIGN_IN, Row, only, same, signed_in


def review(world):
    return {"uuid": world.review.uuid}


def program(world):
    return {"uuid": world.program.uuid}


# Before approval: its program's people, whoever is assigned or consulted, and admins.
BEFORE_APPROVAL = only("assessor", "rater", "lead", "approver", "admin", refused=404)
# The assessor without a function is asked nothing and sees nothing of it.
REVIEW = BEFORE_APPROVAL | {"assessor": 404}
PROGRAM = signed_in(200, stranger=404, nobody=404, auditor=404)
NO_POST = same(405) | {"anonymous": SIGN_IN, "deactivated": SIGN_IN}
# Nothing failed, so the lead and the admin are told so and led back to the page.
RETRY_REVIEW = REVIEW | {"rater": 403, "approver": 403, "lead": 302, "admin": 302}
RETRY_PROGRAM = signed_in(403, stranger=404, nobody=404, auditor=404, lead=302, admin=302)


# From approval on whoever has a role; auditors what is on record.
IN_APPROVAL = signed_in(200, stranger=404, nobody=404, auditor=404)
ON_RECORD = IN_APPROVAL | {"auditor": 200}


def led_on(answers):
    """Whoever reads the page is led to it."""
    return {role: 302 if answer == 200 else answer for role, answer in answers.items()}


def reads(kwargs, answers):
    return [
        Row("GET", IN_APPROVAL, kwargs=kwargs, state="in_approval"),
        Row("GET", ON_RECORD, kwargs=kwargs, state="approved"),
        *(Row("GET", answers, kwargs=kwargs, state=state) for state in ("draft", "scoring", "reconciling")),
        Row("POST", NO_POST, kwargs=kwargs),
    ]


TABLE = {
    "assessments:review_result": reads(review, REVIEW),
    **{f"assessments:review_{page}": reads(review, REVIEW) for page in ("robustness", "risk", "stress")},
    "assessments:review_state": reads(review, REVIEW),
    "assessments:review_freshness": reads(review, REVIEW),
    "assessments:review_retry": [
        Row("POST", RETRY_REVIEW, kwargs=review),
        Row("POST", RETRY_REVIEW, kwargs=review, state="reconciling"),
        Row("GET", led_on(REVIEW), kwargs=review),
    ],
    "assessments:program_result": reads(program, PROGRAM),
    **{f"assessments:program_{page}": reads(program, PROGRAM) for page in ("robustness", "risk", "stress")},
    "assessments:program_state": reads(program, PROGRAM),
    "assessments:program_freshness": reads(program, PROGRAM),
    "assessments:program_retry": [
        Row("POST", RETRY_PROGRAM, kwargs=program),
        Row("GET", led_on(PROGRAM), kwargs=program),
    ],
}
