"""The frozen record of a review: all that its result can be computed from again, as canonical JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.audit import record_event
from accounts.models import Membership
from assessments import permissions
from assessments.models import Rating, Review, Scorecard, Submission
from assessments.scoring.agreement import Rated
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem
from assessments.scoring.software import software
from assessments.services.criteria import content_of, given_back, kept
from assessments.services.frameworks import previous_of
from assessments.services.panel import Panel, Said, panel_from, panel_of
from assessments.services.ratings import digest_of

FORMAT = "makewhere.submission/2"
# What older formats lack: the suggestions behind the panel values, the machine, and whose versions `software` names
# (those of the process that froze the record). Their panel values stand as they were frozen.
READ = ("makewhere.submission/1", FORMAT)


def _person(member: Membership) -> dict[str, str]:
    return {"uuid": str(member.uuid), "name": member.name}


def record_of(
    review: Review,
    scorecard: Scorecard,
    *,
    number: int,
    submitter: Membership,
    missing: Sequence[Mapping[str, str]],
    missing_reason: str,
    question: Mapping[str, Any] | None = None,
    returned: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Facts, options, criteria, ratings with their history, agreed values, panel, result, names and versions.

    The result's numbers name seed, bit generator, draws and depth; weights are those of the criteria.

    question  what sent the former submission back, with its answer; left out of the record where there is none
    returned  who returned the former submission why, and what was done about it; left out likewise

    Mappings whose order matters (choices, anchors) stand as lists of pairs, since canonical JSON sorts keys.
    """
    revision, version, organization = review.revision, review.criteria_version, review.organization
    previous = previous_of(version)
    return {
        "format": FORMAT,
        "number": number,
        "organization": {"uuid": organization.uuid, "name": organization.name},
        "program": {"uuid": review.program.uuid, "name": review.program.name},
        "review": {
            "uuid": review.uuid,
            "number": review.number,
            "question": review.question,
            "opened_by": _person(review.opened_by),
            "opened_at": review.opened_at,
            "revealed_at": review.revealed_at,
            "returned": review.returned,
        },
        "submitted_by": _person(submitter),
        "missing": [dict(thing) for thing in missing],
        "missing_reason": missing_reason,
        **({"question": dict(question)} if question else {}),
        **({"return": dict(returned)} if returned else {}),
        "facts": {
            "revision": {
                "uuid": revision.uuid,
                "number": revision.number,
                "digest": revision.digest,
                "assessment_date": revision.assessment_date,
                "summary": revision.summary,
                "saved_by": _person(revision.created_by),
                "saved_at": revision.created_at,
            },
            "values": revision.facts,
        },
        "options": [{"key": row.key, "kind": row.kind, "name": row.name} for row in review.options.all()],
        "criteria": {
            "uuid": version.uuid,
            "name": version.criteria_set.name,
            "number": version.number,
            "digest": version.digest,
            "document": kept(content_of(version)),
            "previous": None
            if previous is None
            else {
                "uuid": previous.uuid,
                "number": previous.number,
                "digest": previous.digest,
                "document": kept(content_of(previous)),
            },
        },
        "assignments": [
            {"person": _person(row.membership), "function": row.function.key, "state": row.state, "due_on": row.due_on}
            for row in review.assignments.select_related("membership__user", "function")
        ],
        "ratings": _ratings(review),
        "agreed_values": [
            {
                "criterion": row.criterion,
                "option": row.option.key,
                "value": str(row.value),
                "suggestion": None if row.suggestion is None else str(row.suggestion),
                "note": row.note,
                "recorded_by": _person(row.recorded_by),
                "at": row.updated_at,
                "version": row.version,
            }
            for row in review.agreed_values.select_related("option", "recorded_by__user").order_by(
                "criterion", "option__position"
            )
        ],
        "panel": panel_of(review),
        "result": {
            "uuid": scorecard.uuid,
            "depth": scorecard.depth,
            "engine": scorecard.engine_version,
            "input_digest": scorecard.input_digest,
            "computed_at": scorecard.created_at,
            "numbers": scorecard.numbers,
        },
        "software": {"makewhere": settings.VERSION, "engine": scorecard.engine_version}
        # Of the process that computed the result; an older scorecard does not say which it was.
        | scorecard.numbers.get("software", software()),
    }


