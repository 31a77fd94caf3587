"""Tripwires of a decision: facts that would end it. The lead sets them before the submission, an approver with an amend."""

import datetime
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.audit import record_event, sha256_of
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid
from assessments.models import Review, Tripwire
from assessments.scoring.clock import date_of_month
from assessments.scoring.schema import Field, Schema
from assessments.scoring.tripwires import WORDS, Wire, check, crossed, value_of, values_of
from assessments.services.fact_words import value_words
from assessments.services.frameworks import framework_of
from assessments.services.inputs import lock_review
from assessments.services.owning import month_of, owner_of
from assessments.services.reviews import problem, too_long
from assessments.services.shown import shown
from assessments.services.versions import require_seen, shown_person

MOST_PROPOSED = 5
LONGEST_REASON = 2000
DOUBLE = "There is such a tripwire already; change its threshold."
BY_DIRECTION = {"up": Tripwire.Comparison.GE, "down": Tripwire.Comparison.LE, "to": Tripwire.Comparison.EQ}


def key_of(wire: Wire) -> str:
    """A stable key: one wire of a review per fact, option and comparison."""
    return f"{wire.field[:60]}-{sha256_of([wire.field, wire.option, wire.comparison])[:12]}"


def wire_of(row: Tripwire) -> Wire:
    return Wire(row.field, row.option_key, row.comparison, row.threshold, row.by_month)


def sentence_of(wire: Wire, schema: Schema, facts: Mapping[str, Any]) -> str:
    """A wire in words: "Wait for a slot of Resilience is above 9 months, until month 24"."""
    field = schema.fields.get(wire.field)
    if field is None:
        return f"A fact that these criteria no longer know ({wire.field})"
    where = f" of {facts['options'].get(wire.option, {}).get('name', wire.option)}" if wire.option else ""
    words = WORDS.get(wire.comparison, wire.comparison)
    until = "" if wire.by_month is None else f", until month {wire.by_month}"
    return f"{field.label}{where} {words} {value_words(field, wire.threshold)}{until}"


def proposed(review: Review, numbers: Mapping[str, Any]) -> list[tuple[Wire, str, bool]]:
    """Wires at the engine's smallest changes of a fact that put another option first, the smallest first.

    Returns (wire, what would then come first, whether the fact is confidential); those that are set already are left out.
    Empty until the full result is there
    """
    names = {option["key"]: option["name"] for option in numbers["options"]}
    held = set(review.tripwires.values_list("key", flat=True))
    found = []
    for wire, row in _wires_of(review, numbers):
        if key_of(wire) not in held:
            then = f"{names[row['winner']]} first" if row["winner"] else "no option left"
            found.append((wire, then, row["commercial"]))
    return found[:MOST_PROPOSED]


def _wires_of(review: Review, numbers: Mapping[str, Any]) -> list[tuple[Wire, Mapping[str, Any]]]:
    """Every wire that stands at one of the result's smallest changes, with that change; whether or not it is set."""
    schema = framework_of(review.criteria_version).schema
    found = []
    for row in numbers.get("flips", {}).get("facts", ()):
        wire = Wire(row["field"], row["option"], BY_DIRECTION[row["direction"]], row["new"])
        _, cleaned, faults = check(wire, schema, review.revision.facts)
        if not faults:
            found.append((replace(wire, threshold=cleaned), row))
    return found


def entries_of(review: Review, facts: Mapping[str, Any], start: datetime.date) -> list[dict[str, Any]]:
    """Tripwires as a proposed decision freezes them.

    facts, start  of the submission's revision
    """
    schema = framework_of(review.criteria_version).schema
    found = []
    for row in review.tripwires.select_related("owner__user", "owner_function"):
        wire, field = wire_of(row), schema.fields[row.field]
        found.append(
            {
                "key": row.key,
                "field": row.field,
                "label": field.label,
                "unit": field.unit or "",
                "option": {"key": row.option_key, "name": facts["options"][row.option_key]["name"]}
                if row.option_key
                else None,
                "comparison": row.comparison,
                "threshold": row.threshold,
                "by_month": row.by_month,
                "by_on": None if row.by_month is None else date_of_month(start, row.by_month),
                "owner_function": row.owner_function.key if row.owner_function else "",
                "owner": {"uuid": str(row.owner.uuid), "name": row.owner.name} if row.owner else None,
                "because": row.because,
                "proposed_by_engine": row.proposed,
                "commercial": field.commercial,
                "sentence": sentence_of(wire, schema, facts),
            }
        )
    return found


def threshold_words(field: Field | None, threshold: Any) -> str:
    """A threshold as it is typed: a choice by its words, Yes or No, a number as it is."""
    if field is None or not values_of(field):
        return str(threshold)
    return value_words(field, threshold)


