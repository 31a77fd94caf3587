"""Criteria versions: read in from a document, written out again, published with a reason, retired."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.audit import database_now, record_event, sha256_of
from accounts.letters import faults_in
from accounts.models import Function, Membership
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.models import (
    CriteriaSet,
    CriteriaVersion,
    Criterion,
    DerivedQuantity,
    Dimension,
    Gate,
    Lens,
    ProfileField,
    RiskEvent,
    RouteStep,
    Rule,
    Scenario,
    Source,
)
from assessments.scoring.framework import Framework, FrameworkErrors
from assessments.scoring.framework_rows import check_rows
from assessments.services.owing_watches import owe_for_criteria
from assessments.services.versions import require_seen

META_KEYS = ("format", "key", "name", "label", "about", "kinds", "functions", "risk", "plausible_weights", "verdict")


# PostgreSQL's jsonb forgets the order of keys and turns numbers into texts; these mappings are kept as pairs.
ORDERED = frozenset({"anchors", "choices", "functions", "items", "kinds", "multipliers"})


def kept(value: Any, ordered: bool = False) -> Any:
    """A part of a document as it is stored: mappings whose order matters as lists of [key, value]."""
    if isinstance(value, dict):
        if ordered and value:
            return [[key, kept(inner, True)] for key, inner in value.items()]
        return {key: kept(inner, key in ORDERED) for key, inner in value.items()}
    return [kept(inner) for inner in value] if isinstance(value, list) else value


def given_back(value: Any, ordered: bool = False) -> Any:
    """The inverse of `kept`."""
    if isinstance(value, dict):
        return {key: given_back(inner, key in ORDERED) for key, inner in value.items()}
    if isinstance(value, list):
        if ordered and value and all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            return {key: given_back(inner, True) for key, inner in value}
        return [given_back(inner) for inner in value]
    return value


def check_document(document: Any, *, organization_id: int) -> Framework:
    """Compile a framework document. Raises Invalid naming every problem at its place, before anything is written."""
    rows: list[tuple[str, str]] = []
    if isinstance(document, dict):
        check_rows(document, rows)
    try:
        framework = Framework.from_data(document)
    except FrameworkErrors as errors:
        rows += errors.problems
    rows += [(".".join(path), words) for path, words in faults_in(document)]
    if rows:
        raise Invalid([{"field": at, "option": "", "value": None, "message": text} for at, text in dict.fromkeys(rows)])
    known = set(Function.objects.filter(organization_id=organization_id).values_list("key", flat=True))
    unknown = sorted(set(document["functions"]) - known)
    if unknown:
        raise Invalid(
            [
                {
                    "field": f"functions.{key}",
                    "option": "",
                    "value": key,
                    "message": f"This organization has no function {key!r}; it has {', '.join(sorted(known))}.",
                }
                for key in unknown
            ]
        )
    return framework


@transaction.atomic
def import_draft(*, member: Membership, document: dict, cloned_from: CriteriaVersion | None = None) -> CriteriaVersion:
    """A new draft from a framework document, the next number of its set. Raises NotAllowed, Invalid."""
    permissions.can_manage_criteria(member.now()).require()
    check_document(document, organization_id=member.organization_id)
    criteria_set, _ = CriteriaSet.objects.get_or_create(
        organization_id=member.organization_id, key=document["key"], defaults={"name": document["name"]}
    )
    CriteriaSet.objects.select_for_update(no_key=True).get(pk=criteria_set.pk)
    last = criteria_set.versions.aggregate(last=Max("number"))["last"] or 0
    version = CriteriaVersion.objects.create(
        organization_id=member.organization_id,
        criteria_set=criteria_set,
        number=last + 1,
        label=str(document.get("label", ""))[:80],
        cloned_from=cloned_from,
        meta=kept(
            {key: document[key] for key in META_KEYS if key in document} | {"sections": document["schema"]["sections"]}
        ),
        created_by=member,
    )
    _write_rows(version, document)
    record_event(
        "criteria.drafted",
        organization_id=member.organization_id,
        actor=member,
        subject=version,
        new={"number": version.number, "digest": sha256_of(content_of(version))},
    )
    return version


def _write_rows(version: CriteriaVersion, document: dict) -> None:
    """Explode a checked document into rows; `content_of` puts it together again."""
    common = {"organization_id": version.organization_id, "criteria_version": version}

    def rest(row: dict, *taken: str) -> dict:
        return kept({key: value for key, value in row.items() if key not in taken})

    Source.objects.bulk_create(
        Source(key=key, name=row["title"][:200], position=at, definition=kept(row), **common)
        for at, (key, row) in enumerate(document.get("sources", {}).items())
    )
    ProfileField.objects.bulk_create(
        ProfileField(
            key=row["key"],
            name=row.get("label", row["key"])[:200],
            position=at,
            scope=row.get("scope", "program"),
            section=row.get("section", ""),
            owner_function=row.get("owner", ""),
            commercial=bool(row.get("commercial", False)),
            definition=rest(row, "key"),
            **common,
        )
        for at, row in enumerate(document["schema"]["fields"])
    )
    alike: list[tuple[Any, list[dict], str]] = [
        (DerivedQuantity, document.get("derived", []), "key"),
        (Gate, document.get("gates", []), "id"),
        (Scenario, document.get("scenarios", []), "id"),
        (Lens, document.get("lenses", []), "key"),
        (RouteStep, document.get("route", []), "key"),
    ]
    for model, rows, id_key in alike:
        model.objects.bulk_create(
            model(key=row[id_key], name=row.get("name", "")[:200], position=at, definition=rest(row, id_key), **common)
            for at, row in enumerate(rows)
        )
    RiskEvent.objects.bulk_create(
        RiskEvent(
            key=row["id"],
            name=row["name"][:200],
            category=row["category"],
            position=at,
            definition=rest(row, "id"),
            **common,
        )
        for at, row in enumerate(document.get("risk_events", []))
    )
    for at, row in enumerate(document["dimensions"]):
        dimension = Dimension.objects.create(
            key=row["key"],
            name=row["name"],
            position=at,
            weight=str(row["weight"]),
            definition=rest(row, "key", "criteria"),
            **common,
        )
        criteria = Criterion.objects.bulk_create(
            Criterion(
                key=leaf["key"],
                name=leaf["name"],
                position=100 * at + leaf_at,
                dimension=dimension,
                weight=str(leaf["weight"]),
                owner_function=leaf["owner"],
                consulted_functions=leaf.get("consulted", []),
                definition=rest(leaf, "key", "rules"),
                **common,
            )
            for leaf_at, leaf in enumerate(row["criteria"])
        )
        Rule.objects.bulk_create(
            Rule(
                key=f"{leaf['key']}.{kind}",
                position=rule_at,
                criterion=criterion,
                kind=kind,
                definition={"rule": kept(rule)},
                **common,
            )
            for criterion, leaf in zip(criteria, row["criteria"], strict=True)
            for rule_at, (kind, rule) in enumerate(leaf.get("rules", {}).items())
        )


def content_of(version: CriteriaVersion) -> dict:
    """The framework document of a version, put together from its rows (12 queries)."""
    rules: dict[int, dict] = {}
    for rule in version.rule_rows.all():
        rules.setdefault(rule.criterion_id, {})[rule.kind] = given_back(rule.definition["rule"])
    leaves: dict[int, list] = {}
    for criterion in version.criterion_rows.all():
        leaf = {"key": criterion.key, **given_back(criterion.definition)}
        if criterion.pk in rules:
            leaf["rules"] = rules[criterion.pk]
        leaves.setdefault(criterion.dimension_id, []).append(leaf)
    meta = dict(version.meta)
    sections = meta.pop("sections")
    return given_back(meta) | {
        "sources": {row.key: given_back(row.definition) for row in version.source_rows.all()},
        "schema": {
            "sections": given_back(sections),
            "fields": [{"key": row.key, **given_back(row.definition)} for row in version.profilefield_rows.all()],
        },
        "derived": [{"key": row.key, **given_back(row.definition)} for row in version.derivedquantity_rows.all()],
        "dimensions": [
            {"key": row.key, **given_back(row.definition), "criteria": leaves.get(row.pk, [])}
            for row in version.dimension_rows.all()
        ],
        "gates": [{"id": row.key, **given_back(row.definition)} for row in version.gate_rows.all()],
        "risk_events": [{"id": row.key, **given_back(row.definition)} for row in version.riskevent_rows.all()],
        "scenarios": [{"id": row.key, **given_back(row.definition)} for row in version.scenario_rows.all()],
        "lenses": [{"key": row.key, **given_back(row.definition)} for row in version.lens_rows.all()],
        "route": [{"key": row.key, **given_back(row.definition)} for row in version.routestep_rows.all()],
    }


@transaction.atomic
def clone(*, member: Membership, version: CriteriaVersion) -> CriteriaVersion:
    """A draft that begins as a copy of a version, with the same keys. Raises NotAllowed."""
    return import_draft(member=member, document=content_of(version), cloned_from=version)


def locked(version_id: int, seen_version: int | None, attempted: Any = None) -> CriteriaVersion:
    """The version, held until the transaction ends. Raises Clash if it is not as it was seen.

    attempted  what it was to be changed to
    """
    version = CriteriaVersion.objects.select_for_update(no_key=True, of=("self",)).get(pk=version_id)
    current = {"state": version.state}
    require_seen("this draft", seen_version, version.version, current=current, attempted=attempted)
    return version


@transaction.atomic
def publish(*, member: Membership, version_id: int, reason: str, seen_version: int | None = None) -> CriteriaVersion:
    """Publish a draft: it never changes again, and changes no review. Raises NotAllowed, Invalid, WrongState, Clash."""
    version = locked(version_id, seen_version, {"state": CriteriaVersion.State.PUBLISHED, "reason": reason})
    permissions.can_manage_criteria(member.now()).require()
    if version.state != CriteriaVersion.State.DRAFT:
        raise WrongState(f"{version} is {version.get_state_display().lower()}; only a draft is published.")
    if not reason.strip():
        raise Invalid([{"field": "reason", "option": "", "value": reason, "message": "Say why this version comes."}])
    content = content_of(version)
    check_document(content, organization_id=version.organization_id)
    version.state = CriteriaVersion.State.PUBLISHED
    version.digest = sha256_of(content)
    version.published_by, version.published_at, version.publish_reason = member, database_now(), reason.strip()
    version.version += 1
    version.save()
    record_event(
        "criteria.published",
        organization_id=version.organization_id,
        actor=member,
        subject=version,
        new={"number": version.number, "digest": version.digest},
        reason=reason.strip(),
    )
    owe_for_criteria(version, member)
    return version


@transaction.atomic
def retire(*, member: Membership, version_id: int, reason: str) -> CriteriaVersion:
    """Retire a published version: no new review takes it, pinned ones keep it. Raises NotAllowed, Invalid, WrongState."""
    version = locked(version_id, None)
    permissions.can_manage_criteria(member.now()).require()
    if version.state != CriteriaVersion.State.PUBLISHED:
        raise WrongState(f"{version} is {version.get_state_display().lower()}; only a published version is retired.")
    if not reason.strip():
        raise Invalid([{"field": "reason", "option": "", "value": reason, "message": "Say why this version goes."}])
    CriteriaVersion.objects.filter(pk=version.pk).update(state=CriteriaVersion.State.RETIRED)
    version.state = CriteriaVersion.State.RETIRED
    record_event(
        "criteria.retired",
        organization_id=version.organization_id,
        actor=member,
        subject=version,
        old={"state": "published"},
        new={"state": "retired"},
        reason=reason.strip(),
    )
    return version


@transaction.atomic
def discard_draft(*, member: Membership, version_id: int, seen_version: int | None = None) -> None:
    """Delete a draft for good. Raises NotAllowed, WrongState, Clash."""
    version = locked(version_id, seen_version)
    permissions.can_manage_criteria(member.now()).require()
    if version.state != CriteriaVersion.State.DRAFT:
        raise WrongState("Only a draft is discarded.")
    record_event(
        "criteria.discarded",
        organization_id=version.organization_id,
        actor=member,
        subject=version,
        old={"number": version.number, "digest": sha256_of(content_of(version))},
    )
    version.delete()
