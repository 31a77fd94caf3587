"""Weights of a criteria draft from what people say of them: previewed, then written to the draft.

A group is the dimensions ("dimensions"), or the criteria of one dimension (its key).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit import record_event
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.models import CriteriaVersion, Criterion, Dimension, Program
from assessments.scoring.elicitation import Answer, elicited
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import reads
from assessments.services.criteria import check_document, content_of, locked
from assessments.services.versions import require_seen

DIMENSIONS = "dimensions"
WHOLE = 100.0  # what the weights of a group add up to once they are elicited
MOST_PROGRAMS = 25  # whose answer a preview computes anew


@dataclass(frozen=True)
class Group:
    """names and weights (own, not shares) of a group's parts, in the framework's order."""

    key: str
    name: str
    names: Mapping[str, str]
    weights: Mapping[str, float]

    @property
    def shares(self) -> dict[str, float]:
        whole = sum(self.weights.values()) or 1.0
        return {key: weight / whole for key, weight in self.weights.items()}


def groups_of(framework: Framework) -> dict[str, Group]:
    """The dimensions first, then the criteria of each that has two or more."""
    dimensions, leaves = framework.dimensions, {one.key: one for one in framework.criteria}
    first = Group(
        DIMENSIONS, "Dimensions", {d.key: d.name for d in dimensions}, {d.key: float(d.weight) for d in dimensions}
    )
    found = {DIMENSIONS: first}
    for dimension in dimensions:
        own = [leaves[key] for key in dimension.criteria]
        if len(own) > 1:
            found[dimension.key] = Group(
                dimension.key,
                dimension.name,
                {one.key: one.name for one in own},
                {one.key: float(one.weight) for one in own},
            )
    return found


def elicit(
    group: Group,
    answers: Mapping[str, Answer],
    importance: Mapping[str, float] | None = None,
    functions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The shares of every function's answer and of all together, see `elicitation.elicited`.

    functions  names that a refusal uses
    Raises     Invalid in words that name things as people do
    """
    try:
        return elicited(list(group.names), answers, importance)
    except ValueError as refusal:
        called = {**(functions or {}), **group.names}
        text = re.sub(r"\w+", lambda word: called.get(word[0], word[0]), str(refusal))
        raise Invalid([{"field": "answers", "option": "", "value": None, "message": text}]) from refusal


@transaction.atomic
def apply_weights(
    *, member: Membership, version_id: int, group_key: str, answers: Mapping[str, Answer],
    importance: Mapping[str, float] | None = None, seen_version: int,
) -> CriteriaVersion:  # fmt: skip
    """Write the combined shares of the answers, times 100, to the weights of a draft's group.

    Raises NotAllowed, WrongState, Clash, Invalid
    """
    version = locked(version_id, None)
    permissions.can_manage_criteria(member.now()).require()
    if version.state != CriteriaVersion.State.DRAFT:
        raise WrongState(f"{version} is {version.get_state_display().lower()}; weights are set in a draft.")
    framework = check_document(content_of(version), organization_id=version.organization_id)
    group = groups_of(framework).get(group_key)
    if group is None:
        text = "This framework has no such group of weights."
        raise Invalid([{"field": "group", "option": "", "value": group_key, "message": text}])
    found = elicit(group, answers, importance, framework.data.get("functions") or {})
    weights = {key: round(WHOLE * share, 4) for key, share in found["combined"].items()}
    require_seen("this draft", seen_version, version.version, current=dict(group.weights), attempted=weights)
    model: Any = Dimension if group_key == DIMENSIONS else Criterion
    rows = list(model.objects.filter(criteria_version=version, key__in=weights))
    for row in rows:
        row.weight = str(weights[row.key])
        row.definition = row.definition | {"weight": weights[row.key]}
    model.objects.bulk_update(rows, ["weight", "definition"])
    check_document(content_of(version), organization_id=version.organization_id)
    version.version += 1
    version.save(update_fields=["version"])
    record_event(
        "criteria.weighed",
        organization_id=version.organization_id,
        actor=member,
        subject=version,
        old={"group": group_key, "weights": dict(group.weights)},
        new={
            "group": group_key,
            "weights": weights,
            "answers": {
                function: {"method": one.method, "given": _plain(one.given)} for function, one in answers.items()
            },
            "importance": dict(importance) if importance else None,
        },
    )
    return version


def _plain(given: Any) -> Any:
    """What was answered as JSON: pairs as [first, second, how many times]."""
    if isinstance(given, Mapping) and any(isinstance(key, tuple) for key in given):
        return [[*pair, times] for pair, times in given.items()]
    return dict(given) if isinstance(given, Mapping) else list(given)


@dataclass(frozen=True)
class Effect:
    """What other weights make of one program's facts. before, after: names of what comes first; empty for a tie or none."""

    program: Program
    before: str
    after: str

    @property
    def moves(self) -> bool:
        return self.before != self.after


def effects_of(member: Membership, framework: Framework, group_key: str, shares: Mapping[str, float]) -> list[Effect]:
    """What the shares would make of the saved facts of the programs that the person sees, those that move first.

    Facts that this framework cannot read are left out, and so are programs beyond the first twenty-five by name.
    """
    part = "dimensions" if group_key == DIMENSIONS else "criteria"
    programs = (
        Program.objects.visible_to(member).exclude(revision=None).select_related("revision").order_by("name", "pk")
    )
    found = []
    for program in programs[:MOST_PROGRAMS]:
        facts, keys = program.revision.facts, tuple(program.revision.option_keys)
        if not reads(framework.schema, facts, keys):
            continue
        try:
            before = headline(Problem(framework, facts, keys))
            after = headline(Problem(framework, facts, keys, weights={part: dict(shares)}))
        except EvaluationError:
            continue
        names = {option["key"]: option["name"] for option in before["options"]}
        first = (names.get(card["verdict"]["option"], "") for card in (before, after))
        found.append(Effect(program, *first))
    return sorted(found, key=lambda one: not one.moves)
