"""What a watch rests on, read as of one instant."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from accounts.audit import database_now
from assessments import jobs
from assessments.models import Condition, CriteriaVersion, DecisionWatch, ProfileRevision
from assessments.scoring.batch import Judged, Outcome, batch
from assessments.scoring.clock import after_months, elapsed_months, later
from assessments.scoring.framework import Framework
from assessments.scoring.profile import reads
from assessments.scoring.tripwires import Wire, fired, lapsed
from assessments.scoring.watching import Decided, Reason, judge
from assessments.services.frameworks import framework_of


@dataclass(frozen=True)
class Watched:
    """One watch with its inputs.

    version  the newest published one of the decision's set whose schema can read the facts, else the decision's own
    unread   a newer version that cannot read them, None mostly
    elapsed  whole months from month 0 of the newest facts to today; total: from month 0 of the signed ones
    met      whether there are conditions and all are done
    wanted   the count of inputs that this belongs to
    """

    watch: DecisionWatch
    revision: ProfileRevision
    signed_revision: ProfileRevision
    signed_version: CriteriaVersion
    version: CriteriaVersion
    unread: CriteriaVersion | None
    today: datetime.date
    elapsed: int
    total: int
    met: bool
    wanted: int

    @property
    def signed(self) -> Mapping[str, Any]:
        figures: Mapping[str, Any] = self.watch.figures["signed"]
        return figures

    @property
    def framework(self) -> Framework:
        return framework_of(self.version)

    @property
    def keys(self) -> tuple[str, ...]:
        """The options of the review that the facts still describe."""
        return described(self.signed, self.revision.facts)

    @property
    def facts_today(self) -> dict[str, Any]:
        return later(self.revision.facts, self.framework.schema, self.elapsed)

    @property
    def wires(self) -> dict[str, Wire]:
        return {
            one["key"]: Wire(
                one["field"],
                one["option"]["key"] if one["option"] else "",
                one["comparison"],
                one["threshold"],
                one["by_month"],
            )
            for one in self.signed["tripwires"]
        }

    @property
    def last_days(self) -> dict[str, datetime.date | None]:
        """The last day on which each wire counts, as the signed record prints it; None for ever."""
        return {
            one["key"]: datetime.date.fromisoformat(one["by_on"]) if one["by_on"] else None
            for one in self.signed["tripwires"]
        }

    def crossed(self, facts: Mapping[str, Any], months: int, framework: Framework) -> dict[str, Any]:
        """The keys of the wires that are crossed, with the values that cross them."""
        found = {}
        day = self.today if months == self.total else after_months(self.signed_revision.assessment_date, months)
        for key, wire in self.wires.items():
            if lapsed(self.last_days[key], day):
                continue
            is_crossed, value = fired(wire, framework.schema, facts, months)
            if is_crossed:
                found[key] = value
        return found

    def decided(self, keys: tuple[str, ...]) -> Decided:
        signed = self.signed
        return Decided(
            kind=signed["kind"],
            option=signed["option"],
            judged=Judged(keys, signed["panel"], frozenset(signed["criteria"])),
            verdict=signed["verdict"],
            behind=signed["behind"],
            place=signed["place"],
            aside=frozenset(signed["aside"]),
            demanded=frozenset(signed["demanded"]),
        )


@dataclass(frozen=True)
class Look:
    """What a look at a watch found; `fired` are the crossed tripwires with their values."""

    state: str
    reasons: list[Reason]
    outcome: Outcome | None
    fired: Mapping[str, Any]

    @property
    def figures(self) -> dict[str, Any] | None:
        """The verdict's figures as a watch keeps them."""
        verdict = self.outcome.verdict if self.outcome else None
        return dict(verdict) if verdict else None

    @property
    def signature(self) -> list[list[str]]:
        """What makes two looks the same answer."""
        return sorted(
            [one.state, one.code, *(str(one.data[part]) for part in ("key", "gate", "option", "kind") if part in one.data)]
            for one in self.reasons
        )  # fmt: skip


