"""The audit trail: admins, approvers and auditors."""

from tests.rights.rows import Row, only, signed_in

READERS = only("admin", "approver", "auditor", stranger=200)

TABLE = {
    "assessments:audit": [Row("GET", READERS), Row("POST", signed_in(405))],
    "assessments:audit_export": [Row("GET", signed_in(405)), Row("POST", READERS)],
}
