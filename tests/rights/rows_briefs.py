"""The decision brief: for whoever may see the review."""

from tests.rights.rows import Row, signed_in


def of_review(world):
    return {"uuid": world.review.uuid}


BEFORE_APPROVAL = signed_in(404, rater=200, lead=200, approver=200, admin=200)
IN_APPROVAL = signed_in(200, nobody=404, auditor=404, stranger=404)
RECORDED = signed_in(200, nobody=404, stranger=404)

TABLE = {
    "assessments:review_brief": [
        Row("GET", BEFORE_APPROVAL, kwargs=of_review, state="draft"),
        Row("GET", BEFORE_APPROVAL, kwargs=of_review, state="scoring"),
        Row("GET", BEFORE_APPROVAL, kwargs=of_review, state="reconciling"),
        Row("GET", IN_APPROVAL, kwargs=of_review, state="in_approval"),
        Row("GET", IN_APPROVAL, kwargs=of_review, state="rejected"),
        Row("GET", RECORDED, kwargs=of_review, state="approved"),
        Row("POST", signed_in(405), kwargs=of_review, state="reconciling"),
    ],
}
