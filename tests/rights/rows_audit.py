"""The audit trail: admins, approvers and auditors."""

from tests.rights.rows import Row, only, only_with_token, signed_in, with_token

READERS = only("admin", "approver", "auditor", stranger=200)
REVIEWERS = only("admin", "approver", "auditor", answer=422, stranger=422)
WITH_TOKEN = only_with_token("admin", "approver", "auditor", stranger=200)
REVIEWERS_WITH_TOKEN = only_with_token("admin", "approver", "auditor", answer=400, stranger=400)

TABLE = {
    "assessments:audit": [Row("GET", READERS), Row("POST", signed_in(405))],
    "assessments:audit_verify": [Row("GET", READERS), Row("POST", READERS)],
    # Within the test's own transaction nothing is committed, so nothing is sealed yet: there is nothing to review.
    "assessments:audit_review": [
        Row("GET", signed_in(302)),
        Row("POST", REVIEWERS, data=lambda world: {"through_number": 1}),
    ],
    "api:verify_trail": [Row("POST", WITH_TOKEN, token=True), Row("GET", with_token(405), token=True)],
    "api:trail_reviews": [
        Row("GET", WITH_TOKEN, token=True),
        Row("POST", REVIEWERS_WITH_TOKEN, token=True, data=lambda world: {"through_number": 1}),
    ],
    "assessments:audit_export": [Row("GET", signed_in(302)), Row("POST", READERS)],
}
