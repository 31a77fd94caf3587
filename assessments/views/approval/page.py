"""The approval tab in each state of a review: before the submission, while it is signed, and after."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import proof
from accounts.models import ApiToken, Membership
from assessments import permissions
from assessments.errors import Missing
from assessments.forms.approval import (
    AdvisedForm,
    ConditionForm,
    QuestionForm,
    ReasonForm,
    SignForm,
    SubmitForm,
    people_of,
    taken_so_far,
)
from assessments.forms.routes import ReassignForm
from assessments.models import (
    ApprovalStep,
    ProposedDecision,
    ReturnQuestion,
    Review,
    Signature,
    StepReassignment,
    Submission,
)
from assessments.reporting import result_view
from assessments.scoring.confidential import HIDDEN, confidential, without_commercial
from assessments.services import approvals, coming_back, conditions, deciding, questions, routes, signing, submissions
from assessments.services import places as places_service
from assessments.services.frameworks import framework_of
from assessments.services.shown import shown
from assessments.services.stand_ins import stand_ins
from assessments.views.access import member_required
from assessments.views.approval import stages
from assessments.views.freshness import freshness_of
from assessments.views.watches import tripwire_rows, watch_card
from assessments.views.workspace import find_review, frame

# Where each missing thing is mended: a tab of the workspace, or a place on this page.
MENDED_ON = {
    "missing_ratings": "panel",
    "to_confirm": "panel",
    "nobody_rated": "setup",
    "moved": "panel",
    "result_pending": "result",
}


@member_required
@require_safe
def review_approval(request, uuid):
    return page(request, find_review(request, uuid))


def page(request, review: Review, *, status: int = 200, **changed: Any):
    """The tab as it stands for this reader; `changed` replaces forms by those that came back with errors."""
    member = request.member
    commercial = bool(permissions.can_see_commercial(member, review.program))
    context = frame(review, "approval") | {
        "may_lead": bool(permissions.can_lead_review(member, review.program)),
        "commercial": commercial,
        "former": _former(review),
    }
    if review.state in ("draft", "scoring"):
        template = "approval/early.html"
    elif review.state == "reconciling":
        template = "approval/preparing.html"
        context["returned"] = coming_back.open_return(review)
        context |= _preparing(request, review, commercial, context["returned"] is not None, changed)
    else:
        template = "approval/signing.html"
        context |= _signing(request, review, commercial, changed)
        if context["submission"] and context["submission"].return_answer and context["former"]:
            context["came_back"] = context["former"][0][1]
    return render(request, template, context | changed, status=status)


def _former(review: Review) -> list[tuple[Submission, coming_back.CameBack | None]]:
    """Earlier submissions with how they came back: all but the one that is being signed or was decided."""
    proposed = ProposedDecision.objects.order_by("-number")
    signed = Signature.objects.select_related("function", "step")
    found = list(
        review.submissions.select_related("submitted_by__user")
        .prefetch_related(Prefetch("signatures", signed), Prefetch("proposed_decisions", proposed))
        .defer("record")
        .order_by("-number")
    )
    if review.state not in ("draft", "scoring", "reconciling"):
        found = found[1:]
    back = coming_back.came_back(review, found) if found else {}
    return [(one, back.get(one.pk)) for one in found]


# -- before the submission ----------------------------------------------------------------------------------------


def _preparing(request, review: Review, commercial: bool, returned: bool, changed: dict[str, Any]) -> dict[str, Any]:
    freshness = shown(review)
    context: dict[str, Any] = freshness_of(review, freshness, request.member) | {"numbers": None}
    if freshness.numbers is None:
        return context
    framework = framework_of(review.criteria_version)
    numbers = freshness.numbers if commercial else without_commercial(freshness.numbers, framework)
    names = result_view.Names.of(framework.data, framework.verdict)
    may_lead = bool(permissions.can_lead_review(request.member, review.program))
    question = questions.open_question(review)
    submitter = request.member if may_lead else review.opened_by
    context |= {
        "numbers": numbers,
        "verdict": result_view.verdict_words(numbers),
        "choice": result_view.choice_words(numbers),
        "sentence": result_view.headline_sentence(numbers, names),
        "accent": result_view.choice_accent(numbers),
        "figures": result_view.figures(numbers),
        "question": question,
        "findings": _findings(review, submitter, request.member, context_tabs=frame(review, "approval")["tabs"]),
        "route": [(step, stages.rule_words(step)) for step in _planned(review, question)],
        "pending": is_pending(review),
    }
    context["needs_reason"] = any(one.weight == submissions.NEEDS_REASON for one, _ in context["findings"])
    people = people_of(review) if may_lead else []
    context["conditions"] = _condition_rows(review, numbers, people, framework, commercial, changed.get("row_form"))
    context |= tripwire_rows(request.member, review, freshness.numbers, changed.get("tripwire_failed"))
    if may_lead:
        context |= {
            "advised_form": AdvisedForm(people=people, prefix="advised"),
            "form": SubmitForm(
                numbers=numbers,
                initial=_first_words(review, numbers, freshness),
                question=question,
                returned=returned,
                **(
                    route_to_mend(request.member, review, question)
                    if any(finding.step for finding, _ in context["findings"])
                    else {}
                ),
            ),
        }
    return context


def route_to_mend(
    member: Membership, review: Review, question: ReturnQuestion | None, typed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The steps of the route, which of their places the member may let somebody else take at the submission, and who can.

    typed  who was named already; None: who took places of the former submission
    """
    planned = _planned(review, question)
    if not planned:
        return {}
    people = _with_a_role(review)
    signed = {
        step.key: {key for one in step.standing for key in (one.membership_id, one.on_behalf_of_id)} for step in planned
    }
    before = list(
        StepReassignment.objects.filter(step__submission=review.submissions.order_by("-number").first()).select_related(
            "step", "membership", "former_membership__user", "former_function"
        )
    )
    given = taken_so_far(planned, people, before, typed)
    return {
        "route": planned,
        "people": people,
        "able": stand_ins(member, review, planned, signed, people),
        "stuck": places_service.stuck_beside(member, review, planned, given),
        "before": before,
    }


