"""Programs and the revisions of their facts."""

from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.audit import acting_through, database_now, record_event
from accounts.models import AuditEvent, Membership
from accounts.outbound import notify
from assessments import permissions
from assessments.errors import Invalid
from assessments.models import Condition, CriteriaVersion, ProfileRevision, Program, ProgramMember
from assessments.scoring.profile import ProfileErrors, read_profile
from assessments.services import owners_left
from assessments.services.drafts.reading import read_draft
from assessments.services.drafts.rows import follow, lock_draft, new_draft, require_version
from assessments.services.frameworks import framework_of
from assessments.services.revisions import begin_revision, problem, store_revision


@transaction.atomic
def create_program(
    *, member: Membership, name: str, criteria_version: CriteriaVersion, lead: Membership, restricted: bool = False
) -> Program:
    """A new program with its lead, and a draft of its facts that offers one option of each kind.

    Raises NotAllowed, Invalid for a name that is taken or a draft of criteria
    """
    permissions.can_create_program(member.now()).require()
    if criteria_version.organization_id != member.organization_id or lead.organization_id != member.organization_id:
        raise Invalid([problem("criteria_version", "Criteria and lead must be of this organization.")])
    if criteria_version.state != CriteriaVersion.State.PUBLISHED:
        raise Invalid([problem("criteria_version", "A program follows a published version of the criteria.")])
    name = " ".join(name.split())
    longest = Program._meta.get_field("name").max_length
    if not name or len(name) > longest:
        raise Invalid([problem("name", f"Give the program a name of at most {longest} characters.", value=name)])
    try:
        with transaction.atomic():  # the table decides, also between two who ask at once
            program = Program.objects.create(
                organization_id=member.organization_id,
                name=name,
                restricted=restricted,
                criteria_version=criteria_version,
                created_by=member,
            )
    except IntegrityError:
        taken = f"There is a program named {name!r} already; choose another name."
        raise Invalid([problem("name", taken)]) from None
    known = {"program_name": name, "assessment_date": database_now().date().isoformat()}
    new_draft(program, framework_of(criteria_version).schema, known)
    ProgramMember.objects.create(organization_id=member.organization_id, program=program, membership=lead, is_lead=True)
    record_event(
        "program.created",
        organization_id=member.organization_id,
        actor=member,
        subject=program,
        program=program,
        new={"name": program.name, "lead": lead.user.full_name, "restricted": restricted},
    )
    _tell(member, program, lead, f"You lead {program.name} now")
    return program


def read_file(program: Program, document: Any, day: str | None = None) -> dict[str, Any]:
    """The facts of a profile file in either layout, by the program's schema.

    day     ISO date that a file without an assessment_date gets; today (UTC) if None
    Raises  Invalid with every unknown, missing or impossible value
    """
    schema = framework_of(program.criteria_version).schema
    try:
        return read_profile(document, schema, assessment_date=day or database_now().date().isoformat())
    except ProfileErrors as errors:
        raise Invalid(
            [problem(field, message, option=option, value=value) for field, option, value, message in errors.problems]
        ) from errors


def import_revision(
    *,
    member: Membership,
    program: Program,
    document: Any,
    summary: str,
    day: str | None = None,
    seen_version: int | None = None,
) -> ProfileRevision:
    """Save the facts of a profile file (either layout) as the next revision; the draft then says the same.

    day           ISO date that a file without an assessment_date gets; today (UTC) if None
    seen_version  of the draft; edits made since would be replaced unseen
    Raises        NotAllowed; Clash; Invalid with every unknown, missing or impossible value
    """
    facts = read_file(program, document, day)
    with acting_through(AuditEvent.Channel.IMPORT):
        return _save(member, program.pk, facts, summary, seen_version)


@transaction.atomic
def _save(
    member: Membership, program_id: int, facts: dict[str, Any], summary: str, seen_version: int | None
) -> ProfileRevision:
    program, wanted = begin_revision(member, program_id)
    row = lock_draft(program_id)
    require_version(row, seen_version)
    draft = read_draft(program)
    if draft.unsaved:
        record_event(
            "facts.draft_replaced",
            organization_id=program.organization_id,
            actor=member,
            subject=row,
            label="Draft replaced by a file",
            program=program,
            old=draft.facts,
        )
    follow(row, facts, member)
    return store_revision(member=member, program=program, wanted=wanted, facts=facts, summary=summary)