def _threshold(given: Any, field: Field | None) -> Any:
    """What a form or the API gives, as the field's type takes it: a text that is a number is one."""
    if not isinstance(given, str) or field is None:
        return given
    text = given.strip()
    if field.type in ("decimal", "integer"):
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            return text
        if not math.isfinite(number):
            return text
        return int(number) if number == int(number) else number
    if field.type == "boolean":
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    return text


def put(
    *, member: Membership, review: Review, entries: Sequence[Mapping[str, Any]], on_behalf_of: Membership | None = None
) -> list[Tripwire]:
    """Write tripwires inside the caller's transaction and under its guard.

    entries  dicts with field, comparison, threshold, and at will option, by_month, owner (membership or its uuid), because;
             `key` of a written one to change it, with `version` as seen
    Whether the engine proposed one is read off the shown result, whoever says so: only a wire that stands exactly where the
    result's answer turns is the engine's
    Raises   Invalid naming every fault, with the nearest name that exists; Clash
    """
    framework = framework_of(review.criteria_version)
    schema, facts = framework.schema, review.revision.facts
    commercial = permissions.can_see_commercial(member, review.program)
    of_the_engine = [wire for wire, _ in _wires_of(review, shown(review).numbers or {})] if entries else []
    problems: list[dict] = []
    rows = []
    for entry in entries:
        given = str(entry.get("key") or "")
        row = review.tripwires.filter(key=given).first() if given else None
        if given and row is None:
            problems.append(problem("key", "There is no such tripwire.", given))
            continue
        if row is not None:
            _require_seen(row, schema, entry, commercial=bool(commercial))
        name, option = (
            (row.field, row.option_key) if row else (str(entry.get("field", "")), str(entry.get("option") or ""))
        )
        comparison = str(entry.get("comparison") or (row.comparison if row else ""))
        threshold = _threshold(entry.get("threshold"), schema.fields.get(name))
        mine: list[dict] = []
        month = entry.get("by_month")
        by_month = None if month in (None, "") else month_of(month, "by_month", given, mine)
        wire = Wire(name, option, comparison, threshold, by_month)
        field, cleaned, faults = check(wire, schema, facts)
        mine += [problem(part, message, str(getattr(wire, part)), given) for part, message in faults]
        if field is not None and field.commercial and not commercial:
            mine.append(problem("field", commercial.reason, name, given))
        wire = Wire(name, option, comparison, cleaned, wire.by_month)
        if not mine and (words := _crossed_words(wire, field, facts)):
            mine.append(problem("threshold", words, str(cleaned), given))
        owner = _owner(review, entry.get("owner"), row, given, mine)
        because = str(entry.get("because") or "").strip()
        mine += too_long("because", because, LONGEST_REASON, option=given)
        if not mine and _is_double(review, wire, {given}):
            mine.append(problem("field", DOUBLE, name, given))
        problems += mine
        if not mine:
            rows.append(_write(member, review, row, wire, owner, because, wire in of_the_engine, on_behalf_of))
    if problems:
        raise Invalid(problems)
    return rows


def _owner(review: Review, named: Any, row: Tripwire | None, key: str, problems: list[dict]) -> Membership | None:
    """Who sees to a tripwire. One who has it already keeps it, also after leaving: a threshold is not held up by that."""
    if not named:
        return None
    had = row.owner if row else None
    if had is not None and str(named.uuid if isinstance(named, Membership) else named) == str(had.uuid):
        return had
    return owner_of(review, named, key, problems)


