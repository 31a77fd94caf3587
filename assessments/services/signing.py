"""What a signature is: re-authentication that gives a one-time grant, the statement, and the digest that binds it all."""

import datetime
import secrets
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.audit import database_now, record_event, sha256_of
from accounts.models import AuditEvent, Function, Membership, User
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Clash, GrantRefused, WrongState
from assessments.models import ApprovalStep, ProposedDecision, Review, Signature, SigningGrant

STATEMENTS = {
    "1": (
        "I sign this in my own name. I have read what I sign, I answer for this act as for one signed by hand, "
        "and nobody else has used my password to perform it."
    ),
}
STATEMENT_VERSION = "1"
GOOD_FOR = datetime.timedelta(minutes=5)
WRONG_PASSWORDS = 5
LOCKED_FOR = datetime.timedelta(minutes=15)
REFUSED, GRANTED, LOCKED = "signing.password_refused", "signing.granted", "signing.locked"
MEANING_OF = {
    ApprovalStep.Kind.FUNCTIONAL.value: Signature.Meaning.REVIEWED,
    ApprovalStep.Kind.EXECUTIVE.value: Signature.Meaning.APPROVED,
}


def proposed_of(step: ApprovalStep) -> ProposedDecision:
    """The proposed decision of the step's submission as it stands now."""
    return step.submission.proposed_decisions.select_related("option", "author__user").order_by("-number")[0]


def what_is_signed(step: ApprovalStep, proposed: ProposedDecision) -> str:
    """The hash of what a signature on the step binds: the submission and, on an executive step, the proposed decision."""
    executive = step.kind == ApprovalStep.Kind.EXECUTIVE
    return sha256_of(
        {
            "step": step.uuid,
            "submission": step.submission.sha256,
            "proposed_decision": proposed.sha256 if executive else "",
        }
    )


def require_open(step: ApprovalStep) -> None:
    """Raises WrongState unless the step waits for signatures now."""
    review = step.review
    if review.state != Review.State.IN_APPROVAL:
        raise WrongState(f"The review is {review.get_state_display().lower()}; nothing is signed now.")
    if step.state == ApprovalStep.State.DONE:
        raise WrongState(f"{step.name} is complete: it was signed meanwhile.")
    if step.state != ApprovalStep.State.OPEN:
        raise WrongState(f"{step.name} is not open for signatures now.")


def locked_until(user: User) -> datetime.datetime | None:
    """Until when the person cannot sign, after five wrong passwords in a row; None if they can.

    Counted from the audit trail, so it lies in PostgreSQL and holds over every session, organization and process.
    """
    now = database_now()
    events = AuditEvent.objects.filter(
        actor__user=user, action__in=(REFUSED, GRANTED), at__gt=now - LOCKED_FOR
    ).order_by("-pk")[:WRONG_PASSWORDS]
    wrong = [event for event in events if event.action == REFUSED]
    if len(wrong) < WRONG_PASSWORDS:
        return None
    return wrong[0].at + LOCKED_FOR


def grant_to_sign(*, member: Membership, step_id: int, password: str, bound_to: str) -> str:
    """Re-authenticate a person and give leave to sign one step once within five minutes.

    bound_to  the hash (`what_is_signed`) of what the person was shown
    Returns   the grant; only its digest is kept
    Raises    NotAllowed (wrong password, counted; signing locked; not theirs to sign), WrongState, Clash when what is
              signed is not what was shown any more
    """
    step = ApprovalStep.objects.select_related("review", "submission").get(pk=step_id)
    require_open(step)
    permissions.can_sign(member.now(), step).require()
    if not secrets.compare_digest(what_is_signed(step, proposed_of(step)).encode(), bound_to.encode()):
        raise Clash("The proposed decision was amended meanwhile. Read it again before you sign.")
    with transaction.atomic():
        token, refusal = _prove(member, step, password, bound_to)
    # Raised after the commit: a refused attempt stays on record.
    if refusal:
        raise NotAllowed(refusal)
    return token


