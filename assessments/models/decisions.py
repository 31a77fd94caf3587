"""The record of a decision: what was submitted, what is proposed, who signed what."""

import json
import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.database import frozen
from accounts.models import Function, Membership, MembershipFunction, Organization, RoleGrant
from assessments.models.programs import ProfileRevision
from assessments.models.reviews import Review, ReviewOption
from assessments.models.scorecards import Scorecard
from assessments.models.texts import SeenText


class Submission(models.Model):
    """The frozen record of a review: facts, criteria, ratings, scorecard.

    record         canonical JSON text; `sha256` is its digest
    return_answer  what was done about the return of the former submission, as the record has it too
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveSmallIntegerField()
    record = models.TextField()
    sha256 = models.CharField(max_length=64)
    revision = models.ForeignKey(ProfileRevision, on_delete=models.PROTECT, related_name="+")
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="+")
    missing_reason = SeenText(blank=True)
    return_answer = SeenText(blank=True, db_default="")
    submitted_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["review", "number"], name="one_submission_per_number")]
        triggers = frozen("submission")

    def __str__(self):
        return f"Submission {self.number}"


class ProposedDecision(models.Model):
    """What is put up for signature: written at submission, amended by an approver as the next number.

    record  canonical JSON text of kind, option, justification, conditions, tripwires and overrides
    """

    class Kind(models.TextChoices):
        RECOMMENDED = "recommended", "As the result says"
        ALTERNATIVE = "alternative", "Another option than the result says"
        NOT_YET = "not_yet", "Do not commit yet"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="proposed_decisions")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    option = models.ForeignKey(ReviewOption, on_delete=models.PROTECT, related_name="+", null=True)
    justification = SeenText()
    record = models.TextField()
    sha256 = models.CharField(max_length=64)
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="one_proposed_decision_per_number"),
            models.CheckConstraint(
                condition=Q(kind="not_yet", option=None)
                | Q(kind__in=("recommended", "alternative"), option__isnull=False),
                name="an_option_unless_not_yet",
            ),
        ]
        triggers = frozen("proposed_decision")

    def __str__(self):
        return f"Proposed decision {self.number}"

    @property
    def written_by(self) -> str:
        """The author's name, with that of whoever had delegated to them, as the record has it."""
        giver = json.loads(self.record)["author"].get("on_behalf_of")
        return f"{self.author.name} on behalf of {giver['name']}" if giver else self.author.name


class ApprovalStepQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(review__in=Review.objects.visible_to(member))

    def waiting_for(self, member):
        """The open steps that the membership could sign now: in its own name, or in that of somebody who delegated."""
        from assessments.models.routes import Delegation

        given = Delegation.objects.in_force(member.organization).filter(taker=member).select_related("giver")
        return self.open_for(member, [delegation.giver.now() for delegation in given])

    def acted_on_by(self, member):
        """The open steps that let the membership act: those of `waiting_for`, and those where its own part is signed."""
        from assessments.models.routes import Delegation

        given = Delegation.objects.in_force(member.organization).filter(taker=member).select_related("giver")
        return self.open_for(member, [delegation.giver.now() for delegation in given], signed_too=True)

    def open_for(self, member, givers, *, signed_too=False):
        """As `waiting_for`, of a membership whose givers of today are at hand with their rights; asks nothing itself."""
        if not member.is_active or not member.roles:
            return self.none()
        open_to = self._open_to if signed_too else self._open_for
        mine = Q(pk__in=open_to(member).values("pk"))
        for giver in givers:
            theirs = open_to(giver).filter(pk__in=self._kept_apart_from(member).values("pk"))
            # On an executive step one person gives one signature, in whoever's name.
            given = Q(Exists(counting_at("pk").filter(membership=member)), kind=ApprovalStep.Kind.EXECUTIVE)
            mine |= Q(pk__in=theirs.exclude(given).values("pk"))
        return self.filter(mine)

    def signed_by(self, member):
        """Those on which the membership signed, or somebody in its name."""
        given = Q(membership=member) | Q(on_behalf_of=member)
        return self.filter(Exists(Signature.objects.filter(at_step("pk")).filter(given)))

    def _open_for(self, member):
        """The open steps that wait for a signature of the membership's own."""
        parties = ApprovalParty.objects.filter(step=OuterRef("pk"))
        own_functions = [function.pk for function in member.functions]
        signed_for = counting_at("step").filter(function=OuterRef("function"))
        functions_left = parties.filter(function__in=own_functions).exclude(Exists(signed_for))
        otherwise = parties.filter(Q(membership=member) | Q(role__in=member.roles))
        signed = counting_at("pk").filter(
            Q(membership=member, on_behalf_of=None) | Q(on_behalf_of=member), function=None
        )
        return self._open_to(member).filter(Exists(functions_left) | Q(Exists(otherwise)) & ~Q(Exists(signed)))

    def _open_to(self, member):
        """The open steps that the membership may act on in its own name."""
        if not member.is_active or not member.roles:
            return self.none()
        # On an executive step one person gives one signature, in whoever's name.
        given = Q(Exists(counting_at("pk").filter(membership=member)), kind=ApprovalStep.Kind.EXECUTIVE)
        named = ApprovalParty.objects.filter(step=OuterRef("pk")).naming(member)
        return self._kept_apart_from(member).exclude(given).filter(Exists(named))

    def _kept_apart_from(self, member):
        """The open steps that the separation of duties leaves to the membership, whoever the route names."""
        here = self.filter(organization_id=member.organization_id, state=ApprovalStep.State.OPEN)
        return here.filter(review__state=Review.State.IN_APPROVAL).left_to(member)

    def left_to(self, member):
        """Those that the separation of duties leaves to the membership, in whatever state they are."""
        from assessments.models import duties

        others = ApprovalStep.objects.filter(submission=OuterRef("submission")).exclude(pk=OuterRef("pk"))
        signed = Exists(others.apart().signed_by(member))
        may_decide = Q(kind=ApprovalStep.Kind.FUNCTIONAL)
        if "approver" in member.roles:
            kept = Q()
            for duty in (duties.RATED, duties.SUBMITTED):
                kept |= ~Q(despite__has_key=duty) & duties.carries(duty, member)
            may_decide |= ~kept
        return self.exclude(~Q(despite__has_key=duties.SIGNED) & Q(signed)).filter(may_decide)

    def apart(self):
        """Those that nobody signs beside another step: all but those of which the route says so."""
        from assessments.models import duties

        return self.exclude(despite__has_key=duties.SIGNED)


class ApprovalStep(models.Model):
    """One step of the route, for one submission. Steps of equal position run in parallel.

    stands_on  the step of the former submission whose signatures stand for this one: nothing frozen changed since
    despite    the duties (`duties.ALL`) that, as the route says, keep nobody from signing it
    """

    class Kind(models.TextChoices):
        FUNCTIONAL = "functional", "Functional sign-off"
        EXECUTIVE = "executive", "Executive decision"

    class Rule(models.TextChoices):
        ALL = "all", "All"
        ANY = "any", "Any"
        AT_LEAST = "at_least", "At least"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        OPEN = "open", "Open"
        DONE = "done", "Done"
        ENDED = "ended", "Ended"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="steps")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="steps")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    rule = models.CharField(max_length=10, choices=Rule)
    at_least = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due_days = models.PositiveSmallIntegerField(null=True)
    due_on = models.DateField(null=True)
    opened_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    stands_on = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)
    despite = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    objects = ApprovalStepQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["submission", "key"], name="one_step_per_key")]

    def __str__(self):
        return self.name

    def chain(self) -> list[int]:
        """The keys of this step and of those before it whose signatures stand for it."""
        found, before = [self.pk], self.stands_on_id
        while before is not None:
            found.append(before)
            before = ApprovalStep.objects.values_list("stands_on_id", flat=True).get(pk=before)
        return found


class ApprovalPartyQuerySet(models.QuerySet):
    def naming(self, member):
        """The parties that name the membership: itself, one of its functions, or a role that it holds."""
        return self.filter(
            Q(membership=member)
            | Q(function_id__in=[function.pk for function in member.functions])
            | Q(role__in=member.roles)
        )

    def concerning(self, member):
        """Those that name the membership, or somebody who delegated to it for today."""
        from assessments.models.routes import Delegation

        givers = Delegation.objects.in_force(member.organization).filter(taker=member).values("giver")
        roles = RoleGrant.objects.filter(membership__in=givers, revoked_at=None).values("role")
        functions = MembershipFunction.objects.filter(membership__in=givers).values("function")
        return self.filter(
            Q(membership=member)
            | Q(function_id__in=[function.pk for function in member.functions])
            | Q(role__in=member.roles)
            | Q(membership__in=givers)
            | Q(function__in=functions)
            | Q(role__in=roles)
        )


