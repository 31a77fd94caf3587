"""Reports of a review: asked for by whoever may see it once it is revealed, handed out under its rights."""

from uuid import uuid4

from assessments.models import Report
from tests.rights.rows import Row, signed_in


def of_review(world):
    return {"uuid": world.review.uuid}


def of_report(world, **more):
    """A report that is asked for and not made yet."""
    review = world.review
    report = Report.objects.create(
        organization_id=review.organization_id,
        review=review,
        kind=Report.Kind.BRIEF,
        asked_by=world.people["lead"],
        **more,
    )
    return {"uuid": report.uuid}


def with_prices(world):
    return of_report(world, commercial=True)


SEE_IT = signed_in(404, rater=200, lead=200, approver=200, admin=200)
# Prices and terms: the rater speaks for CMC.
SEE_PRICES = signed_in(404, lead=200, approver=200, admin=200)
BLIND = SEE_IT | {"rater": 403, "lead": 403, "approver": 403, "admin": 403}
SENT = {"rater": 302, "lead": 302, "approver": 302, "admin": 302}
IN_APPROVAL = signed_in(200, nobody=404, auditor=404, stranger=404)
RECORDED = signed_in(200, nobody=404, stranger=404)
# Prices and terms: not the viewer, and no assessor who speaks for another function than Finance.
RECORDED_PRICES = signed_in(404, lead=409, approver=409, admin=409, auditor=409)
NOT_MADE = {"rater": 409, "lead": 409, "approver": 409, "admin": 409}

TABLE = {
    "assessments:review_reports": [
        Row("GET", SEE_IT, kwargs=of_review, state="draft"),
        Row("GET", SEE_IT, kwargs=of_review, state="scoring"),
        Row("GET", SEE_IT, kwargs=of_review, state="reconciling"),
        Row("GET", IN_APPROVAL, kwargs=of_review, state="in_approval"),
        Row("GET", RECORDED, kwargs=of_review, state="approved"),
        Row("POST", BLIND, kwargs=of_review, state="scoring"),
        Row("POST", SEE_IT | SENT, kwargs=of_review, state="reconciling"),
        Row("POST", signed_in(302, nobody=404, stranger=404), kwargs=of_review, state="approved"),
    ],
    "assessments:report_row": [
        Row("GET", SEE_IT, kwargs=of_report, state="reconciling"),
        Row("GET", SEE_PRICES, kwargs=with_prices, state="reconciling"),
        Row("GET", signed_in(404), kwargs=lambda world: {"uuid": uuid4()}),
    ],
    "assessments:report_retry": [
        Row("GET", SEE_IT | SENT, kwargs=of_report, state="reconciling"),
        Row("POST", SEE_IT | SENT, kwargs=of_report, state="reconciling"),
        Row("POST", BLIND, kwargs=of_report, state="scoring"),
        Row("POST", SEE_PRICES | {"lead": 302, "approver": 302, "admin": 302}, kwargs=with_prices, state="reconciling"),
    ],
    "assessments:report_file": [
        Row("GET", SEE_IT | NOT_MADE, kwargs=of_report, state="reconciling"),
        Row("GET", SEE_PRICES | {"lead": 409, "approver": 409, "admin": 409}, kwargs=with_prices, state="reconciling"),
        Row("GET", signed_in(409, nobody=404, stranger=404), kwargs=of_report, state="approved"),
        Row("GET", RECORDED_PRICES, kwargs=with_prices, state="approved"),
        Row("GET", signed_in(404), kwargs=lambda world: {"uuid": uuid4()}),
    ],
}
