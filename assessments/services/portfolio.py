"""The portfolio: every program that a person may see, with its answer, its state and whose turn it is."""

import datetime
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.fields.json import KT

from accounts.models import Membership
from assessments.models import (
    ApprovalParty,
    ApprovalStep,
    Assignment,
    CriteriaVersion,
    DecisionWatch,
    Job,
    ProfileRevision,
    Program,
    ProgramMember,
    ProposedDecision,
    Review,
    Scorecard,
)
from assessments.models.scorecards import ResultSummary
from assessments.reporting import charts, result_view
from assessments.scoring.headline import ENGINE_VERSION
from assessments.services.frameworks import framework_of
from assessments.services.routes import unsigned
from assessments.services.shown import FAILED, FRESH, PENDING, rests_on, target_of

NO_REVIEW, OPEN = "none", "open"
SORTS = {"name": "name", "margin": "margin", "share": "first_share", "since": "newest__state_since"}
MOST_URGENT = 1000
AT_ONCE = 500  # rows that an export assembles together


@dataclass(frozen=True)
class Wanted:
    """What a person asks the portfolio for.

    state  a review's, "none" or "open"; watch: a state of DecisionWatch; sort: of SORTS, "-" before it reverses
    """

    search: str = ""
    state: str = ""
    verdict: str = ""
    mine: bool = False
    watch: str = ""
    sort: str = "name"


@dataclass(frozen=True)
class Row:
    """One program.

    review    its newest review that the person may see
    verdict   in words, with the number of mandatory conditions; option: the one that comes first, None for a tie
    margin    points; share: 0 to 1; both None where nothing is compared
    blocked   names of the blocked options
    rests_on  "facts r12, panel"; shows_review: whether that result is the review's, not the program's
    step      what comes next; who: whose turn it is; since: when it became so
    mark      fresh, pending or failed
    risk      of the option that comes first, see result_view.risk_summary; None before the full result
    """

    program: Program
    phase: str
    review: Review | None
    verdict: str
    option: result_view.Option | None
    margin: float | None
    share: float | None
    conditions: int
    blocked: tuple[str, ...]
    rests_on: str
    shows_review: bool
    step: str
    who: str
    since: datetime.datetime | None
    mark: str
    risk: dict | None = None
    watch: DecisionWatch | None = None  # of the decision that stands
    under_way: bool = False  # a review is open that this person may not see yet

    @property
    def state_words(self) -> str:
        if self.review:
            return self.review.get_state_display()
        return "Under review" if self.under_way else "No review"

    @property
    def risk_words(self) -> str:
        return result_view.risk_summary_words(self.risk) if self.risk else ""

    @property
    def risk_svg(self) -> str:
        """Its description says the same in words."""
        if not self.risk:
            return ""
        return charts.figure(result_view.risk_sparkline(self.risk), ident=f"risk-{self.program.uuid.hex[:12]}").svg

    @property
    def share_words(self) -> str:
        return "" if self.share is None else result_view.share_words(self.share)


def found(member: Membership, wanted: Wanted) -> QuerySet[Program]:
    """The programs asked for, in a total order; each beside the newest of its reviews that the person may see."""
    revealed = Q(newest__state__in=Review.REVEALED)
    programs = (
        Program.objects.visible_to(member)
        .with_newest_review(member)
        .annotate(
            margin=Case(When(revealed, then=F("newest__summary__margin")), default=F("summary__margin")),
            first_share=Case(When(revealed, then=F("newest__summary__first_share")), default=F("summary__first_share")),
            verdict=Case(
                When(revealed, then=F("newest__summary__verdict")),
                default=F("summary__verdict"),
                output_field=CharField(),
            ),
        )
    )
    if wanted.search:
        programs = programs.filter(name__icontains=wanted.search)
    if wanted.state:
        # One pass over the reviews; asking each program for its newest review would take seconds.
        reviews = Review.objects.filter(organization_id=member.organization_id)
        open_ = reviews.filter(state__in=Review.OPEN).values("program")
        if wanted.state == OPEN:
            programs = programs.filter(pk__in=open_)
        elif wanted.state == NO_REVIEW:
            seen = Review.objects.visible_to(member).values("program")
            programs = programs.exclude(pk__in=seen).exclude(pk__in=open_)
        else:
            newest = Review.objects.newest_visible_to(member).values("pk")
            programs = programs.filter(pk__in=reviews.filter(pk__in=newest, state=wanted.state).values("program"))
    if wanted.verdict:
        programs = programs.filter(verdict=wanted.verdict)
    if wanted.mine:
        belongs = Exists(ProgramMember.objects.filter(program=OuterRef("pk"), membership=member))
        asked = Exists(Assignment.objects.filter(review__program=OuterRef("pk"), membership=member))
        programs = programs.filter(Q(belongs) | Q(asked))
    broken = _watched(member, DecisionWatch.State.NO_LONGER_HOLDS)
    if wanted.watch:
        programs = programs.filter(pk__in=_watched(member, wanted.watch).values("review__program"))
    # Decisions that no longer hold come first unless another order is asked for; they are found once, not per program.
    urgent = list(broken.values_list("review__program", flat=True)[:MOST_URGENT]) if wanted.sort == "name" else []
    key = SORTS.get(wanted.sort.removeprefix("-"), "name")
    order = F(key).desc(nulls_last=True) if wanted.sort.startswith("-") else F(key).asc(nulls_last=True)
    if key == "name":  # as the index has it
        order = F(key).desc() if wanted.sort.startswith("-") else F(key).asc()
    if urgent:
        first = Case(When(pk__in=urgent, then=Value(0)), default=Value(1), output_field=IntegerField())
        return programs.order_by(first, order, "name", "pk")
    return programs.order_by(order, "name", "pk")