def described(signed: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key for key in signed["options"] if key in facts["options"])


def read(found: Any) -> list[Watched]:
    """The watches of a queryset that go on, with their inputs, in a fixed number of queries. Opens a snapshot."""
    with jobs.snapshot():
        today = database_now().date()
        rows = list(
            found.filter(ended_at=None, review__state="approved")
            .select_related("review__program__revision", "review__criteria_version", "decision__submission__revision")
            .defer("decision__submission__record")
            .order_by("pk")
        )
        sets = {row.review.criteria_version.criteria_set_id for row in rows}
        newest: dict[int, CriteriaVersion] = {}
        published = CriteriaVersion.objects.filter(criteria_set__in=sets, state=CriteriaVersion.State.PUBLISHED)
        for version in published.order_by("number"):
            newest[version.criteria_set_id] = version
        counts = (
            Condition.objects.filter(review__in=[row.review_id for row in rows])
            .values("review")
            .annotate(all=Count("pk"), done=Count("pk", filter=Q(state=Condition.State.DONE)))
        )
        met = {one["review"] for one in counts if one["all"] == one["done"]}
        return [_watched(row, newest, today, row.review_id in met) for row in rows]


def _watched(row: DecisionWatch, newest: Mapping[int, CriteriaVersion], today: datetime.date, met: bool) -> Watched:
    own = row.review.criteria_version
    version, unread = newest.get(own.criteria_set_id, own), None
    revision, signed = row.review.program.revision, row.decision.submission.revision
    if version.number < own.number:
        version = own
    keys = described(row.figures["signed"], revision.facts)
    if version != own and not reads(framework_of(version).schema, revision.facts, keys):
        version, unread = own, version
    return Watched(
        watch=row,
        revision=revision,
        signed_revision=signed,
        signed_version=own,
        version=version,
        unread=unread,
        today=today,
        elapsed=elapsed_months(revision.assessment_date, today),
        total=elapsed_months(signed.assessment_date, today),
        met=met,
        wanted=row.wanted,
    )


def outcomes(
    framework: Framework, asked: Iterable[tuple[Watched, Mapping[str, Any]]], *, deep: bool = True
) -> list[Outcome | None]:
    """The outcome of each watch under some facts; None where they no longer describe the chosen option."""
    asked = list(asked)
    possible = []
    for at, (one, facts) in enumerate(asked):
        keys, chosen = described(one.signed, facts), one.signed["option"]
        if keys and (not chosen or chosen in keys):
            possible.append((at, facts, one.decided(keys).judged))
    found: list[Outcome | None] = [None] * len(asked)
    done = batch(framework, [facts for _, facts, _ in possible], judged=[said for _, _, said in possible], deep=deep)
    for (at, _, _), outcome in zip(possible, done, strict=True):
        found[at] = outcome
    return found


def look(one: Watched, framework: Framework, facts: Mapping[str, Any], outcome: Outcome | None, months: int) -> Look:
    """What a watch comes to under some facts and their outcome, `months` after month 0 of the signed facts."""
    crossed = one.crossed(facts, months, framework)
    state, reasons = judge(
        one.decided(one.keys),
        outcome,
        resolution=framework.verdict["resolution"],
        crossed=list(crossed),
        met=one.met,
    )
    return Look(state, reasons, outcome, crossed)


def look_at(many: list[Watched]) -> list[Look]:
    """A look at every watch as it stands today; those under one criteria version are computed together."""
    found: dict[int, Look] = {}
    by_version: dict[int, list[int]] = {}
    for at, one in enumerate(many):
        by_version.setdefault(one.version.pk, []).append(at)
    for members in by_version.values():
        framework = many[members[0]].framework
        facts = [many[at].facts_today for at in members]
        done = outcomes(framework, [(many[at], own) for at, own in zip(members, facts, strict=True)])
        for at, own, outcome in zip(members, facts, done, strict=True):
            found[at] = look(many[at], framework, own, outcome, many[at].total)
    return [found[at] for at in range(len(many))]
