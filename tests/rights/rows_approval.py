"""Conditions, the proposal, the signatures, and the frozen record."""

from assessments.models import ApprovalStep
from assessments.services import signing
from tests.factories import PASSWORD
from tests.rights.reviews import sign
from tests.rights.rows import Row, signed_in
from tests.support.results import compute


def of_review(world):
    return {"uuid": world.review.uuid}


def of_submission(world):
    return of_review(world) | {"number": 1}


def of_condition(world):
    return of_review(world) | {"key": "advised-unknown"}


def functions_signed(world):
    """The review with its executive step open."""
    step = world.review.steps.get(kind="functional")
    for role in ("rater", "lead"):
        sign(world.people[role].now(), step)
    return of_review(world)


def proposal(world):
    scorecard = compute(world.review)
    return {
        "choice": "alternative:a",
        "justification": "It has a slot.",
        "missing_reason": "Quality has nobody to spare.",
        "version": world.review.version,
        "seen_result": str(scorecard.uuid),
    }


def amendment(world):
    return {"choice": "not_yet:", "justification": "The slot is gone.", "number": 1}


def signature(kind):
    def data(world):
        step = ApprovalStep.objects.select_related("submission").filter(review=world.review, kind=kind).first()
        if step is None:
            return {"password": PASSWORD}
        return {
            "step": step.uuid,
            "bound": signing.what_is_signed(step, signing.proposed_of(step)),
            "meaning": signing.MEANING_OF[kind],
            "password": PASSWORD,
        }

    return data


def reason(world):
    words = "The inspection report is missing."
    return {"reason": words, "question": words, "version": world.review.version}


def condition(world):
    compute(world.review)
    return {"advised-unknown-version": 0, "advised-unknown-owner": world.people["rater"].uuid,
            "advised-unknown-due_month": 3}  # fmt: skip


def dropping(world):
    return condition(world) | {"version": 0}


def advice(world):
    compute(world.review)
    return {"advised-title": "A second source", "advised-owner": world.people["rater"].uuid, "advised-due_month": 9}


def seen_before_approval(answer, **others):
    """Before a submission the review is seen by lead, rater and admin alone."""
    return signed_in(404, rater=answer, lead=answer, approver=answer, admin=answer) | others


def seen_in_approval(answer, **others):
    return signed_in(answer, nobody=404, auditor=404, stranger=404) | others


def seen_on_record(answer, **others):
    return signed_in(answer, nobody=404, stranger=404) | others


NOT_POSTED = signed_in(405)
LEADS = seen_before_approval(403)
ENDED = ("approved", "superseded")

