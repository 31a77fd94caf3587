"""Every rule about a program, a review, a framework or a report: may this person do it now?

Reads are decided by `visible_to` beside the models. Each function takes the membership first and answers with a
Verdict whose reason a page can show. A caller that has many subjects to ask about loads `ProgramRights` once.
"""

from functools import cached_property

from accounts.models import RoleGrant
from accounts.permissions import ALLOWED, Verdict, has_role
from assessments.models import (
    ApprovalStep,
    Assignment,
    CriteriaVersion,
    Delegation,
    Program,
    ProgramMember,
    Review,
    Signature,
    duties,
)
from assessments.models.seeing_to import LEFT, SHUT_OUT, WITHOUT_ROLE

ROLES = RoleGrant.Role.values


def leads(member, program: Program) -> bool:
    """Whether the membership leads the program."""
    return bool(
        member
        and member.is_active
        and ProgramMember.objects.filter(program=program, membership=member, is_lead=True).exists()
    )


class ProgramRights:
    """What one membership may do with one program; asks the database once."""

    def __init__(self, member, program: Program):
        self.member, self.program = member, program

    @cached_property
    def is_lead(self) -> bool:
        return leads(self.member, self.program)

    def edit_section(self, owner_function: str) -> Verdict:
        """Edit the draft's fields that a function owns."""
        if self.is_lead:
            return ALLOWED
        if has_role(self.member, "assessor") and owner_function in self.member.function_keys:
            return ALLOWED
        return Verdict("Only the program lead and the function that owns a fact change it.")

    def edit_fact(self, owner_function: str, *, commercial: bool) -> Verdict:
        """Edit one fact of the draft: the section's rule, and nobody writes a price that they may not read."""
        verdict = self.edit_section(owner_function)
        return self.see_commercial() if verdict and commercial else verdict

    def see_commercial(self) -> Verdict:
        return can_see_commercial(self.member, self.program, is_lead=self.is_lead)


def can_see_commercial(member, program: Program, *, is_lead: bool | None = None) -> Verdict:
    """Prices and terms are confidential."""
    if has_role(member, "approver", "admin", "auditor"):
        return ALLOWED
    if has_role(member, "assessor") and "finance" in member.function_keys:
        return ALLOWED
    if leads(member, program) if is_lead is None else is_lead:
        return ALLOWED
    return Verdict("Prices and terms are shown to Finance, the program lead, approvers, admins and auditors.")


def can_create_program(member) -> Verdict:
    if has_role(member, "admin"):
        return ALLOWED
    return Verdict("An admin creates programs and appoints their leads.")


def can_appoint_leads(member) -> Verdict:
    return ALLOWED if has_role(member, "admin") else Verdict("Only an admin appoints program leads.")


def can_edit_facts(member, program: Program, owner_function: str) -> Verdict:
    return ProgramRights(member, program).edit_section(owner_function)


def can_save_revision(member, program: Program) -> Verdict:
    """Saving a revision moves the open review and every watch: the lead's act."""
    return ALLOWED if leads(member, program) else Verdict("Only the program lead saves a revision of the facts.")


def can_re_anchor(member, program: Program) -> Verdict:
    """Moving month 0 touches facts of every function: the lead's act."""
    return ALLOWED if leads(member, program) else Verdict("Only the program lead re-anchors the facts.")


def can_see_draft(member, program: Program) -> Verdict:
    """Drafts of facts are for those who work on them; an auditor reads what was saved."""
    if has_role(member, "viewer", "assessor", "approver", "admin") or leads(member, program):
        return ALLOWED
    return Verdict("Auditors read saved revisions, not drafts.")


def can_manage_program_members(member) -> Verdict:
    return ALLOWED if has_role(member, "admin") else Verdict("Only an admin adds people to a program or removes them.")


def can_change_options(member, program: Program) -> Verdict:
    return ALLOWED if leads(member, program) else Verdict("Only the program lead adds or removes options.")


def can_lead_review(member, program: Program) -> Verdict:
    """Open, assign, reveal, reconcile, propose, submit, withdraw."""
    return ALLOWED if leads(member, program) else Verdict("Only the program lead does this.")


def can_rate(member, review: Review, assignment: Assignment | None) -> Verdict:
    """Ratings are given by assignment, whatever the other roles."""
    if review.state not in Review.TAKES_RATINGS:
        return Verdict(f"The review is {review.get_state_display().lower()}; it takes no ratings.")
    if assignment is None or assignment.membership_id != member.pk or not member.is_active:
        return Verdict("You are not assigned to rate in this review.")
    return ALLOWED


def can_read_sheet(member, assignment: Assignment | None) -> Verdict:
    """A score sheet is its own person's."""
    if assignment is None or assignment.membership_id != member.pk:
        return Verdict("You are not assigned to rate in this review.")
    return ALLOWED


def can_see_all_ratings(member, review: Review) -> Verdict:
    if review.is_revealed:
        return ALLOWED
    return Verdict("Until the lead reveals the ratings, everyone sees only their own.")