def _ratings(review: Review) -> list[dict[str, Any]]:
    rows = (
        Rating.objects.filter(review=review)
        .select_related("option", "membership__user", "function", "revision")
        .prefetch_related("versions__revision")
        .order_by("criterion", "option__position", "membership_id")
    )
    return [
        {
            "uuid": row.uuid,
            "criterion": row.criterion,
            "option": row.option.key,
            "person": _person(row.membership),
            "function": {"key": row.function.key, "name": row.function.name},
            "score": row.score,
            "suggestion": None if row.suggestion is None else str(row.suggestion),
            "to_confirm": row.to_confirm,
            "version": row.version,
            "versions": [_version(row, version) for version in row.versions.all()],
        }
        for row in rows
    ]


def _version(rating: Rating, version: Any) -> dict[str, Any]:
    version.rating = rating
    return {
        "number": version.number,
        "score": version.score,
        "confidence": version.confidence,
        "rationale": version.rationale,
        "suggestion": None if version.suggestion is None else str(version.suggestion),
        "accepted": version.accepted,
        "facts": version.revision.number,
        "at": version.at,
        "salt": version.salt,
        "digest": digest_of(version),
    }


def problem_of(held: Mapping[str, Any]) -> Problem:
    """What the engine computes the result of a record from; nothing but the record, as read from its JSON, is read.

    Raises KeyError, TypeError, ValueError where it is none that this release can read
    """
    if held["format"] not in READ:
        raise ValueError(f"This release reads no record of the format {held['format']}.")
    previous = held["criteria"].get("previous")  # the first records have no such key
    return Problem(
        Framework.from_data(given_back(held["criteria"]["document"])),
        held["facts"]["values"],
        tuple(option["key"] for option in held["options"]),
        panel_in(held),
        ratings=tuple(
            Rated(row["criterion"], row["option"], row["person"]["uuid"], row["function"]["key"], float(row["score"]))
            for row in held["ratings"]
            if not row["to_confirm"]
        ),
        previous=previous and Framework.from_data(given_back(previous["document"])),
    )


def panel_in(held: Mapping[str, Any]) -> Panel | None:
    """The panel values that the record's ratings and agreed values give; of the oldest format those that it holds."""
    panel: Panel | None = held["panel"]
    if held["format"] != FORMAT or panel is None:
        return panel
    return panel_from(
        [_said(row, row["function"]["key"], row["score"]) for row in held["ratings"] if not row["to_confirm"]],
        [_said(row, "", row["value"]) for row in held["agreed_values"]],
    )


def _said(row: Mapping[str, Any], function: str, value: Any) -> Said:
    seen = row["suggestion"]
    return Said(row["criterion"], row["option"], function, float(value), None if seen is None else float(seen))


def software_of(submission: Submission) -> dict[str, str]:
    """The versions that the record names: {"makewhere", "engine", "python", "numpy", "scipy"}."""
    versions: dict[str, str] = json.loads(submission.record)["software"]
    return versions


@transaction.atomic
def hand_out(*, member: Membership, submission: Submission) -> str:
    """The canonical record as it was hashed; every hand-out is an audit event.

    submission  one whose review the member may see
    Raises      NotAllowed: the record holds prices and terms, and leaving them out would change its hash
    """
    permissions.can_see_commercial(member.now(), submission.review.program).require()
    record_event(
        "submission.downloaded",
        organization_id=submission.organization_id,
        actor=member,
        subject=submission,
        program=submission.review.program,
        review=submission.review,
        new={"sha256": submission.sha256},
    )
    return submission.record