# -- people of a program ------------------------------------------------------------------------------------------


def _lock(program_id: int) -> Program:
    """Lock the program, so that two admins do not remove its last two leads at once."""
    return Program.objects.select_for_update(no_key=True).get(pk=program_id)


def _record(action: str, member: Membership, program: Program, person: Membership) -> None:
    record_event(
        action,
        organization_id=program.organization_id,
        actor=member,
        subject=program,
        label=f"{person.name} in {program.name}",
        program=program,
        new={"person": person.name, "membership": person.uuid},
    )


def _link(program: Program, person: Membership) -> tuple[ProgramMember, bool]:
    if person.organization_id != program.organization_id or not (person.is_active and person.user.is_active):
        raise Invalid([problem("membership", "Choose an active person of this organization.")])
    return ProgramMember.objects.get_or_create(
        program=program, membership=person, defaults={"organization_id": program.organization_id}
    )


@transaction.atomic
def add_member(*, member: Membership, program: Program, membership: Membership) -> ProgramMember:
    """Make a person a member of the program; nothing happens if they are. Raises NotAllowed, Invalid."""
    program = _lock(program.pk)
    permissions.can_manage_program_members(member.now()).require()
    link, is_new = _link(program, membership.now())
    if is_new:
        _record("program.member_added", member, program, membership)
    return link


@transaction.atomic
def appoint_lead(*, member: Membership, program: Program, membership: Membership) -> ProgramMember:
    """Make a person a lead of the program, beside those there are. Raises NotAllowed, Invalid."""
    program = _lock(program.pk)
    permissions.can_appoint_leads(member.now()).require()
    link, _ = _link(program, membership.now())
    if not link.is_lead:
        ProgramMember.objects.filter(pk=link.pk).update(is_lead=True)
        link.is_lead = True
        _record("program.lead_appointed", member, program, membership)
        _tell(member, program, membership, f"You lead {program.name} now")
    return link


@transaction.atomic
def release_lead(*, member: Membership, program: Program, membership: Membership) -> None:
    """Make a lead a plain member again. Raises NotAllowed, Invalid for the last lead."""
    program = _lock(program.pk)
    permissions.can_appoint_leads(member.now()).require()
    link = ProgramMember.objects.filter(program=program, membership=membership, is_lead=True).first()
    if link is None:
        return
    _keep_a_lead(link)
    ProgramMember.objects.filter(pk=link.pk).update(is_lead=False)
    _record("program.lead_released", member, program, membership)
    _tell(member, program, membership, f"You no longer lead {program.name}")


@transaction.atomic
def remove_member(*, member: Membership, program: Program, membership: Membership) -> None:
    """End a person's membership in the program; what they did stays. Raises NotAllowed, Invalid for the last lead.

    Of a restricted one they see nothing any more: the leads are told of the conditions that were theirs to see to
    """
    program = _lock(program.pk)
    permissions.can_manage_program_members(member.now()).require()
    link = ProgramMember.objects.filter(program=program, membership=membership).first()
    if link is None:
        return
    if link.is_lead:
        _keep_a_lead(link)
    link.delete()
    _record("program.member_removed", member, program, membership)
    if program.restricted:
        owners_left.tell_of(Condition.objects.filter(review__program=program, owner=membership))


def _tell(actor: Membership, program: Program, person: Membership, title: str) -> None:
    """Tell a person that they lead a program, or no longer do, each time anew."""
    notify(
        [person],
        "lead_appointed",
        organization_id=program.organization_id,
        title=title,
        body=f"By {actor.name}.",
        url=reverse("assessments:program_detail", args=[program.uuid]),
        key=f"lead:{program.uuid}:{database_now():%Y%m%d%H%M%S%f}",
        program=program,
        actor=actor,
    )


def _keep_a_lead(link: ProgramMember) -> None:
    if not ProgramMember.objects.filter(program=link.program_id, is_lead=True).exclude(pk=link.pk).exists():
        raise Invalid([problem("membership", "The program would have no lead left. Appoint another one first.")])