def can_manage_criteria(member) -> Verdict:
    return ALLOWED if has_role(member, "admin") else Verdict("Only an admin edits and publishes criteria.")


def can_publish(member, version: CriteriaVersion) -> Verdict:
    if verdict := can_manage_criteria(member):
        if version.state != CriteriaVersion.State.DRAFT:
            return Verdict("Only a draft is published.")
        return ALLOWED
    return verdict


def names(member, step: ApprovalStep) -> bool:
    """Whether the route's step names the membership: itself, its function, or its role."""
    return member.is_active and step.parties.naming(member).exists()


SIGNED_ONCE = Verdict("You signed this step already; on an executive step one person gives one signature.")


def can_sign(member, step: ApprovalStep) -> Verdict:
    """Sign a step now in one's own name: it is open, names the person, and they keep the separation of duties."""
    if step.state != ApprovalStep.State.OPEN:
        return Verdict("This step is not open.")
    if not names(member, step):
        return qualified(member, step) and Verdict("The route does not name you for this step.")
    if step.kind == ApprovalStep.Kind.EXECUTIVE and _gave_a_signature(member, step):
        return SIGNED_ONCE
    return qualified(member, step) and separation_of_duties(member, step)


def _gave_a_signature(member, step: ApprovalStep) -> bool:
    return Signature.objects.at(step).current().filter(membership=member).exists()


def qualified(member, step: ApprovalStep) -> Verdict:
    """Whether the person holds what a signature on the step takes, whoever the route names."""
    if not member.is_active or not member.user.is_active:
        return Verdict("Your account is not active.")
    if not member.roles:
        return Verdict("You hold no role here any more.")
    if step.kind == ApprovalStep.Kind.EXECUTIVE and not has_role(member, "approver"):
        return Verdict("Only approvers sign an executive step.")
    return ALLOWED


def separation_of_duties(member, step: ApprovalStep) -> Verdict:
    """Whoever rated or submitted signs no executive step, and nobody signs two steps, nor lets two be signed for them,
    unless the route says so of the step (`step.despite`)."""
    if duties.SIGNED not in step.despite:
        others = ApprovalStep.objects.filter(submission=step.submission_id).exclude(pk=step.pk)
        if others.apart().signed_by(member).exists():
            return Verdict("You signed another step of this submission; someone else signs this one.")
    if step.kind == ApprovalStep.Kind.EXECUTIVE:
        if duties.SUBMITTED not in step.despite and duties.has_submitted(member, step.review):
            return Verdict("You submitted this review; someone else approves it.")
        if duties.RATED not in step.despite:
            if duties.has_rated(member, step.review):
                return Verdict("You rated in this review; someone else approves it.")
            if duties.has_agreed(member, step.review):
                return Verdict("You recorded an agreed value in this review; someone else approves it.")
    return ALLOWED


def can_sign_for(member, giver, step: ApprovalStep) -> Verdict:
    """Sign a step in the place of somebody who delegated: both keep the separation of duties, and both are qualified."""
    in_force = Delegation.objects.in_force(member.organization).filter(giver=giver, taker=member)
    if not in_force.exists():
        return Verdict(f"{giver.name} has not delegated to you for today.")
    if not (theirs := can_sign(giver, step)):
        return Verdict(f"{giver.name} could not sign this step: {of_another(theirs.reason)}")
    if not (own := qualified(member, step) and separation_of_duties(member, step)):
        return own
    if step.kind == ApprovalStep.Kind.EXECUTIVE and Signature.objects.at(step).current().filter(membership=member):
        return SIGNED_ONCE
    return ALLOWED


def of_another(reason: str) -> str:
    """A reason that speaks to a person, told of somebody else."""
    return reason.replace("Your account", "their account").replace("You ", "they ").replace(" you ", " them ")


def givers_of(member) -> list:
    """Those in whose place the membership may act today, with their rights as they are now."""
    given = Delegation.objects.in_force(member.organization).filter(taker=member).order_by("pk")
    return [delegation.giver.now() for delegation in given.select_related("giver")]


def may_sign(member, step: ApprovalStep) -> Verdict:
    """Sign a step now, in one's own name or in the place of somebody who delegated."""
    own = can_sign(member, step)
    if own:
        return ALLOWED
    in_place = [can_sign_for(member, giver, step) for giver in givers_of(member)]
    if any(in_place):
        return ALLOWED
    return own if names(member, step) or not in_place else in_place[0]


def in_whose_place(member, step: ApprovalStep):
    """For whom the membership acts on a step that it may sign: None in its own right, which comes first."""
    if can_sign(member, step):
        return None
    return next((giver for giver in givers_of(member) if can_sign_for(member, giver, step)), None)


def can_act_on_step(member, step: ApprovalStep) -> Verdict:
    """Return, or ask one question: whoever may sign the open step."""
    return may_sign(member, step)


def can_reject(member, step: ApprovalStep) -> Verdict:
    """End the review for good: an approver of the open executive step. Functions return."""
    if step.kind != ApprovalStep.Kind.EXECUTIVE:
        return Verdict("Only the approvers of an executive step reject for good; a function returns the submission.")
    return may_sign(member, step)


