"""What people try in the life of a review, in whatever order, and what must hold after each attempt; for hypothesis.

The table of who may do what from where is written here by hand, from the rules that users are told; it asks the
product for nothing.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from accounts import people
from accounts.audit import database_now, sha256_of
from accounts.models import AuditEvent, MembershipFunction
from accounts.permissions import NotAllowed
from assessments.errors import Refusal
from assessments.models import (
    ApprovalStep,
    Decision,
    DecisionWatch,
    Delegation,
    ProposedDecision,
    Rating,
    Review,
    Signature,
    Submission,
)
from assessments.services import (
    approvals,
    conditions,
    delegations,
    programs,
    ratings,
    reconciling,
    reviews,
    submissions,
    verifying,
)
from tests.rights.reviews import sign
from tests.scoring import sample
from tests.support.results import compute

EDGES = {
    ("none", "draft"),
    ("draft", "scoring"),
    ("scoring", "reconciling"),
    ("reconciling", "in_approval"),
    ("in_approval", "reconciling"),
    ("in_approval", "approved"),
    ("in_approval", "rejected"),
    ("approved", "superseded"),
    ("draft", "withdrawn"),
    ("scoring", "withdrawn"),
    ("reconciling", "withdrawn"),
    ("in_approval", "withdrawn"),
}
OPEN = {"draft", "scoring", "reconciling", "in_approval"}
ENDED = {"none", "approved", "superseded", "rejected", "withdrawn"}
RATERS, SIGNERS, APPROVERS = {"rater", "second"}, {"rater", "second", "lead"}, {"approver", "second_approver"}
# act: (who may succeed, in which states of the newest review)
MAY = {
    "open": ({"lead"}, ENDED),
    "start": ({"lead"}, {"draft"}),
    "rate": (RATERS | {"second_approver"}, {"scoring", "reconciling"}),
    "finish": (RATERS | {"second_approver"}, {"scoring", "reconciling"}),
    "reveal": ({"lead"}, {"scoring"}),
    "agree": ({"lead"}, {"reconciling"}),
    "submit": ({"lead"}, {"reconciling"}),
    "sign_for_a_function": (SIGNERS, {"in_approval"}),
    "sign_the_decision": (APPROVERS, {"in_approval"}),
    "sign_in_anothers_place": (SIGNERS | APPROVERS, {"in_approval"}),
    "amend": (APPROVERS, {"in_approval"}),
    "return": (SIGNERS | APPROVERS, {"in_approval"}),
    "ask": (SIGNERS | APPROVERS, {"in_approval"}),
    "reject": (APPROVERS, {"in_approval"}),
    "withdraw": ({"lead"}, OPEN),
    "save_facts": ({"lead"}, OPEN | ENDED),
    "ask_an_approver_to_rate": ({"lead"}, {"draft", "scoring", "reconciling"}),
}
# What a signer does, whoever signs in their place may do.
SIGNERS_DO = {"sign_for_a_function", "sign_the_decision", "amend", "return", "ask", "reject"}
EVERYONE = (
    "lead", "rater", "second", "approver", "second_approver", "assessor", "viewer", "admin", "auditor", "nobody",
    "deactivated", "stranger",
)  # fmt: skip
PAIRS = (
    ("approver", "second_approver"),
    ("second_approver", "approver"),
    ("rater", "second"),
    ("second", "lead"),
    ("lead", "viewer"),
    ("approver", "lead"),
)
# Attempts to sign are counted and leaves to sign are given before the act itself is decided.
NOT_LOOKED_AT = {"assessments_signinggrant"}
COUNTING = {"assessments_review", "assessments_program", "assessments_job"}


def snapshot() -> dict[str, str]:
    """A digest of every row of every table of the app, and of the trail but for attempts to sign."""
    names = [
        name
        for name in connection.introspection.table_names()
        if name.startswith("assessments_") and name not in NOT_LOOKED_AT
    ]
    with connection.cursor() as cursor:
        found = {}
        # The names come from the database itself.
        for name in names:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY id), '')) FROM {name} t")  # noqa: S608
            found[name] = cursor.fetchone()[0]
    trail = AuditEvent.objects.exclude(action__startswith="signing.")
    return found | {"trail": f"{trail.count()}"}


class Life(RuleBasedStateMachine):
    """One program over the years of its reviews; `world` is made once, and each run is undone."""

    world = None
    done: set[str] = set()

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.passed: dict[int, str] = {}
        self.records: dict[tuple, str] = {}
        self.counts: dict[int, int] = {}
        self.cost = 100

    def teardown(self):
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    # -- what is there ----------------------------------------------------------------------------------------------

    def person(self, role):
        return self.world.people[role].now()

    @property
    def review(self) -> Review | None:
        return Review.objects.filter(program=self.world.program).order_by("-number").first()

    @property
    def state(self) -> str:
        return self.review.state if self.review else "none"

    def step(self, kind) -> ApprovalStep:
        found = self.review and ApprovalStep.objects.filter(review=self.review, kind=kind).order_by("-pk").first()
        if not found:
            raise NotAllowed("There is no step.")
        return found

    def givers_to(self, role) -> set[str]:
        """Whose place this person takes for now."""
        of = {member.pk: name for name, member in self.world.people.items()}
        given = Delegation.objects.filter(taker=self.world.people[role], revoked_at=None)
        return {of[giver] for giver in given.values_list("giver", flat=True)}

    # -- acts -------------------------------------------------------------------------------------------------------

    def act(self, name: str, role: str) -> bool:
        """Try an act; whether it took effect. A refusal leaves the database as it was, and nobody does what is not theirs."""
        state, review = self.state, self.review
        if name == "submit" and state == "reconciling":
            compute(review)
        before, told = snapshot(), AuditEvent.objects.count()
        who, where = MAY[name]
        try:
            with transaction.atomic():
                getattr(self, f"_{name}")(self.person(role), review)
        except (Refusal, NotAllowed):
            assert snapshot() == before, f"{name} by {role} was refused and changed something"
            return False
        theirs = role in who or name in SIGNERS_DO and bool(who & self.givers_to(role))
        assert theirs and state in where, f"{role} did {name} while {state}"
        self.done.add(name)
        if AuditEvent.objects.count() == told:
            # The same again counts as an input and owes a result, and changes nothing that anyone said.
            left = {table: digest for table, digest in snapshot().items() if table not in COUNTING}
            assert left.items() <= before.items(), f"{name} by {role} changed something and the trail does not say so"
        return True

    def _of(self, review):
        if review is None:
            raise NotAllowed("There is no review.")
        return {"review_id": review.pk}

    def _open(self, member, review):
        self.world.program.refresh_from_db()
        opened = reviews.open_review(member=member, program=self.world.program, question="Where is MSC-1 made?")
        lead = self.person("lead")
        for role in sorted(RATERS):
            rater = self.person(role)
            reviews.assign(member=lead, review_id=opened.pk, membership=rater, function=rater.functions[0])

    def _start(self, member, review):
        reviews.start(member=member, **self._of(review))

    def _rate(self, member, review):
        version = Rating.objects.filter(review=review, membership=member, criterion="first_lot", option__key="own")
        seen = version.values_list("version", flat=True).first() or 0
        ratings.rate(
            member=member, **self._of(review), criterion_key="first_lot", option_key="own", score=2 + seen % 3,
            seen_version=seen, rationale="As the last lots show.",
        )  # fmt: skip

    def _finish(self, member, review):
        ratings.accept_suggestions(member=member, **self._of(review))
        ratings.confirm_carried(member=member, **self._of(review))
        # What the facts suggest otherwise now is for its author to judge again.
        for row in Rating.objects.filter(review=review, membership=member, to_confirm=True).select_related("option"):
            ratings.rate(
                member=member, **self._of(review), criterion_key=row.criterion, option_key=row.option.key,
                score=row.score, seen_version=row.version, rationale="Still so.",
            )  # fmt: skip
        ratings.finish_scoring(member=member, **self._of(review))

    def _reveal(self, member, review):
        reconciling.reveal(member=member, **self._of(review), reason="The meeting is today.")

    def _agree(self, member, review):
        held = review.agreed_values.filter(criterion="first_lot", option__key="own").first() if review else None
        reconciling.agree(
            member=member, **self._of(review), criterion_key="first_lot", option_key="own", note="After the meeting.",
            value="3.50" if held and held.value == 3 else "3.00", seen_version=held.version if held else 0,
        )  # fmt: skip

    def _choice(self, review):
        numbers = review.full.numbers if review and review.full else {"verdict": {"option": None}, "gates": []}
        first = numbers["verdict"]["option"]
        return numbers, first

    def _assigned(self, numbers, option):
        return [
            {"key": demand.key, "owner": self.world.people["rater"], "due_month": 6}
            for demand in conditions.demands_on(numbers, option)
        ]

    def _submit(self, member, review):
        numbers, first = self._choice(review)
        came_back = review is not None and review.submissions.exists()
        submissions.submit(
            member=member,
            **self._of(review),
            kind="recommended" if first else "not_yet",
            option_key=first or "",
            justification="It carries the least risk.",
            missing_reason="Nobody to spare.",
            answer="From lots 12 to 19." if came_back else "",
            conditions=self._assigned(numbers, first or ""),
        )

    def _sign_for_a_function(self, member, review):
        sign(member, self.step("functional"))

    def _sign_the_decision(self, member, review):
        sign(member, self.step("executive"))

    def _sign_in_anothers_place(self, member, review):
        given = Delegation.objects.filter(taker=member, revoked_at=None).select_related("giver").first()
        giver = given.giver.now() if given else self.person("approver")
        kind = "executive" if "approver" in giver.roles else "functional"
        sign(member, self.step(kind), on_behalf_of=giver)

    def _amend(self, member, review):
        numbers, first = self._choice(review)
        said = ProposedDecision.objects.filter(submission__review=review).count()
        approvals.amend(
            member=member, **self._of(review), kind="not_yet", justification=f"Not before the audit ({said}).",
            conditions=self._assigned(numbers, ""),
        )  # fmt: skip

    def _return(self, member, review):
        approvals.return_review(member=member, **self._of(review), reason="Ask QA about the backlog.")

    def _ask(self, member, review):
        approvals.ask_question(member=member, **self._of(review), question="Which lots is the yield from?")

    def _reject(self, member, review):
        approvals.reject(member=member, **self._of(review), reason="The program was stopped.")

    def _withdraw(self, member, review):
        reviews.withdraw(member=member, **self._of(review), reason="Asked too early.")

    def _save_facts(self, member, review):
        self.cost += 1
        document = sample.profile() | {"assessment_date": "2026-01-15", "qms": 0, "need": self.cost % 40}
        programs.import_revision(
            member=member, program=self.world.program, document=document, summary=f"Month {self.cost}"
        )

    def _ask_an_approver_to_rate(self, member, review):
        approver = self.person("second_approver")
        reviews.assign(
            member=member, **self._of(review), membership=approver, function=approver.functions[0]
        )  # fmt: skip

    # -- rules ------------------------------------------------------------------------------------------------------

    @initialize()
    def begins(self):
        assert self.act("open", "lead")

    @rule(name=st.sampled_from(sorted(MAY)), role=st.sampled_from(EVERYONE))
    def somebody_tries_something(self, name, role):
        self.act(name, role)

    @rule(data=st.data())
    def somebody_who_may_tries_something(self, data):
        state = self.state
        name = data.draw(st.sampled_from([act for act, (_, where) in sorted(MAY.items()) if state in where]))
        self.act(name, data.draw(st.sampled_from(sorted(MAY[name][0]))))

    @rule(role=st.sampled_from(sorted(APPROVERS)), held=st.booleans())
    def an_admin_takes_and_gives_the_role(self, role, held):
        change = people.grant_role if held else people.revoke_role
        change(actor=self.person("admin"), membership_id=self.world.people[role].pk, role="approver")

    @rule(pair=st.sampled_from(PAIRS), end=st.booleans())
    def somebody_goes_away_or_comes_back(self, pair, end):
        giver, taker = (self.person(role) for role in pair)
        held = Delegation.objects.filter(giver=giver, revoked_at=None).first()
        day = database_now().date()
        try:
            with transaction.atomic():
                if held and end:
                    delegations.end(member=giver, delegation_id=held.pk)
                else:
                    week = day + timedelta(days=7)
                    delegations.delegate(member=giver, giver=giver, taker=taker, first_day=day, last_day=week)
        except (Refusal, NotAllowed):
            return
        self.done.add("delegate")

    @precondition(lambda self: self.state != "in_approval")
    @rule(anyone_else=st.booleans())
    def the_review_goes_on(self, anyone_else):
        """One rule for the ordinary way, so that many lives get as far as their signatures."""
        if self.state in ENDED:
            self.the_lead_opens_the_next()
        elif self.state == "draft":
            self.the_lead_starts()
        elif self.state == "scoring":
            self.the_team_rates_and_is_revealed(anyone_else)
        else:
            self.the_lead_submits()

    def the_lead_opens_the_next(self):
        assert self.act("open", "lead")

    def the_lead_starts(self):
        assert self.act("start", "lead")

    def the_team_rates_and_is_revealed(self, anyone_else):
        for role in sorted(RATERS):
            assert self.act("finish", role)
        if anyone_else and self.act("ask_an_approver_to_rate", "lead"):
            self.act("rate", "second_approver")
        assert self.act("reveal", "lead")

    def the_lead_submits(self):
        able = MembershipFunction.objects.exists() and self._somebody_may_decide()
        assert self.act("submit", "lead") or not able

    @precondition(lambda self: self.state == "in_approval")
    @rule(amended=st.booleans(), approver=st.sampled_from(sorted(APPROVERS)))
    def those_named_sign(self, amended, approver):
        for role in ("rater", "second"):
            self.act("sign_for_a_function", role)
        if amended:
            self.act("amend", "second_approver")
        able = self._may_decide(approver)
        signed = self.act("sign_the_decision", approver)
        assert signed or not able

    @precondition(lambda self: self.state == "in_approval")
    @rule(name=st.sampled_from(("amend", "ask", "reject")), role=st.sampled_from(sorted(APPROVERS)))
    def an_approver_decides_otherwise(self, name, role):
        for function in ("rater", "second"):
            self.act("sign_for_a_function", function)
        self.act(name, role)

    @precondition(lambda self: self.state == "in_approval")
    @rule(pair=st.sampled_from(PAIRS[:2]))
    def a_delegate_signs(self, pair):
        for function in ("rater", "second"):
            self.act("sign_for_a_function", function)
        self.somebody_goes_away_or_comes_back(pair=pair, end=False)
        self.act("sign_in_anothers_place", pair[1])

    def _may_decide(self, role) -> bool:
        """An approver now, who neither rated nor submitted, and the functions have signed."""
        person, review = self.person(role), self.review
        rated = Rating.objects.filter(review=review, membership=person, to_confirm=False).exists()
        return "approver" in person.roles and not rated and self.step("functional").state == "done"

    def _somebody_may_decide(self) -> bool:
        raters = Rating.objects.filter(review=self.review).values("membership")
        return any(
            "approver" in self.person(role).roles and not raters.filter(membership=self.world.people[role]).exists()
            for role in APPROVERS
        )

    # -- what always holds ------------------------------------------------------------------------------------------

    @invariant()
    def reviews_move_along_the_edges_only(self):
        for review in Review.objects.filter(program=self.world.program):
            before = self.passed.get(review.pk, "none")
            # An approval may come in the same rule as the submission before it, never over another state.
            ways = {before} | {to for start, to in EDGES if start == before}
            further = {to for start, to in EDGES if start in ways}
            assert review.state in ways | further, f"{before} to {review.state}"
            if before in ("rejected", "withdrawn", "superseded"):
                assert review.state == before
            self.passed[review.pk] = review.state
        assert Review.objects.filter(program=self.world.program, state__in=OPEN).count() <= 1
        assert Review.objects.filter(program=self.world.program, state="approved").count() <= 1

    @invariant()
    def counters_only_rise(self):
        for pk, count in Review.objects.values_list("pk", "inputs_revision"):
            assert count >= self.counts.get(pk, 0)
            self.counts[pk] = count

    @invariant()
    def records_stay_as_they_were_written(self):
        rows = [*Submission.objects.all(), *ProposedDecision.objects.all()]
        for row in rows:
            key = (type(row).__name__, row.pk)
            assert sha256_of(row.record) == row.sha256 == self.records.setdefault(key, row.sha256)
        for submission in Submission.objects.all():
            assert verifying.verify(submission) == []

    @invariant()
    def nobody_sees_what_others_rate_while_it_is_blind(self):
        if self.state == "scoring":
            for role in ("lead", "rater", "admin", "second_approver"):
                member = self.person(role)
                seen = Rating.objects.visible_to(member, self.review)
                assert not seen.exclude(membership=member).exists()

    @invariant()
    def duties_stay_apart(self):
        for signature in Signature.objects.select_related("step", "submission__review"):
            review = signature.submission.review
            assert signature.membership_id not in self._strangers()
            if signature.on_behalf_of_id:
                pair = {"giver": signature.on_behalf_of_id, "taker": signature.membership_id}
                assert Delegation.objects.filter(**pair).exists()
                assert not review.submissions.filter(submitted_by=signature.on_behalf_of_id).exists() or (
                    signature.step.kind == ApprovalStep.Kind.FUNCTIONAL
                )
            if signature.step.kind == ApprovalStep.Kind.EXECUTIVE:
                assert not review.submissions.filter(submitted_by=signature.membership_id).exists()
                # Whoever signed as executive gave no rating before; none can come after while it stands.
                given = Rating.objects.filter(review=review, membership=signature.membership_id, to_confirm=False)
                if review.state in ("in_approval", "approved", "superseded"):
                    assert not given.exists() or signature.submission != review.submissions.first()
            twice = Signature.objects.filter(submission=signature.submission, membership=signature.membership_id)
            assert twice.values("step").distinct().count() == 1

    def _strangers(self):
        return {self.world.people[role].pk for role in ("stranger", "nobody", "deactivated", "viewer", "auditor")}

    @invariant()
    def a_review_is_approved_by_exactly_what_its_route_asks(self):
        for review in Review.objects.filter(program=self.world.program):
            decision = Decision.objects.filter(review=review).first()
            watch = DecisionWatch.objects.filter(review=review).first()
            assert (watch is not None and watch.ended_at is None) == (review.state == "approved")
            assert (decision is not None) == (review.state in ("approved", "superseded"))
            if decision is None:
                continue
            newest = decision.submission.proposed_decisions.order_by("-number").first()
            assert decision.proposed_decision == newest
            assert decision.submission == review.submissions.order_by("-number").first()
            signed = decision.submission.signatures.filter(Q(proposed_decision=None) | Q(proposed_decision=newest))
            assert self._functions_of(decision.submission) == {"cmc", "qa"}
            assert any(one.proposed_decision == newest and one.meaning == "approved" for one in signed)

    def _functions_of(self, submission):
        """The functions that signed a submission, or one that an answered question alone came after."""
        found, step = set(), submission.steps.get(kind="functional")
        while step is not None:
            found |= set(step.signatures.values_list("function__key", flat=True))
            step = step.stands_on
        return found
