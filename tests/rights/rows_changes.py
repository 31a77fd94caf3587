"""What changed between two sides: seen by whoever sees both."""

from functools import partial

from tests.rights.rows import Row, signed_in
from tests.rights.rows_api import on_record, on_the_review
from tests.rights.rows_results import ON_RECORD, PROGRAM, REVIEW, program, reads, review

Row_ = partial(Row, token=True)
of_review = {"kwargs": lambda world: {"id": world.review.uuid}}


def against_facts(world):
    return {"against": str(world.revision.uuid)}


def foreign(world):
    return {"against": str(world.foreign_membership)}


NOT_POSTED = signed_in(405)
NOWHERE = signed_in(404)
OF_ITS_PEOPLE = dict.fromkeys((role for role, answer in REVIEW.items() if answer == 200), 404)

TABLE = {
    "assessments:review_changes": [
        *reads(review, REVIEW),
        Row("GET", REVIEW, kwargs=review, data=against_facts, state="scoring"),
        Row("GET", REVIEW | OF_ITS_PEOPLE, kwargs=review, data=foreign, state="scoring"),
        Row("GET", ON_RECORD, kwargs=review, data=against_facts, state="approved"),
        Row("GET", ON_RECORD, kwargs=review, data=against_facts, state="superseded"),
    ],
    "assessments:program_changes": [
        *reads(program, PROGRAM),
        Row("GET", PROGRAM, kwargs=program, data=against_facts, state="scoring"),
    ],
    # Nothing was approved before: there is nothing to compare with, unless it is named.
    "api:review_changes": [
        Row_(
            "GET",
            on_the_review | dict.fromkeys(("rater", "lead", "approver", "admin"), 404),
            state="scoring",
            **of_review,
        ),
        Row_("GET", on_the_review, data=against_facts, state="scoring", **of_review),
        Row_("GET", on_the_review, data=against_facts, state="reconciling", **of_review),
        Row_("GET", on_record, data=against_facts, state="approved", **of_review),
    ],
}