def can_amend(member, step: ApprovalStep) -> Verdict:
    """Write the next proposed decision: an approver of the open executive step."""
    if step.kind != ApprovalStep.Kind.EXECUTIVE:
        return Verdict("The proposed decision is amended on the executive step.")
    return may_sign(member, step)


def can_remind(member, program: Program) -> Verdict:
    return ALLOWED if leads(member, program) else Verdict("The program lead reminds those who have yet to sign.")


def can_reassign(member, program: Program) -> Verdict:
    """Put a named person in the place of one that the route names: lead or admin."""
    here = member.organization_id == program.organization_id
    if here and has_role(member, "admin") or leads(member, program):
        return ALLOWED
    return Verdict("The program lead or an admin reassigns a step.")


def can_take_over(member, person, step: ApprovalStep) -> Verdict:
    """Whether a step may be reassigned to a person, whoever reassigns it."""
    if person.pk == member.pk:
        return Verdict("Nobody reassigns a step to themselves; ask somebody else to do it.")
    verdict = can_stand_in(person, step)
    return verdict or Verdict(f"{person.name} cannot take this step over: {of_another(verdict.reason)}")


def can_stand_in(taker, step: ApprovalStep) -> Verdict:
    """Whether somebody could sign a step in another's place, once it is open."""
    return qualified(taker, step) and reads_before_approval(taker) and separation_of_duties(taker, step)


def reads_before_approval(member) -> Verdict:
    """Whether the person could read what they sign: `Review.objects.visible_to` shows an auditor approved reviews alone."""
    if has_role(member, *(set(ROLES) - {"auditor"})):
        return ALLOWED
    return Verdict("You hold the role auditor alone, which reads no review before it is approved.")


def can_delegate(member, giver) -> Verdict:
    """Let somebody sign in another's place: each for themselves; an admin for others, with a reason."""
    if not has_role(member, *ROLES):
        return Verdict("You hold no role here any more.")
    if giver.pk == member.pk or has_role(member, "admin"):
        return ALLOWED
    return Verdict("People delegate for themselves; an admin does it for somebody who is away.")


def can_end_delegation(member, delegation: Delegation) -> Verdict:
    """Whoever gave it, took it, or an admin."""
    here = member.organization_id == delegation.organization_id
    if member.pk in (delegation.giver_id, delegation.taker_id) or here and has_role(member, "admin"):
        return ALLOWED
    return Verdict("Whoever gave or took a delegation ends it, or an admin.")


def can_ask_for_report(member, review: Review) -> Verdict:
    """Anyone who may see a revealed review; before that a report would show more than its reader may know."""
    if not review.is_revealed:
        return Verdict("Reports are made once the ratings are revealed.")
    return ALLOWED


def can_verify(member, program: Program) -> Verdict:
    """Have a frozen record computed again: whoever answers for records."""
    if has_role(member, "approver", "admin", "auditor") or leads(member, program):
        return ALLOWED
    return Verdict("Approvers, admins, auditors and the program lead recompute a record.")


def can_see_jobs(member) -> Verdict:
    return ALLOWED if has_role(member, "admin") else Verdict("The system page is for admins.")


def can_follow_job(target) -> Verdict:
    """Read how far a job is that one's program, review or report waits for. Each rating moves its review's job."""
    if isinstance(target, Review) and target.is_blind:
        return Verdict("While ratings are blind nobody follows the review's computation: each rating starts it again.")
    return ALLOWED


def can_retry(member, program: Program) -> Verdict:
    """Try a failed computation again: lead or admin."""
    if has_role(member, "admin") or leads(member, program):
        return ALLOWED
    return Verdict("The program lead or an admin tries again.")


def can_see_to(person, program: Program) -> Verdict:
    """Whether somebody can see to a thing of the program: active, with a role, and such as may see it.

    Of many people at once `models.seeing_to` answers.
    """
    if not person.is_here:
        return Verdict(f"{person.name} {LEFT}.")
    if not person.roles:
        return Verdict(f"{person.name} {WITHOUT_ROLE}.")
    if not Program.objects.visible_to(person).filter(pk=program.pk).exists():
        return Verdict(f"{person.name} {SHUT_OUT}.")
    return ALLOWED


def can_move_condition(member, condition) -> Verdict:
    """Say how far a condition is, with its evidence: its owner, the program's lead, an admin."""
    if condition.owner_id and condition.owner_id == member.pk and can_see_to(member, condition.review.program):
        return ALLOWED
    if has_role(member, "admin") or leads(member, condition.review.program):
        return ALLOWED
    return Verdict("Only the owner of a condition, the program lead and admins say how far it is.")


def can_hand_over_condition(member, condition) -> Verdict:
    """Let somebody else see to a condition: whoever may say how far it is."""
    if can_move_condition(member, condition):
        return ALLOWED
    return Verdict("Only the owner of a condition, the program lead and admins hand it over.")
