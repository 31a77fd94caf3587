"""Saving facts as the next revision: the act on which reviews, watches and results follow."""

import datetime
from typing import Any

from accounts.audit import record_event, sha256_of
from accounts.letters import fault_in, faults_in
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid
from assessments.models import ProfileRevision, Program, Review
from assessments.services.inputs import owe_program, owe_review, touch_program, touch_review
from assessments.services.owing_watches import owe_for_program


def problem(field: str, message: str, *, option: str = "", value: Any = None) -> dict:
    """One entry of Invalid.problems."""
    return {"field": field, "option": option, "value": value, "message": message}


def facts_in_order(revision: ProfileRevision) -> dict[str, Any]:
    """A revision's facts with its options in the order that people gave them, and dates where it has none."""
    options = revision.facts["options"]
    keys = [*revision.option_keys, *(key for key in options if key not in revision.option_keys)]
    return {**revision.facts, "as_of": revision.facts.get("as_of", {}), "options": {key: options[key] for key in keys}}


def begin_revision(member: Membership, program_id: int) -> tuple[Program, int]:
    """The guard and the permission: the first statements of the transaction that saves a revision.

    Answers the program as it stands now and its new count of inputs. Raises NotAllowed.
    """
    wanted = touch_program(program_id)
    program = Program.objects.select_related("criteria_version", "revision").get(pk=program_id)
    permissions.can_save_revision(member.now(), program).require()
    return program, wanted


def store_revision(
    *, member: Membership, program: Program, wanted: int, facts: dict[str, Any], summary: str
) -> ProfileRevision:
    """Write the revision, move the open review to it, and owe new results: the last statements of the transaction.

    Raises Invalid without a summary or a month 0, or where the open review compares an option that the facts lack
    """
    if problems := _problems(facts, summary):
        raise Invalid(problems)
    review = Review.objects.filter(program=program, state__in=Review.TAKES_FACTS).first()
    review_wanted = 0
    if review is not None:
        review_wanted = touch_review(review.pk, states=Review.TAKES_FACTS)
        if lacking := _lacking(review, facts):
            raise Invalid(lacking)
    revision = ProfileRevision.objects.create(
        organization_id=program.organization_id,
        program=program,
        number=(program.revision.number if program.revision else 0) + 1,
        facts=facts,
        option_keys=list(facts["options"]),
        digest=sha256_of(facts),
        assessment_date=datetime.date.fromisoformat(facts["program"]["assessment_date"]),
        summary=summary.strip(),
        criteria_version=program.criteria_version,
        created_by=member,
    )
    Program.objects.filter(pk=program.pk).update(revision=revision)
    if review is not None:
        Review.objects.filter(pk=review.pk).update(revision=revision)
    record_event(
        "facts.saved",
        organization_id=program.organization_id,
        actor=member,
        subject=revision,
        program=program,
        review=review,
        new={"number": revision.number, "digest": revision.digest, "summary": revision.summary},
    )
    owe_for_program(program, member)
    owe_program(program, wanted, member)
    if review is not None:
        owe_review(review, review_wanted, member)
    return revision


def _problems(facts: dict[str, Any], summary: str) -> list[dict]:
    problems = []
    if not summary.strip():
        problems.append(problem("summary", "Say in a few words what changed.", value=summary))
    longest = ProfileRevision._meta.get_field("summary").max_length
    if len(summary.strip()) > longest:
        problems.append(problem("summary", f"The summary has at most {longest} characters.", value=summary))
    if not facts["program"].get("assessment_date"):
        problems.append(problem("assessment_date", "Give the day that month 0 of these facts stands for."))
    if words := fault_in(summary):
        problems.append(problem("summary", words, value=summary))
    for (part, *path), words in faults_in({"program": facts["program"], **facts["options"]}):
        field = next((one for one in path if one != "facts"), "options")
        problems.append(problem(field, words, option="" if part == "program" else part))
    return problems


def _lacking(review: Review, facts: dict[str, Any]) -> list[dict]:
    """Options that the review compares and the facts no longer describe as what they were."""
    return [
        problem(
            "options",
            f"{review} compares {option.name}. Facts without it can be saved once that review is decided or withdrawn.",
            option=option.key,
        )
        for option in review.options.all()
        if facts["options"].get(option.key, {}).get("kind") != option.kind
    ]