class ApprovalParty(models.Model):
    """Who may sign a step: a named person, a function, or a role."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    step = models.ForeignKey(ApprovalStep, on_delete=models.PROTECT, related_name="parties")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+", null=True)
    role = models.CharField(max_length=20, blank=True)

    objects = ApprovalPartyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(membership__isnull=False, function=None, role="")
                | Q(membership=None, function__isnull=False, role="")
                | Q(membership=None, function=None) & ~Q(role=""),
                name="a_party_names_one",
            )
        ]

    def __str__(self):
        return str(self.membership or self.function or self.role)


LONGEST_CHAIN = 3  # as many questions in a row leave the signatures of the functions standing


def at_step(prefix: str) -> Q:
    """Of a subquery over signatures: those given on the outer query's step, or standing for it from former submissions.

    prefix  the path to the step: "pk" where the outer rows are steps, "step" where they point to one
    """
    found = Q(step=OuterRef(prefix))
    path = "stands_on" if prefix == "pk" else f"{prefix}__stands_on"
    for _ in range(LONGEST_CHAIN):
        found |= Q(step=OuterRef(path))
        path += "__stands_on"
    return found


def counting_at(prefix: str) -> models.QuerySet["Signature"]:
    """A subquery: the signatures at the outer query's step (`at_step`) that are not void."""
    return Signature.objects.filter(at_step(prefix)).current()


class SignatureQuerySet(models.QuerySet):
    def counting(self, proposed: ProposedDecision):
        """Those that are not void: they bind no proposed decision, or this one, which stands now."""
        return self.filter(Q(proposed_decision=None) | Q(proposed_decision=proposed))

    def current(self):
        """As `counting`, of any step: those on a proposed decision that was replaced since are void."""
        of_it = ProposedDecision.objects.filter(submission=OuterRef("submission"))
        return self.exclude(Exists(of_it.filter(number__gt=OuterRef("proposed_decision__number"))))

    def at(self, step: "ApprovalStep"):
        """Those of a step: given on it, or standing for it from former submissions that said the same."""
        return self.filter(step__in=step.chain())


class Signature(models.Model):
    """A person's word on a submission and, on an executive step, on a proposed decision.

    on_behalf_of  whose place the signer took by a delegation
    factors       what the signer proved themselves with, such as "password+totp"
    digest        SHA-256 over all that the signature binds, so that a moved or copied one is found
    """

    class Meaning(models.TextChoices):
        REVIEWED = "reviewed", "Reviewed for my function"
        APPROVED = "approved", "Approved as the decision"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    step = models.ForeignKey(ApprovalStep, on_delete=models.PROTECT, related_name="signatures")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="signatures")
    proposed_decision = models.ForeignKey(
        ProposedDecision, on_delete=models.PROTECT, related_name="signatures", null=True
    )
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="signatures")
    on_behalf_of = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+", null=True)
    printed_name = models.CharField(max_length=150)
    meaning = models.CharField(max_length=10, choices=Meaning)
    statement = models.TextField()
    statement_version = models.CharField(max_length=20)
    factors = models.CharField(max_length=40, blank=True, db_default="")
    submission_sha256 = models.CharField(max_length=64)
    proposed_sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        triggers = frozen("signature")

    def __str__(self):
        return f"{self.printed_name}, {self.get_meaning_display()}"

    @property
    def factors_in_words(self) -> str:
        words = {"password": "password", "totp": "authenticator app", "recovery_code": "recovery code"}
        return " and ".join(words.get(factor, factor) for factor in self.factors.split("+"))


class Decision(models.Model):
    """The proposed decision that the last step of the route signed."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="decision")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    proposed_decision = models.OneToOneField(ProposedDecision, on_delete=models.PROTECT, related_name="decision")
    decided_at = models.DateTimeField()

    def __str__(self):
        return f"Decision on {self.review}"


class SigningGrant(models.Model):
    """Leave to sign once: given after re-authentication, bound to what is signed, good for five minutes."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    bound_to = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    factors = models.CharField(max_length=40, blank=True, db_default="")

    def __str__(self):
        return f"Grant of membership {self.membership_id}"