def _require_seen(row: Tripwire, schema: Schema, entry: Mapping[str, Any], *, commercial: bool) -> None:
    """Raises Clash with what stands now, but to whoever may not see the fact, and what was to stand."""
    field = schema.fields.get(row.field)
    readable = commercial or field is None or not field.commercial
    require_seen(
        "this tripwire",
        entry.get("version"),
        row.version,
        current=_said(vars(row) | {"owner": row.owner}) if readable else None,
        attempted=_said(entry) if "threshold" in entry else None,
    )


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What of a tripwire can be changed, as a clash says it."""
    plain = {name: entry.get(name) for name in ("comparison", "threshold", "by_month", "because")}
    return plain | {"owner": shown_person(entry.get("owner"))}


def faults_of(
    review: Review, *, field: str, option: str, comparison: str, threshold: Any, key: str = "",
    gone: Collection[str] = (),
) -> list[dict]:  # fmt: skip
    """What `put` will say of a fact that the reader may see, its comparison and its threshold; so that a form says it
    beside what it finds itself.

    key   of the tripwire that is changed
    gone  keys of those that are taken off with the same act
    """
    schema, facts = framework_of(review.criteria_version).schema, review.revision.facts
    wire = Wire(field, option, comparison, _threshold(threshold, schema.fields.get(field)))
    entry, cleaned, faults = check(wire, schema, facts)
    found = [problem(part, message, str(getattr(wire, part)), key) for part, message in faults]
    wire = replace(wire, threshold=cleaned)
    if not found and entry is not None and (words := _crossed_words(wire, entry, facts)):
        found.append(problem("threshold", words, str(cleaned), key))
    if not found and _is_double(review, wire, {key, *gone}):
        found.append(problem("field", DOUBLE, field, key))
    return found


def _crossed_words(wire: Wire, field: Field, facts: Mapping[str, Any]) -> str:
    """That the facts cross a wire already, by which value; empty where they do not."""
    value = value_of(wire, facts)
    if not crossed(wire, value):
        return ""
    return f"The facts cross this already (now {value_words(field, value)}): it would end the decision at once."


def _is_double(review: Review, wire: Wire, but: Collection[str]) -> bool:
    """Whether another tripwire than those with these keys watches the same fact by the same comparison."""
    return review.tripwires.filter(key=key_of(wire)).exclude(key__in=but).exists()


def _write(
    member: Membership, review: Review, row: Tripwire | None, wire: Wire, owner: Membership | None, because: str,
    proposed: bool, on_behalf_of: Membership | None,
) -> Tripwire:  # fmt: skip
    schema, facts = framework_of(review.criteria_version).schema, review.revision.facts
    values = {
        "comparison": wire.comparison,
        "threshold": wire.threshold,
        "by_month": wire.by_month,
        "owner": owner,
        "owner_function": owner.functions[0] if owner and owner.functions else None,
        "because": because,
        "proposed": proposed,
        "key": key_of(wire),
    }
    old = None if row is None else {"sentence": _told(sentence_of(wire_of(row), schema, facts), row.field, schema)}
    if row is None:
        row = Tripwire.objects.create(
            organization_id=review.organization_id,
            review=review,
            field=wire.field,
            option_key=wire.option,
            **values,
        )
    else:
        Tripwire.objects.filter(pk=row.pk).update(**values, version=F("version") + 1)
        row.refresh_from_db()
    sentence = _told(sentence_of(wire, schema, facts), wire.field, schema)
    record_event(
        "tripwire.set",
        organization_id=review.organization_id,
        actor=member,
        on_behalf_of=on_behalf_of,
        subject=row,
        label=sentence,
        program=review.program,
        review=review,
        old=old,
        new={"sentence": sentence, "owner": owner.name if owner else None},
    )
    return row


def _told(sentence: str, field: str, schema: Schema) -> str:
    """A wire as the audit trail, which everyone who audits may read, tells of it."""
    entry = schema.fields.get(field)
    return f"{entry.label} (confidential)" if entry is not None and entry.commercial else sentence


def drop_rows(
    *, member: Membership, review: Review, keys: Sequence[str], on_behalf_of: Membership | None = None
) -> None:
    """Take tripwires off, inside the caller's transaction and under its guard."""
    schema, facts = framework_of(review.criteria_version).schema, review.revision.facts
    for row in review.tripwires.filter(key__in=keys):
        sentence = _told(sentence_of(wire_of(row), schema, facts), row.field, schema)
        record_event(
            "tripwire.dropped",
            organization_id=review.organization_id,
            actor=member,
            on_behalf_of=on_behalf_of,
            subject=row,
            label=sentence,
            program=review.program,
            review=review,
            old={"sentence": sentence},
        )
        row.delete()


def _guarded(member: Membership, review_id: int) -> Review:
    review = lock_review(review_id, states=("reconciling",))
    permissions.can_lead_review(member.now(), review.program).require()
    return review


@transaction.atomic
def set_tripwire(*, member: Membership, review_id: int, **entry: Any) -> Tripwire:
    """Add or change one tripwire; see `put` for what it takes. The lead's, while the review is reconciled.

    Raises NotAllowed, WrongState, Invalid, Clash
    """
    review = _guarded(member, review_id)
    return put(member=member.now(), review=review, entries=[entry])[0]


@transaction.atomic
def drop_tripwire(*, member: Membership, review_id: int, key: str, seen_version: int) -> None:
    """Take a tripwire off. The lead's, while the review is reconciled. Raises NotAllowed, WrongState, Clash."""
    review = _guarded(member, review_id)
    row = review.tripwires.filter(key=key).first()
    if row is None:
        return
    schema = framework_of(review.criteria_version).schema
    commercial = bool(permissions.can_see_commercial(member.now(), review.program))
    _require_seen(row, schema, {"version": seen_version}, commercial=commercial)
    drop_rows(member=member, review=review, keys=[key])


def lapsed(review: Review, facts: Mapping[str, Any]) -> list[tuple[Tripwire, str]]:
    """Tripwires that these facts cross already or no longer describe, each with what is wrong."""
    schema = framework_of(review.criteria_version).schema
    found = []
    for row in review.tripwires.all():
        wire = wire_of(row)
        _, _, faults = check(wire, schema, facts)
        if faults:
            found.append((row, faults[0][1]))
        elif crossed(wire, value_of(wire, facts)):
            found.append((row, "The facts cross it already: the decision would end at once."))
    return found
