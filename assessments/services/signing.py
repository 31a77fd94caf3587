"""What a signature is: re-authentication that gives a one-time grant, the statement, and the digest that binds it all."""

import datetime
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts import proof
from accounts.audit import database_now, record_event, sha256_of
from accounts.locks import tell_of_lock
from accounts.models import Function, Membership, User
from accounts.outbound import one_line
from accounts.permissions import NotAllowed, TooMany
from assessments import permissions
from assessments.errors import Clash, GrantRefused, WrongState
from assessments.models import ApprovalStep, ProposedDecision, Review, Signature, SigningGrant
from assessments.services import deciding, twice

STATEMENTS = {
    "1": (
        "I sign this in my own name. I have read what I sign, I answer for this act as for one signed by hand, "
        "and nobody else has used my password to perform it."
    ),
    "1 for another": (
        "I sign this in the place of {giver}, who delegated to me; the act is mine. I have read what I sign, "
        "I answer for this act as for one signed by hand, and nobody else has used my password to perform it."
    ),
}
STATEMENT_VERSION, STATEMENT_FOR_ANOTHER = "1", "1 for another"
GOOD_FOR = datetime.timedelta(minutes=5)
LONGEST_NAME = 150
MEANING_OF = {
    ApprovalStep.Kind.FUNCTIONAL.value: Signature.Meaning.REVIEWED,
    ApprovalStep.Kind.EXECUTIVE.value: Signature.Meaning.APPROVED,
}


class NotProven(NotAllowed):
    """Somebody did not prove who they are. field: what was wrong, "password" or "code"; empty: neither was."""

    def __init__(self, message: str, field: str = ""):
        super().__init__(message)
        self.field = field


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


def bound_in(shown: str, giver: Membership | None, function_key: str = "") -> str:
    """The hash that a grant is bound to: what was shown, in whose place and for which function it is signed, and with
    which statement.

    shown         of `what_is_signed`
    function_key  empty: for whichever the signer speaks for
    """
    version, _ = statement_of(giver)
    bound = {"shown": shown, "on_behalf_of": giver.uuid if giver else "", "statement_version": version}
    return sha256_of(bound | {"function": function_key})


def require_open(step: ApprovalStep) -> None:
    """Raises WrongState unless the step waits for signatures now."""
    review = step.review
    if review.state != Review.State.IN_APPROVAL:
        raise WrongState(f"The review is {review.get_state_display().lower()}; nothing is signed now.")
    if step.state == ApprovalStep.State.DONE:
        raise WrongState(f"{step.name} is complete: it was signed meanwhile.")
    if step.state != ApprovalStep.State.OPEN:
        raise WrongState(f"{step.name} is not open for signatures now.")


def require_first(
    member: Membership, step: ApprovalStep, proposed: ProposedDecision, giver: Membership | None, function_key: str
) -> None:
    """Raises DoneAlready where the signature stands already that the person wants to give in this capacity.

    function_key  empty: for whichever they speak for, as long as one is left
    """
    review = step.review
    if review.state not in (Review.State.IN_APPROVAL, *Review.RECORDED):
        return
    if not function_key and step.state == ApprovalStep.State.OPEN and _left_for(giver or member, step, proposed, giver):
        return
    given = Signature.objects.at(step).counting(proposed).filter(membership=member, on_behalf_of=giver)
    for last in given.select_related("function").order_by("-pk"):
        if function_key and not (last.function and last.function.key == function_key):
            continue
        url = reverse("assessments:review_approval", args=[review.uuid])
        raise twice.done_already(f"You signed {step.name}", last.at, url)


@dataclass(frozen=True)
class Capacity:
    """In what capacity somebody signs: for a function of the route or as themselves, and perhaps in another's place."""

    function: Function | None = None
    giver: Membership | None = None

    @property
    def key(self) -> str:
        """One text for one capacity, as a form sends it back."""
        return f"{self.function.key if self.function else ''}@{self.giver.uuid if self.giver else ''}"

    def __str__(self) -> str:
        whom = f" in the place of {self.giver.name}" if self.giver else ""
        words = f"{self.function.name if self.function else 'Myself' if not whom else ''}{whom}".strip()
        return words[:1].upper() + words[1:]  # names and “QA” keep their letters