def _prove(member: Membership, step: ApprovalStep, password: str, bound_to: str) -> tuple[str, str]:
    """A grant, or the reason for refusing one. Attempts of one person are counted one after the other."""
    user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
    if until := locked_until(user):
        return "", f"Signing is locked until {until:%H:%M} UTC after {WRONG_PASSWORDS} wrong passwords in a row."
    common: dict[str, Any] = {
        "organization_id": step.organization_id,
        "actor": member,
        "subject": step,
        "program": step.review.program,
        "review": step.review,
    }
    if not is_the_person(user, password=password):
        record_event(REFUSED, **common)
        if until := locked_until(user):
            record_event(LOCKED, new={"until": until}, **common)
            return "", f"The password is wrong. Signing is locked until {until:%H:%M} UTC; the attempts are on record."
        return "", "The password is wrong. The attempt is on record."
    token = secrets.token_urlsafe(32)
    SigningGrant.objects.create(
        organization_id=step.organization_id,
        membership=member,
        digest=sha256_of(token),
        bound_to=bound_to,
        expires_at=database_now() + GOOD_FOR,
    )
    record_event(GRANTED, **common)
    return token, ""


def is_the_person(user: User, *, password: str) -> bool:
    """The one place that decides whether somebody proved who they are; further factors are asked for here."""
    return user.is_active and user.has_usable_password() and user.check_password(password)


def spend(member: Membership, grant: str, bound_to: str) -> None:
    """Use a grant up inside the transaction of the signature. Raises GrantRefused, Clash."""
    own = SigningGrant.objects.filter(digest=sha256_of(grant), membership=member)
    if own.filter(bound_to=bound_to, used_at=None, expires_at__gt=Now()).update(used_at=Now()):
        return
    held = own.first()
    if held is None:
        raise GrantRefused("Confirm with your password that it is you who signs.")
    if held.used_at is not None:
        raise GrantRefused("This confirmation was used already. Confirm again with your password.")
    if held.bound_to != bound_to:
        raise Clash("What you confirmed is not what stands here now. Read it again before you sign.")
    raise GrantRefused("Your confirmation is older than five minutes. Confirm again with your password.")


def digest_of(signature: Signature) -> str:
    """SHA-256 over all that a signature binds: moved or copied to another row, it does not match any more."""
    proposed = signature.proposed_decision
    bound: dict[str, Any] = {
        "signature": signature.uuid,
        "organization": signature.organization.uuid,
        "step": signature.step.uuid,
        "submission": signature.submission.uuid,
        "submission_sha256": signature.submission_sha256,
        "proposed_decision": proposed.uuid if proposed else None,
        "proposed_sha256": signature.proposed_sha256,
        "membership": signature.membership.uuid,
        "user": signature.membership.user.uuid,
        "function": signature.function.key if signature.function else None,
        "printed_name": signature.printed_name,
        "meaning": signature.meaning,
        "statement": signature.statement,
        "statement_version": signature.statement_version,
        "at": signature.at,
    }
    return sha256_of(bound)


def write_signature(
    member: Membership, step: ApprovalStep, proposed: ProposedDecision, *, meaning: str, function: Function | None
) -> Signature:
    """The signature row, with the name as it is printed now and the database's time."""
    executive = step.kind == ApprovalStep.Kind.EXECUTIVE
    signature = Signature(
        organization=step.organization,
        step=step,
        submission=step.submission,
        proposed_decision=proposed if executive else None,
        membership=member,
        function=function,
        printed_name=member.name,
        meaning=meaning,
        statement=STATEMENTS[STATEMENT_VERSION],
        statement_version=STATEMENT_VERSION,
        submission_sha256=step.submission.sha256,
        proposed_sha256=proposed.sha256 if executive else "",
        at=database_now(),
    )
    signature.digest = digest_of(signature)
    signature.save(force_insert=True)
    return signature


def functions_to_sign_for(member: Membership, step: ApprovalStep, proposed: ProposedDecision) -> list[Function]:
    """The functions that the step names, that the person speaks for, and for which no signature counts yet."""
    signed = step.signatures.counting(proposed).exclude(function=None).values("function")
    own = [function.pk for function in member.functions]
    parties = step.parties.filter(function__in=own).exclude(function__in=signed).select_related("function")
    return [party.function for party in parties]


def is_named_otherwise(member: Membership, step: ApprovalStep) -> bool:
    """Whether the step names the person in person or by role, whatever their functions."""
    return step.parties.filter(Q(membership=member) | Q(role__in=member.roles)).exists()