TABLE = {
    "assessments:review_approval": [
        Row("GET", seen_before_approval(200), kwargs=of_review, state="draft"),
        Row("GET", seen_before_approval(200), kwargs=of_review, state="scoring"),
        Row("GET", seen_before_approval(200), kwargs=of_review, state="reconciling"),
        Row("GET", seen_in_approval(200), kwargs=of_review, state="in_approval"),
        Row("GET", seen_in_approval(200), kwargs=functions_signed, state="in_approval"),
        Row("GET", seen_in_approval(200), kwargs=of_review, state="rejected"),
        Row("GET", seen_on_record(200), kwargs=of_review, state="approved"),
        Row("GET", seen_on_record(200), kwargs=of_review, state="superseded"),
        Row("POST", NOT_POSTED, kwargs=of_review),
    ],
    "assessments:review_submit": [
        Row("GET", seen_before_approval(302), kwargs=of_review),
        Row("POST", LEADS | {"lead": 409}, kwargs=of_review, state="draft"),
        Row("POST", LEADS | {"lead": 302}, kwargs=of_review, data=proposal, state="reconciling"),
        Row("POST", LEADS | {"lead": 409}, kwargs=of_review, state="reconciling"),
        Row("POST", seen_in_approval(403, lead=409), kwargs=of_review, state="in_approval"),
        Row("POST", seen_on_record(403, lead=409), kwargs=of_review, state="approved"),
    ],
    "assessments:review_result_wait": [
        Row("GET", LEADS | {"lead": 200}, kwargs=of_review, state="reconciling"),
        Row("POST", NOT_POSTED, kwargs=of_review),
    ],
    "assessments:review_amend": [
        Row("GET", seen_before_approval(409), kwargs=of_review, state="reconciling"),
        Row("GET", seen_in_approval(403), kwargs=of_review, state="in_approval"),
        Row("GET", seen_in_approval(403, approver=200), kwargs=functions_signed, state="in_approval"),
        Row("POST", seen_in_approval(403), kwargs=of_review, data=amendment, state="in_approval"),
        Row("POST", seen_in_approval(403, approver=302), kwargs=functions_signed, data=amendment, state="in_approval"),
        Row("POST", seen_on_record(409), kwargs=of_review, data=amendment, state="approved"),
    ],
    # P11-10f and P11-10g: the sequence of steps, and the authority to sign.
    "assessments:review_sign": [
        Row("GET", seen_before_approval(302), kwargs=of_review),
        Row("POST", seen_before_approval(409), kwargs=of_review, data=signature("functional"), state="draft"),
        Row("POST", seen_before_approval(409), kwargs=of_review, data=signature("functional"), state="reconciling"),
        # Without a password: who could sign is asked for it at its field.
        Row("POST", seen_in_approval(403, rater=422, lead=422), kwargs=of_review, state="in_approval"),
        Row(
            "POST",
            seen_in_approval(403, rater=302, lead=302),
            kwargs=of_review,
            data=signature("functional"),
            state="in_approval",
        ),
        Row("POST", seen_in_approval(409), kwargs=of_review, data=signature("executive"), state="in_approval"),
        Row(
            "POST",
            seen_in_approval(403, approver=302),
            kwargs=functions_signed,
            data=signature("executive"),
            state="in_approval",
        ),
        Row("POST", seen_in_approval(409), kwargs=of_review, data=signature("executive"), state="rejected"),
        *(
            # Who signed it is taken to the signature.
            Row("POST", seen_on_record(409, approver=302), kwargs=of_review, data=signature("executive"), state=state)
            for state in ENDED
        ),
    ],
    **{
        route: [
            Row("GET", seen_before_approval(302), kwargs=of_review),
            Row("POST", seen_before_approval(409), kwargs=of_review, data=reason, state="reconciling"),
            Row("POST", seen_in_approval(422), kwargs=of_review, state="in_approval"),
            Row(
                "POST",
                seen_in_approval(403, **dict.fromkeys(functions_may, 302)),
                kwargs=of_review,
                data=reason,
                state="in_approval",
            ),
            Row(
                "POST",
                seen_in_approval(403, approver=302),
                kwargs=functions_signed,
                data=reason,
                state="in_approval",
            ),
            Row("POST", seen_in_approval(409), kwargs=of_review, data=reason, state="rejected"),
            *(Row("POST", seen_on_record(409), kwargs=of_review, data=reason, state=state) for state in ENDED),
        ]
        # A function sends back, or asks; only the approver of the executive step ends the review for good.
        for route, functions_may in (
            ("assessments:review_return", ("rater", "lead")),
            ("assessments:review_question", ("rater", "lead")),
            ("assessments:review_reject", ()),
        )
    },
    "assessments:condition_advise": [
        Row("GET", seen_before_approval(302), kwargs=of_review),
        Row("POST", LEADS | {"lead": 302}, kwargs=of_review, data=advice, state="reconciling"),
        Row("POST", seen_in_approval(403, lead=409), kwargs=of_review, data=advice, state="in_approval"),
    ],
    "assessments:condition_assign": [
        Row("GET", seen_before_approval(302), kwargs=of_condition),
        Row("POST", LEADS | {"lead": 422}, kwargs=of_condition, data=condition, state="reconciling"),
        Row("POST", seen_in_approval(403, lead=409), kwargs=of_condition, data=condition, state="in_approval"),
    ],
    "assessments:condition_drop": [
        Row("GET", seen_before_approval(302), kwargs=of_condition),
        Row(
            "POST",
            LEADS | {"lead": 302},
            kwargs=of_condition,
            data=dropping,
            state="reconciling",
        ),
        Row(
            "POST",
            seen_in_approval(409),
            kwargs=of_condition,
            data=dropping,
            state="in_approval",
        ),
    ],
    "assessments:submission_detail": [
        Row("GET", signed_in(404), kwargs=of_submission, state="reconciling"),
        Row("GET", seen_in_approval(200), kwargs=of_submission, state="in_approval"),
        Row("GET", seen_on_record(200), kwargs=of_submission, state="approved"),
        Row("POST", NOT_POSTED, kwargs=of_submission),
    ],
    "assessments:submission_recompute": [
        Row("GET", seen_in_approval(302), kwargs=of_submission, state="in_approval"),
        Row("POST", signed_in(404), kwargs=of_submission, state="reconciling"),
        Row(
            "POST",
            seen_in_approval(403, lead=200, approver=200, admin=200),
            kwargs=of_submission,
            state="in_approval",
        ),
        Row(
            "POST",
            seen_on_record(403, lead=200, approver=200, admin=200, auditor=200),
            kwargs=of_submission,
            state="approved",
        ),
    ],
    # The record holds prices and terms: handed out to those who may see them; the rater speaks for CMC.
    "assessments:submission_record": [
        Row("GET", signed_in(404), kwargs=of_submission, state="reconciling"),
        Row(
            "GET",
            seen_in_approval(403, lead=200, approver=200, admin=200),
            kwargs=of_submission,
            state="in_approval",
        ),
        Row(
            "GET",
            seen_on_record(403, lead=200, approver=200, admin=200, auditor=200),
            kwargs=of_submission,
            state="approved",
        ),
        Row("POST", NOT_POSTED, kwargs=of_submission),
    ],
}
