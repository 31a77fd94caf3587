"""Opening, set-up, score sheet and panel of a review."""

from assessments.models import Review
from tests.rights.rows import Row, only, signed_in

# Who sees a review before approval: its lead, whoever is assigned, admins. (An assessor of an asked function too.)
SEES = ("rater", "lead", "admin")


def review(world):
    return {"uuid": world.review.uuid}


def program(world):
    return {"uuid": world.program.uuid}


def cell(world):
    return {"uuid": world.review.uuid, "criterion": "first_lot", "option": "own"}


def agreed_cell(world):
    from assessments.services import reconciling

    reconciling.agree(
        member=world.people["lead"],
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key="own",
        value="3",
        note="As discussed.",
    )
    return cell(world)


def page(**others):
    """A page of the review: shown to who sees it, 404 to everyone else."""
    return signed_in(404) | dict.fromkeys(SEES, 200) | others


def act(done=302, refused=403, who=("lead",)):
    """An act of `who`: refused to others who see the review, 404 to everyone else."""
    return signed_in(404) | dict.fromkeys(SEES, refused) | dict.fromkeys(who, done)


def lead_rows(data=lambda world: {}, takes=("draft",), elsewhere=("scoring", "reconciling"), done=302, kwargs=review):
    """A POST of the lead: done in the states that take it, 409 in the others, and no GET."""
    return [
        Row("GET", signed_in(405), kwargs=kwargs, state="draft"),
        *(Row("POST", act(done), kwargs=kwargs, data=data, state=state) for state in takes),
        *(Row("POST", act(409, refused=409), kwargs=kwargs, data=data, state=state) for state in elsewhere),
    ]
