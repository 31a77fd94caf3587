"""Opening, set-up, score sheet and panel of a review."""

from assessments.services import reconciling, reviews
from tests.rights.rows import Row, only, signed_in

# Who sees a review before approval: its lead, whoever is assigned, admins. (An assessor of an asked function too.)
SEES = ("rater", "lead", "approver", "admin")


def review(world):
    return {"uuid": world.review.uuid}


def program(world):
    return {"uuid": world.program.uuid}


def cell(world):
    return {"uuid": world.review.uuid, "criterion": "first_lot", "option": "own"}


def agreed_cell(world):
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


def rows_of_page(kwargs=review, states=("draft", "scoring", "reconciling")):
    """A page to read, in each state."""
    return [Row("GET", page(), kwargs=kwargs, state=state) for state in states]


def rows_of_act(data=lambda world: {}, takes=("draft",), elsewhere=(), who=("lead",), done=302, kwargs=review):
    """A form: done by `who` in the states that take it; 409 in others, where the guard speaks before the right."""
    return [
        Row("GET", act(302, 302), kwargs=kwargs, state="draft"),
        *(Row("POST", act(done, who=who), kwargs=kwargs, data=data, state=state) for state in takes),
        *(Row("POST", act(409, 409, who=who), kwargs=kwargs, data=data, state=state) for state in elsewhere),
    ]


def question(world):
    return {"question": "Where should MSC-1 be made next?"}


def options(world):
    return {"options": ["own", "a"]}


def person(world):
    rater = world.people["rater"]
    return {"membership": rater.uuid, "function": rater.functions[0].uuid}


def assignment(world):
    return {"assignment": world.review.assignments.get().uuid}


def reason(world):
    return {"reason": "As decided."}


def score(world):
    """What the rater's cell says already, from a page that has seen it."""
    return {"score": "4", "version": "1"}


def value(world):
    return {"value": "3.5", "note": "As discussed.", "version": "0"}


def open_program(world):
    """The program once its review is out of the way."""
    reviews.withdraw(member=world.people["lead"], review_id=world.review.pk, reason="Make room.")
    return program(world)


def opens(answer):
    """An act of the lead, refused to others who see the program."""
    return only("lead", answer=answer, nobody=404, auditor=404)


RATER = signed_in(404) | {"lead": 403, "approver": 403, "admin": 403, "rater": 302}

TABLE = {
    "assessments:review_new": [
        Row("GET", opens(200), kwargs=program),
        Row("POST", opens(422), kwargs=program, data=question),
        # Another review of the program is open.
        Row("POST", opens(409), kwargs=program, data=lambda world: question(world) | options(world)),
        Row("POST", opens(302), kwargs=open_program, data=lambda world: question(world) | options(world)),
    ],
    "assessments:review_detail": [
        Row("GET", signed_in(404) | dict.fromkeys(SEES, 302), kwargs=review, state=state)
        for state in ("draft", "scoring", "reconciling")
    ],
    "assessments:review_setup": rows_of_page(),
    "assessments:review_score": rows_of_page(),
    "assessments:review_panel": rows_of_page(),
    "assessments:review_edit": rows_of_act(question, takes=("draft", "scoring", "reconciling")),
    "assessments:review_options": rows_of_act(options, takes=("draft",), elsewhere=("scoring", "reconciling")),
    "assessments:review_assign": rows_of_act(person, takes=("draft", "scoring", "reconciling")),
    "assessments:review_unassign": [
        *rows_of_act(assignment, takes=("draft",)),
        # Who has rated stays on the record.
        Row("POST", act(409), kwargs=review, data=assignment, state="scoring"),
    ],
    "assessments:review_start": rows_of_act(takes=("draft",), elsewhere=("scoring", "reconciling")),
    "assessments:review_reveal": rows_of_act(reason, takes=("scoring",), elsewhere=("draft", "reconciling")),
    "assessments:review_withdraw": rows_of_act(reason, takes=("draft", "scoring", "reconciling")),
    "assessments:review_cell": [
        # Asked for outside of its page it leads to the page, which shows one's own sheet or says that there is none.
        *(Row("GET", act(302, 302), kwargs=cell, state=state) for state in ("draft", "scoring", "reconciling")),
        Row("POST", act(409, 409), kwargs=cell, data=score, state="draft"),
        Row("POST", RATER, kwargs=cell, data=score, state="scoring"),
        Row("POST", RATER, kwargs=cell, data=score, state="reconciling"),
    ],
    "assessments:review_accept": rows_of_act(
        takes=("scoring", "reconciling"), elsewhere=("draft",), who=("rater",), kwargs=review
    ),
    "assessments:review_confirm": rows_of_act(
        takes=("scoring", "reconciling"), elsewhere=("draft",), who=("rater",), kwargs=review
    ),
    "assessments:review_done": [
        Row("GET", act(302, 302), kwargs=review),
        Row("POST", RATER, kwargs=review, state="scoring"),
        Row("POST", RATER, kwargs=review, state="reconciling"),
    ],
    "assessments:review_agree": [
        *rows_of_act(value, takes=("reconciling",), kwargs=cell),
        *(Row("POST", act(403), kwargs=cell, data=value, state=state) for state in ("draft", "scoring")),
    ],
    "assessments:review_take_back": [
        Row("GET", act(302, 302), kwargs=cell),
        Row("POST", act(302), kwargs=agreed_cell, data=lambda world: {"version": "1"}, state="reconciling"),
        Row("POST", act(409, 409), kwargs=cell, data=lambda world: {"version": "1"}, state="scoring"),
    ],
}
