"""The decision brief: for whoever may see the review."""

from tests.rights.rows import Row, signed_in


def of_review(world):
    return {"uuid": world.review.uuid}


BEFORE_APPROVAL = signed_in(404, assessor=404, rater=200, lead=200, admin=200)

TABLE = {
    "assessments:review_brief": [
        Row("GET", BEFORE_APPROVAL, kwargs=of_review, state="draft"),
        Row("GET", BEFORE_APPROVAL, kwargs=of_review, state="scoring"),
        Row("GET", BEFORE_APPROVAL, kwargs=of_review, state="reconciling"),
        Row("POST", signed_in(405), kwargs=of_review, state="reconciling"),
    ],
}