def is_pending(review: Review) -> bool:
    """Whether the full result of the latest inputs is still on its way."""
    try:
        submissions.result_for_submission(review)
    except submissions.ResultPending:
        return True
    return False


def _first_words(review: Review, numbers: dict, freshness: Any) -> dict[str, Any]:
    """What the form begins with: what the result says, and the words of the last submission after a return."""
    before = (
        ProposedDecision.objects.filter(submission__review=review)
        .select_related("submission")
        .defer("submission__record")
        .order_by("-submission__number", "-number")
        .first()
    )
    first = numbers["verdict"]["option"]
    return {
        "choice": f"recommended:{first}" if first else None,
        "justification": before.justification if before else "",
        "missing_reason": before.submission.missing_reason if before else "",
        "version": review.version,
        "seen_result": str(freshness.scorecard.uuid),
    }


def _findings(review: Review, submitter: Any, reader: Any, *, context_tabs: list) -> list[tuple[Any, str]]:
    """What is missing or stale, each with the address where it is mended."""
    urls = {key: url for key, _, url in context_tabs}
    found = []
    for finding in submissions.check_submission(review, submitter=submitter, reader=reader):
        url = "#conditions" if finding.code == "condition" else urls.get(MENDED_ON.get(finding.code, ""), "")
        if finding.step and permissions.can_lead_review(reader, review.program):
            url = "#places"
        found.append((finding, url))
    return found


def _planned(review: Review, question: ReturnQuestion | None) -> list[routes.Planned]:
    """The steps that a submission would take now; none where the criteria have no route that can be followed."""
    planned = submissions.route_now(review, question)
    return [] if isinstance(planned, Missing) else planned