def capacities(member: Membership, step: ApprovalStep, proposed: ProposedDecision) -> list[Capacity]:
    """Every capacity in which the person could sign the step now, their own first."""
    found: list[Capacity] = []
    if permissions.can_sign(member, step):
        found += _left_for(member, step, proposed, None)
    for giver in permissions.givers_of(member):
        if permissions.can_sign_for(member, giver, step):
            found += _left_for(giver, step, proposed, giver)
    first: dict[Any, Capacity] = {}
    for capacity in found:
        first.setdefault(capacity.function.pk if capacity.function else capacity.giver, capacity)
    return list(first.values())


def _left_for(person: Membership, step: ApprovalStep, proposed: ProposedDecision, giver: Any) -> list[Capacity]:
    functions = functions_to_sign_for(person, step, proposed)
    if functions:
        return [Capacity(function, giver) for function in functions]
    if is_named_otherwise(person, step) and not has_signed(person, step, proposed):
        return [Capacity(None, giver)]
    return []


def _is_for(capacity: Capacity, function_key: str) -> bool:
    return capacity.function is not None and capacity.function.key == function_key


def has_signed(person: Membership, step: ApprovalStep, proposed: ProposedDecision) -> bool:
    """Whether a signature as themselves, or in their place, counts on the step."""
    own = Q(membership=person, on_behalf_of=None) | Q(on_behalf_of=person)
    return Signature.objects.at(step).counting(proposed).filter(own, function=None).exists()


def grant_to_sign(
    *,
    member: Membership,
    step_id: int,
    password: str,
    bound_to: str,
    code: str = "",
    on_behalf_of: Membership | None = None,
    function_key: str = "",
) -> str:
    """Re-authenticate a person and give leave to sign one step once within five minutes, in one capacity.

    bound_to      the hash (`what_is_signed`) of what the person was shown
    code          of the second factor, where one is enrolled (`proof.second_factor`)
    on_behalf_of  in whose place they sign, as the statement said that they read; the grant is good for no other
    function_key  for which function alone it is good; empty: for whichever they speak for
    Returns   the grant; only its digest is kept
    Raises    NotProven (wrong password or code, counted), NotAllowed (not theirs to sign), TooMany while signing is locked,
              WrongState, DoneAlready, Clash when what is signed is not what was shown any more, Missing where the
              signature would make a decision that something holds up: no code is used up for it
    """
    step = ApprovalStep.objects.select_related("review__program", "submission").get(pk=step_id)
    now, giver, proposed = member.now(), on_behalf_of.now() if on_behalf_of else None, proposed_of(step)
    require_first(now, step, proposed, giver, function_key)
    require_open(step)
    verdict = permissions.can_sign_for(now, giver, step) if giver else permissions.may_sign(now, step)
    verdict.require()
    if not secrets.compare_digest(what_is_signed(step, proposed).encode(), bound_to.encode()):
        raise Clash("The proposed decision was amended meanwhile. Read it again before you sign.")
    left = _left_for(giver or now, step, proposed, giver)
    if deciding.would_decide(step, now, [one for one in left if not function_key or _is_for(one, function_key)]):
        deciding.require_owners(step.review)
    with transaction.atomic():
        token, refusal = _prove(member, step, bound_in(bound_to, giver, function_key), password=password, code=code)
    # Raised after the commit: a refused attempt stays on record.
    if refusal:
        raise refusal
    return token


def _prove(
    member: Membership, step: ApprovalStep, bound_to: str, *, password: str, code: str
) -> tuple[str, NotAllowed | None]:
    """A grant, or the refusal of one. Attempts of one person are counted one after the other."""
    user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
    if until := proof.locked_until(user):
        return "", _locked(until)
    common: dict[str, Any] = {
        "organization_id": step.organization_id,
        "actor": member,
        "subject": step,
        "program": step.review.program,
        "review": step.review,
    }
    try:
        factors = proof.prove(user, password=password, code=code)
    except proof.NotProven as refusal:
        if not refusal.counts:
            return "", NotProven(str(refusal))
        record_event(refusal.action, **common)
        if until := proof.locked_until(user):
            event = record_event(proof.LOCKED, new={"until": until}, **common)
            tell_of_lock(
                user,
                "signing_locked",
                key=f"signing_locked:{event.uuid}",
                title=f"Signing of {member.name} is locked until {until:%H:%M} UTC on {until:%-d %b %Y}",
                body=(
                    f"After {proof.WRONG_ATTEMPTS} wrong passwords or codes in a row. If that was not {member.name}, the "
                    "account may be in other hands: let the password be changed, and deactivate it until then."
                ),
            )
            return "", _locked(until, f"{refusal} ")
        field = "code" if refusal.action == proof.CODE_REFUSED else "password"
        return "", NotProven(f"{refusal} The attempt is on record.", field)
    token = secrets.token_urlsafe(32)
    SigningGrant.objects.create(
        organization_id=step.organization_id,
        membership=member,
        digest=sha256_of(token),
        bound_to=bound_to,
        expires_at=database_now() + GOOD_FOR,
        factors=factors,
    )
    record_event(proof.GRANTED, new={"factors": factors}, **common)
    return token, None