def _watched(member: Membership, state: str) -> QuerySet[DecisionWatch]:
    """The watches in a state, of decisions that the person may see."""
    watches = DecisionWatch.objects.filter(organization_id=member.organization_id, ended_at=None, state=state)
    return watches.filter(review__in=Review.objects.visible_to(member).filter(state=Review.State.APPROVED))


def rows(programs: Iterable[Program]) -> list[Row]:
    """The programs of one page as rows, in a fixed number of queries however many there are."""
    page = list(programs)
    beside = _Beside(page)
    return [beside.row(program) for program in page]


def every_row(programs: QuerySet[Program], member: Membership) -> Iterator[Row]:
    """All programs asked for as rows, assembled piece by piece."""
    keys = list(programs.values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        piece = keys[start : start + AT_ONCE]
        by_key = Program.objects.visible_to(member).with_newest_review(member).in_bulk(piece)
        yield from rows(by_key[key] for key in piece if key in by_key)


def _newest(program: Program) -> Review | None:
    return getattr(program, "newest", None)


def _summary(subject: Program | Review | None) -> ResultSummary | None:
    return getattr(subject, "summary", None)


def _shown(program: Program) -> Program | Review:
    """Whose result a row shows: the review's once its ratings are revealed, else that of the facts alone."""
    review = _newest(program)
    return review if review is not None and review.state in Review.REVEALED and _summary(review) else program


class _Beside:
    """All that the rows of a page show beside the programs themselves, each kind in one query."""

    def __init__(self, page: list[Program]):
        shown = [_shown(program) for program in page]
        summaries = [summary for subject in shown if (summary := _summary(subject))]
        cards = Scorecard.objects.filter(pk__in=[summary.scorecard_id for summary in summaries])
        self.cards = {
            pk: (number, result_view.options({"options": options}))
            for pk, number, options in cards.values_list("pk", "revision__number", "numbers__options")
        }
        self.failed = set(
            Job.objects.filter(
                kind=Job.Kind.RESCORE, state=Job.State.FAILED, target__in=[target_of(one) for one in shown]
            ).values_list("target", flat=True)
        )
        revisions = ProfileRevision.objects.filter(pk__in=[program.revision_id for program in page])
        self.phases = dict(revisions.values_list("pk", KT("facts__program__phase")))
        self.words = {
            version.pk: field.choices
            for version in CriteriaVersion.objects.filter(pk__in={program.criteria_version_id for program in page})
            if (field := framework_of(version).schema.fields.get("phase"))
        }
        self.leads: dict[int, list[str]] = {}
        links = ProgramMember.objects.filter(program__in=page, is_lead=True).select_related("membership__user")
        for link in links.order_by("pk"):
            self.leads.setdefault(link.program_id, []).append(link.membership.name)
        decided = [review.pk for program in page if (review := _newest(program)) and review.state in Review.RECORDED]
        decisions = ProposedDecision.objects.filter(decision__review__in=decided).select_related("option", "decision")
        self.decisions = {proposed.decision.review_id: proposed for proposed in decisions}
        signing = [
            review for program in page if (review := _newest(program)) and review.state == Review.State.IN_APPROVAL
        ]
        steps = ApprovalStep.objects.filter(review__in=signing, state=ApprovalStep.State.OPEN).prefetch_related(
            "parties__function", "parties__membership__user", "signatures"
        )
        self.steps = {step.review_id: step for step in steps.order_by("-position", "-pk")}
        proposed = ProposedDecision.objects.filter(submission__steps__in=self.steps.values()).order_by("number")
        self.proposed = dict(proposed.values_list("submission_id", "pk"))  # the last one stands
        # That a review is open is no secret; what stands in it is its readers' alone.
        open_ = Review.objects.filter(program__in=page, state__in=Review.OPEN)
        self.under_way = set(open_.values_list("program_id", flat=True))
        # A decision stands while the next review is under way: its watch is of the program's approved review.
        watches = DecisionWatch.objects.filter(review__program__in=page, ended_at=None, checked_at__isnull=False)
        self.watches = {watch.review.program_id: watch for watch in watches.select_related("review")}

    def row(self, program: Program) -> Row:
        review, shown = _newest(program), _shown(program)
        summary = _summary(shown)
        number, options = self.cards[summary.scorecard_id] if summary else (0, {})
        words = self.words.get(program.criteria_version_id, {})
        step, who, since = self.next_step(program, review)
        return Row(
            program=program,
            phase=words.get(self.phases.get(program.revision_id) or "", ""),
            review=review,
            verdict=_verdict(summary) if summary else "",
            option=options.get(summary.option_key) if summary else None,
            margin=summary.margin if summary else None,
            share=summary.first_share if summary and summary.margin is not None else None,
            conditions=summary.conditions if summary else 0,
            blocked=tuple(options[key].name for key in summary.blocked if key in options) if summary else (),
            rests_on=rests_on(number, summary.basis) if summary else "",
            shows_review=shown is not program,
            step=step,
            who=who,
            since=since,
            mark=self.mark(shown),
            risk=summary.risk if summary else None,
            watch=self.watches.get(program.pk),
            under_way=self._hides_one(program, review),
        )

    def _hides_one(self, program: Program, review: Review | None) -> bool:
        return program.pk in self.under_way and (review is None or review.state not in Review.OPEN)

    def mark(self, shown: Program | Review) -> str:
        if shown.revision_id is None or not shown.is_stale(ENGINE_VERSION):
            return FRESH
        return FAILED if target_of(shown) in self.failed else PENDING

    def decided(self, review: Review) -> str:
        """What was decided, which need not be what the result says."""
        decision = self.decisions.get(review.pk)
        if decision is None:
            return "Decided"
        return f"Decided: {decision.option.name}" if decision.option else "Decided: do not commit yet"

    def signers(self, step: ApprovalStep) -> str:
        """Whom an open step still waits for."""
        stands = (None, self.proposed.get(step.submission_id))
        counting = [signature for signature in step.signatures.all() if signature.proposed_decision_id in stands]
        left = unsigned(step, list(step.parties.all()), counting)
        return ", ".join(_party(party) for party in left) or "the signers of this step"

    def next_step(self, program: Program, review: Review | None) -> tuple[str, str, datetime.datetime | None]:
        """What comes next, whose turn it is, and since when."""
        lead = ", ".join(self.leads.get(program.pk, [])) or "an admin: no lead is appointed"
        if program.revision_id is None:
            return "Save the first facts", lead, program.created_at
        if self._hides_one(program, review):
            return "A review is under way", lead, None
        if review is None:
            return "Open a review", lead, None
        if review.state == Review.State.IN_APPROVAL and (step := self.steps.get(review.pk)):
            return step.name, self.signers(step), step.opened_at
        if review.state == Review.State.APPROVED:
            watch = self.watches.get(program.pk)
            if watch is not None and watch.state == DecisionWatch.State.NO_LONGER_HOLDS:
                return "Open the next review", lead, watch.since
            return self.decided(review), lead, review.state_since
        words, whose = _STEPS[review.state]
        return words, whose or lead, review.state_since


_STEPS = {
    "draft": ("Assign people and start scoring", ""),
    "scoring": ("Score blind, then reveal", "the assigned raters, then the lead"),
    "reconciling": ("Reconcile and submit", ""),
    "in_approval": ("Sign", "the signers of the route"),
    "superseded": ("Open the next review", ""),
    "rejected": ("Open the next review", ""),
    "withdrawn": ("Open the next review", ""),
}


def _party(party: ApprovalParty) -> str:
    if party.function:
        return party.function.name
    return (
        party.membership.name if party.membership else f"an {party.role}" if party.role[:1] in "aeiou" else party.role
    )


def _verdict(summary: ResultSummary) -> str:
    tied = summary.verdict == "close_call" and not summary.option_key
    verdict = {"kind": summary.verdict, "tied": tied, "conditions": summary.conditions}
    return result_view.verdict_words({"verdict": verdict})


def mark(member: Membership) -> str:
    """A short text that changes whenever a row of the person's portfolio moved; ratings that are blind move nothing."""
    programs = Program.objects.visible_to(member).aggregate(
        Count("pk"), Sum("version"), Max("inputs_changed_at"), Max("summary__computed_at")
    )
    reviews = Review.objects.visible_to(member)
    states = Review.objects.filter(pk__in=reviews).aggregate(
        Count("pk"), Max("state_since"), Sum("version"), Max("watch__since"), Max("watch__seen")
    )
    revealed = Review.objects.filter(pk__in=reviews, state__in=Review.REVEALED)
    results = revealed.aggregate(Max("inputs_changed_at"), Max("summary__computed_at"))
    parts = [member.pk, *programs.values(), *states.values(), *results.values()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