def _condition_rows(
    review: Review, numbers: dict, people: list, framework: Any, commercial: bool, failed: ConditionForm | None
) -> list[dict[str, Any]]:
    """Every demand of a gate and every advised condition, each with the form that assigns it; demands that only the
    options behind the first bring come last."""
    found = review.conditions.with_gone().select_related("owner__user", "owner_function")
    held = {row.key: row for row in found}
    functions = dict(review.organization.functions.values_list("key", "name"))
    hidden = frozenset() if commercial else confidential(framework).gates
    names = {option["key"]: option["name"] for option in numbers["options"]}
    start = review.revision.assessment_date
    of_first = {demand.key for demand in conditions.demands_on(numbers, "")}
    lines = [conditions.Line(demand, held.get(demand.key)) for demand in conditions.demands(numbers)]
    lines += [conditions.Line(None, row) for row in held.values() if not row.mandatory]
    lines.sort(key=lambda line: line.mandatory and line.key not in of_first)
    rows = []
    for line in lines:
        demand = line.demand
        function_key = demand.function_key if demand else ""
        only_for = demand is not None and len(demand.options) < len(names)
        form = ConditionForm(
            people=people,
            function_key=function_key,
            prefix=line.key,
            initial={
                "owner": str(line.owner.uuid) if line.owner else "",
                "due_month": line.due_month,
                "version": line.version,
            },
        )
        rows.append(
            {
                "line": line,
                "function": functions.get(function_key, ""),
                "because": HIDDEN if line.gate in hidden else line.because,
                "only_for": ", ".join(names[key] for key in names if key in demand.options) if only_for else "",
                "due_on": conditions.due_date(start, line.due_month),
                "form": failed if failed is not None and failed.prefix == line.key else form,
            }
        )
    return rows


# -- while it is signed, and after --------------------------------------------------------------------------------


def _signing(request, review: Review, commercial: bool, changed: dict[str, Any]) -> dict[str, Any]:
    submission = approvals.submission_of(review)
    if submission is None:  # withdrawn before it was submitted
        return {"submission": None}
    found = stages.proposals_of(submission, review, commercial=commercial, reader=request.member)
    proposed = found[0].row
    submission.review = review
    route = stages.stages_of(submission, proposed)
    return {
        "submission": submission,
        "proposal": found[0],
        "amended": found[1:],
        "stages": route,
        "record": stages.short(submission.sha256),
        "answered": submission.answers.select_related(
            "asked_by__user", "on_behalf_of__user", "answered_by__user", "step"
        ).first(),
        **_bending(request.member, review, route, changed),
        "watch": watch_card(request.member, review),
        **(_acts(request, review, proposed, changed) if review.state == Review.State.IN_APPROVAL else {}),
    }


def _acts(request, review: Review, proposed: ProposedDecision, changed: dict[str, Any]) -> dict[str, Any]:
    """What the reader may do now: sign, return, reject, amend."""
    member = request.member
    able = list(ApprovalStep.objects.filter(review=review).acted_on_by(member))
    decides = any(step.kind == ApprovalStep.Kind.EXECUTIVE for step in able)
    mine = approvals.steps_waiting_for(member).filter(review=review).first() if able else None
    form = sign_form(member, mine, proposed, capacity=changed.get("capacity", "")) if mine else None
    return {
        "step": mine,
        "sign_form": form,
        "statements": statements_of(form) if form else [],
        "has_program": form is not None and has_program(member),
        "meaning": Signature.Meaning(signing.MEANING_OF[mine.kind]).label if mine else "",
        "places": _places(member, mine, form) if mine and form else [],
        "held_up": deciding.holding_up(review) if mine else [],
        "decides": mine is not None and form is not None and deciding.would_decide(mine, member, form.capacities),
        "through_program": request.POST.get("through") == "program",
        "may_end": bool(able),
        "may_reject": decides,
        "may_amend": decides,
        "return_form": ReasonForm(initial={"version": review.version}, auto_id="return_%s"),
        "reject_form": ReasonForm(initial={"version": review.version}, auto_id="reject_%s"),
        "question_form": QuestionForm(initial={"version": review.version}, auto_id="question_%s"),
    }