def _locked(until: datetime.datetime, first: str = "") -> TooMany:
    return TooMany(
        f"{first}Signing is locked until {until:%H:%M} UTC after {proof.WRONG_ATTEMPTS} wrong attempts in a row, which are "
        "on record.",
        until - database_now(),
    )


def spend(member: Membership, grant: str, bound_to: Collection[str]) -> str:
    """Use a grant up inside the transaction of the signature; what the person proved themselves with.

    bound_to  each hash (`bound_in`) that the signature answers to: with its function, and with whichever
    Raises TooMany while signing is locked, also for a grant from before; GrantRefused, Clash
    """
    if until := proof.locked_until(member.user):
        raise _locked(until)
    own = SigningGrant.objects.filter(digest=sha256_of(grant), membership=member)
    if own.filter(bound_to__in=bound_to, used_at=None, expires_at__gt=Now()).update(used_at=Now()):
        return own.values_list("factors", flat=True)[0]
    held = own.first()
    if held is None:
        raise GrantRefused("Confirm with your password that it is you who signs.")
    if held.used_at is not None:
        raise GrantRefused("This confirmation was used already. Confirm again with your password.")
    if held.bound_to not in bound_to:
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
    # Left out where there is none, as from every signature given before these were known.
    if signature.on_behalf_of:
        bound["on_behalf_of"] = signature.on_behalf_of.uuid
    if signature.factors:
        bound["factors"] = signature.factors
    return sha256_of(bound)


def printed_name(member: Membership, giver: Membership | None) -> str:
    """The name under a signature, with that of the person in whose place it is given; however long, it tells both."""
    if giver is None:
        return member.name
    whole = f"{member.name} on behalf of {giver.name}"
    if len(whole) <= LONGEST_NAME:
        return whole
    most = (LONGEST_NAME - len(" on behalf of ")) // 2
    return f"{one_line(member.name, most)} on behalf of {one_line(giver.name, most)}"


def statement_of(giver: Membership | None) -> tuple[str, str]:
    """The version and the words of the statement that a signature makes."""
    version = STATEMENT_FOR_ANOTHER if giver else STATEMENT_VERSION
    return version, STATEMENTS[version].format(giver=giver.name if giver else "")


def write_signature(
    member: Membership,
    step: ApprovalStep,
    proposed: ProposedDecision,
    *,
    meaning: str,
    capacity: Capacity,
    factors: str,
) -> Signature:
    """The signature row, with the names as they are printed now and the database's time."""
    executive = step.kind == ApprovalStep.Kind.EXECUTIVE
    version, statement = statement_of(capacity.giver)
    signature = Signature(
        organization=step.organization,
        step=step,
        submission=step.submission,
        proposed_decision=proposed if executive else None,
        membership=member,
        on_behalf_of=capacity.giver,
        function=capacity.function,
        printed_name=printed_name(member, capacity.giver),
        meaning=meaning,
        statement=statement,
        statement_version=version,
        factors=factors,
        submission_sha256=step.submission.sha256,
        proposed_sha256=proposed.sha256 if executive else "",
        at=database_now(),
    )
    signature.digest = digest_of(signature)
    signature.save(force_insert=True)
    return signature


def functions_to_sign_for(member: Membership, step: ApprovalStep, proposed: ProposedDecision) -> list[Function]:
    """The functions that the step names, that the person speaks for, and for which no signature counts yet."""
    signed = Signature.objects.at(step).counting(proposed).exclude(function=None).values("function")
    own = [function.pk for function in member.functions]
    parties = step.parties.filter(function__in=own).exclude(function__in=signed).select_related("function")
    return [party.function for party in parties]


def is_named_otherwise(member: Membership, step: ApprovalStep) -> bool:
    """Whether the step names the person in person or by role, whatever their functions."""
    return step.parties.filter(Q(membership=member) | Q(role__in=member.roles)).exists()
