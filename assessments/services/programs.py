"""Programs and the revisions of their facts."""

from django.db import transaction

from accounts.audit import record_event, sha256_of
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid
from assessments.models import CriteriaVersion, ProfileDraft, ProfileRevision, Program, ProgramMember, Review
from assessments.scoring.profile import ProfileErrors, read_profile
from assessments.services.frameworks import framework_of
from assessments.services.inputs import owe_program, owe_review, touch_program, touch_review


@transaction.atomic
def create_program(
    *, member: Membership, name: str, criteria_version: CriteriaVersion, lead: Membership, restricted: bool = False
) -> Program:
    """A new program with its lead. Raises NotAllowed, Invalid for a name that is taken or a draft of criteria."""
    permissions.can_create_program(member.now()).require()
    if criteria_version.organization_id != member.organization_id or lead.organization_id != member.organization_id:
        raise Invalid([_problem("criteria_version", "Criteria and lead must be of this organization.")])
    if criteria_version.state != CriteriaVersion.State.PUBLISHED:
        raise Invalid([_problem("criteria_version", "A program follows a published version of the criteria.")])
    if Program.objects.filter(organization_id=member.organization_id, name=name.strip()).exists():
        raise Invalid([_problem("name", f"There is a program named {name.strip()!r} already; choose another name.")])
    program = Program.objects.create(
        organization_id=member.organization_id,
        name=name.strip(),
        restricted=restricted,
        criteria_version=criteria_version,
        created_by=member,
    )
    ProfileDraft.objects.create(organization_id=member.organization_id, program=program)
    ProgramMember.objects.create(organization_id=member.organization_id, program=program, membership=lead, is_lead=True)
    record_event(
        "program.created",
        organization_id=member.organization_id,
        actor=member,
        subject=program,
        program=program,
        new={"name": program.name, "lead": lead.user.full_name, "restricted": restricted},
    )
    return program


def _problem(field: str, message: str, *, option: str = "", value=None) -> dict:
    return {"field": field, "option": option, "value": value, "message": message}


def import_revision(
    *, member: Membership, program: Program, document: object, summary: str, day: str | None = None
) -> ProfileRevision:
    """Save the facts of a profile file (either layout) as the next revision.

    day     ISO date that a file without an assessment_date gets
    Raises  NotAllowed; Invalid with every unknown, missing or impossible value
    """
    framework = framework_of(program.criteria_version)
    try:
        facts = read_profile(document, framework.schema, assessment_date=day)
    except ProfileErrors as errors:
        raise Invalid(
            [_problem(field, message, option=option, value=value) for field, option, value, message in errors.problems]
        ) from errors
    return _save_revision(member=member, program_id=program.pk, facts=facts, summary=summary)


@transaction.atomic
def _save_revision(*, member: Membership, program_id: int, facts: dict, summary: str) -> ProfileRevision:
    wanted = touch_program(program_id)
    program = Program.objects.select_related("criteria_version", "revision").get(pk=program_id)
    permissions.can_save_revision(member.now(), program).require()
    if not summary.strip():
        raise Invalid([_problem("summary", "Say in a few words what changed.")])
    if not facts["program"].get("assessment_date"):
        raise Invalid([_problem("assessment_date", "Give the day that month 0 of these facts stands for.")])
    revision = ProfileRevision.objects.create(
        organization_id=program.organization_id,
        program=program,
        number=(program.revision.number if program.revision else 0) + 1,
        facts=facts,
        option_keys=list(facts["options"]),
        digest=sha256_of(facts),
        assessment_date=facts["program"]["assessment_date"],
        summary=summary.strip(),
        criteria_version=program.criteria_version,
        created_by=member,
    )
    Program.objects.filter(pk=program.pk).update(revision=revision)
    review = Review.objects.filter(program=program, state__in=Review.TAKES_FACTS).first()
    review_wanted = 0
    if review is not None:
        review_wanted = touch_review(review.pk, states=Review.TAKES_FACTS)
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
    owe_program(program, wanted, member)
    if review is not None:
        owe_review(review, review_wanted, member)
    return revision
