"""Tripwires as the approval tab shows them, and the card that says whether a decision still holds."""

from typing import Any

from django.urls import reverse

from accounts.models import Membership
from assessments import permissions
from assessments.forms.approval import people_of
from assessments.forms.tripwires import TripwireForm, fact_choices, initial_of
from assessments.models import DecisionWatch, Program, Review
from assessments.scoring.confidential import HIDDEN
from assessments.services import tripwires
from assessments.services.frameworks import framework_of
from assessments.services.watches.wording import shown_causes

TONES = {"holds": "good", "weaker": "warn", "no_longer_holds": "bad"}
SAID = {"holds": "holds", "weaker": "is weaker", "no_longer_holds": "no longer holds"}
ICONS = {"holds": "circle-check", "weaker": "alert-triangle", "no_longer_holds": "circle-x"}


def watch_card(member: Membership, review: Review | None) -> dict[str, Any] | None:
    """What the card of a decision's watch shows; None where nothing is watched.

    review  one that the member may see
    """
    if review is None or review.state not in Review.RECORDED:
        return None
    watch = (
        DecisionWatch.objects.select_related("revision", "criteria_version")
        .filter(review=review, ended_at=None, checked_at__isnull=False)
        .first()
    )
    if watch is None:
        return None
    commercial = bool(permissions.can_see_commercial(member, review.program))
    gone = dict(review.tripwires.with_gone().values_list("key", "gone")) if watch.fired else {}
    fired = [
        (one if commercial or not one["commercial"] else one | {"sentence": HIDDEN, "now": ""})
        | {"gone": gone.get(one["key"], "")}
        for one in watch.fired
        if one["sentence"] not in watch.sentence  # said once
    ]
    causes = shown_causes(watch.causes, commercial=commercial, hidden=HIDDEN)
    asks = (
        watch.state != DecisionWatch.State.HOLDS
        and bool(permissions.can_lead_review(member, review.program))
        and not Review.objects.open().filter(program=review.program).exists()
    )
    return {
        "row": watch,
        "tone": TONES[watch.state],
        "icon": ICONS[watch.state],
        "sentence": watch.sentence,
        "causes": causes,
        "fired": fired,
        "next_url": f"{reverse('assessments:review_new', args=[review.program.uuid])}?after={review.uuid}"
        if asks
        else "",
    }


def watched_review(member: Membership, program: Program) -> Review | None:
    """The approved review of a program, if the member may see it."""
    visible = Review.objects.visible_to(member).select_related("program")
    return visible.filter(program=program, state=Review.State.APPROVED).first()


def cause_of(member: Membership, review: Review) -> str:
    """Why the next review is opened, as it is written into it: the watch's own sentences."""
    card = watch_card(member, review)
    if card is None or card["row"].state == DecisionWatch.State.HOLDS:
        return ""
    # What stands in a review is read by all who read it: nothing confidential goes in, whoever opens it.
    causes = [one["sentence"] for one in card["row"].causes if not one["commercial"]]
    return " ".join([f"The decision of {review} {SAID[card['row'].state]}: {card['sentence']}", *causes])


def tripwire_rows(member: Membership, review: Review, numbers: dict, failed: TripwireForm | None) -> dict[str, Any]:
    """Set tripwires and those that the result proposes, each with its form, for the approval tab before a submission."""
    framework = framework_of(review.criteria_version)
    commercial = bool(permissions.can_see_commercial(member, review.program))
    may_lead = bool(permissions.can_lead_review(member, review.program))
    people = people_of(review) if may_lead else []
    facts = fact_choices(framework.schema, review, commercial=commercial)
    values = review.revision.facts
    rows = []
    for row in review.tripwires.with_gone().select_related("owner__user"):
        field = framework.schema.fields.get(row.field)
        hides = not commercial and field is not None and field.commercial
        form = TripwireForm(
            review=review,
            facts=facts,
            people=people,
            changed=row,
            prefix=row.key,
            initial=initial_of(row, framework.schema) | ({"threshold": "", "because": ""} if hides else {}),
        )
        rows.append(
            {
                "row": row,
                "sentence": HIDDEN
                if hides
                else tripwires.sentence_of(tripwires.wire_of(row), framework.schema, values),
                "because": "" if hides else row.because,
                "form": failed if failed is not None and failed.prefix == row.key else form,
            }
        )
    offered = []
    for wire, then, confidential in tripwires.proposed(review, numbers) if may_lead else ():
        if confidential and not commercial:
            continue
        offered.append({"wire": wire, "then": then, "sentence": tripwires.sentence_of(wire, framework.schema, values)})
    blank = TripwireForm(review=review, facts=facts, people=people, prefix="new")
    return {
        "tripwires": rows,
        "offered": offered,
        "tripwire_form": failed if failed is not None and failed.prefix == "new" else blank,
    }