def _places(member: Membership, step: ApprovalStep, form: SignForm) -> list[tuple[str, str]]:
    """In whose place on the step those stand for whom the reader could sign: (name, "" for the reader; whose place)."""
    held = stages.places_of(stages.reassignments_of([step]).get(step.pk, []))
    givers = [one.giver for one in form.capacities if one.function is None]
    each = [(giver.name if giver else "", held.get((giver or member).pk, "")) for giver in givers]
    return [(name, place) for name, place in each if place]


def _bending(member: Any, review: Review, route: list[stages.Stage], changed: dict[str, Any]) -> dict[str, Any]:
    """What the lead or an admin may do to bring the route on, by the step's key."""
    if review.state != Review.State.IN_APPROVAL:
        return {}
    context: dict[str, Any] = {}
    if permissions.can_remind(member, review.program):
        context["may_remind"] = True
    if permissions.can_reassign(member, review.program):
        failed = changed.get("reassigning", {})
        people = _with_a_role(review)
        able = _able(member, review, route, people)
        context["reassignable"] = [
            {
                "step": stage.step,
                "dialog": f"reassign-{stage.step.key}",
                "form": failed.get(stage.step.key)
                or _reassign_form(stage.step, stage.left, people, able[stage.step.key]),
            }
            for stage in route
            if stage.step.state in ("open", "waiting")
        ]
        context["may_reassign"] = True
    return context


def _with_a_role(review: Review) -> list[Membership]:
    people = Membership.objects.active().filter(organization_id=review.organization_id).with_rights()
    return [one for one in people if one.roles]


def _able(
    member: Membership, review: Review, route: list[stages.Stage], people: list[Membership]
) -> dict[str, list[Membership]]:
    """By the step's key: of the people those to whom the member could give a place of it."""
    signed = {
        stage.step.key: {
            key for line in stage.signatures for key in (line.signature.membership_id, line.signature.on_behalf_of_id)
        }
        for stage in route
    }
    return stand_ins(member, review, [stage.step for stage in route], signed, people)


def reassign_form(member: Membership, step: ApprovalStep, data: Any = None) -> ReassignForm:
    """The form by which the member reassigns a step, with those whom it names and who have not signed."""
    review, people = step.review, _with_a_role(step.review)
    parties = list(step.parties.select_related("function", "membership__user"))
    if step.state in ("open", "waiting"):
        parties = routes.unsigned(step, parties, routes.counting_signatures(step))
    step.submission.review = review
    route = stages.stages_of(step.submission, signing.proposed_of(step))
    return _reassign_form(step, parties, people, _able(member, review, route, people)[step.key], data)


def _reassign_form(
    step: ApprovalStep, parties: Any, people: list[Membership], able: list[Membership], data: Any = None
) -> ReassignForm:
    return ReassignForm(data, parties=parties, people=people, able=able, auto_id=f"reassign-{step.key}_%s")


def sign_form(
    member: Any, step: ApprovalStep, proposed: ProposedDecision, data: Any = None, capacity: str = ""
) -> SignForm:
    """The form that signs a step, bound to what it shows; `capacity` was chosen before."""
    initial = {
        "step": step.uuid,
        "bound": signing.what_is_signed(step, proposed),
        "meaning": signing.MEANING_OF[step.kind],
    }
    return SignForm(
        data,
        capacities=signing.capacities(member, step, proposed),
        second_factor=proof.second_factor(member.user),
        initial=initial | ({"capacity": capacity} if capacity else {}),
        auto_id="sign_%s",
    )


def has_program(member: Membership) -> bool:
    """Whether the person has a token with which a program could sign by a grant."""
    return ApiToken.objects.visible_to(member).usable().that_change().exists()


def statements_of(form: SignForm) -> list[str]:
    """The words of every statement that the form could make: one's own, and one for each person stood in for."""
    return list(dict.fromkeys(signing.statement_of(capacity.giver)[1] for capacity in form.capacities))
