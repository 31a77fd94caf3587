"""From the draft to a revision, and back to one."""

from django.db import transaction

from accounts.audit import record_event
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.models import ProfileRevision, Program
from assessments.services.drafts.reading import read_draft
from assessments.services.drafts.rows import follow, lock_draft, require_version
from assessments.services.revisions import begin_revision, facts_in_order, problem, store_revision


@transaction.atomic
def save_revision(
    *, member: Membership, program: Program, summary: str, seen_version: int | None = None
) -> ProfileRevision:
    """Save the draft as the next revision, on which the open review and every result follow.

    A value that is still to be confirmed stops it: a revision has no word for "perhaps", and results would rest on it.

    seen_version  of the draft
    Raises        NotAllowed; Clash if the draft changed since; Invalid naming every missing, impossible or unconfirmed
                  value; WrongState where nothing changed since the last revision
    """
    program, wanted = begin_revision(member, program.pk)
    require_version(lock_draft(program.pk), seen_version)
    draft = read_draft(program)
    problems = list(draft.problems)
    if not summary.strip():
        problems.append(problem("summary", "Say in a few words what changed.", value=summary))
    if problems:
        raise Invalid(problems)
    if not draft.unsaved:
        raise WrongState(f"Nothing changed since {program.revision}: there is nothing to save.")
    return store_revision(member=member, program=program, wanted=wanted, facts=draft.facts, summary=summary)


@transaction.atomic
def reset_draft(
    *, member: Membership, program: Program, revision: ProfileRevision, seen_version: int | None = None
) -> None:
    """Make the draft say what a saved revision of the program says; the trail keeps what it said before.

    seen_version  of the draft
    Raises        NotAllowed, Clash; Invalid for a revision of another program
    """
    row = lock_draft(program.pk)
    permissions.can_save_revision(member.now(), row.program).require()
    if revision.program_id != row.program_id:
        raise Invalid([problem("revision", "This revision belongs to another program.")])
    require_version(row, seen_version)
    before = read_draft(row.program)
    follow(row, facts_in_order(revision), member)
    record_event(
        "facts.draft_reset",
        organization_id=row.organization_id,
        actor=member,
        subject=row,
        label=f"Draft set to {revision}",
        program=row.program,
        old=before.facts,
        new={"revision": revision.number},
    )
