"""Editing the draft one field at a time."""

import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.audit import database_now, record_event
from accounts.letters import faults_in
from accounts.models import Membership
from assessments.errors import Invalid
from assessments.models import DraftValue, ProfileDraft, Program
from assessments.permissions import ProgramRights
from assessments.scoring.clock import is_anchored
from assessments.scoring.language.check import nearest
from assessments.scoring.profile import date_of_fact
from assessments.scoring.schema import Field, Schema, ValueProblem
from assessments.services.drafts.rows import count_change, lock_draft
from assessments.services.frameworks import framework_of
from assessments.services.revisions import problem
from assessments.services.versions import require_seen


@transaction.atomic
def edit_field(
    *,
    member: Membership,
    program: Program,
    field: str,
    option_key: str = "",
    value: Any,
    seen_version: int,
    as_of: Any = None,
) -> DraftValue:
    """Set one fact of the draft. What is stored already is no change, whatever version was seen.

    option_key    of the option that the fact belongs to; "" for the program
    value         plain data; None takes the value back (unknown, or missing where the field needs one)
    seen_version  of the value as it was shown; 0 where there was none
    as_of         the day as of which a dated fact is known (date or ISO text); today where a new value comes without one
    Raises        NotAllowed; Invalid for an unknown field or option, an impossible value or date; Clash with both values
    """
    draft = lock_draft(program.pk)
    entry, row = _place(draft, field, option_key)
    _may_edit(member, draft, entry)
    try:
        cleaned = None if value is None else clean_typed(entry, value, row.value if row else None)
    except ValueProblem as refused:
        raise Invalid([problem(field, str(refused), option=option_key, value=value)]) from refused
    for _, words in faults_in(cleaned):
        raise Invalid([problem(field, words, option=option_key, value=value)])
    return _write(
        draft, entry, option_key, row, cleaned, _day(entry, option_key, row, cleaned, as_of), member, seen_version
    )


@transaction.atomic
def confirm_field(
    *, member: Membership, program: Program, field: str, option_key: str = "", seen_version: int
) -> DraftValue:
    """Say that a value marked "to confirm" still holds as of the draft's month 0. Raises as `edit_field` does."""
    draft = lock_draft(program.pk)
    entry, row = _place(draft, field, option_key)
    _may_edit(member, draft, entry)
    if row is None or not row.to_confirm:
        return row
    day = database_now().date() if entry.dated else None
    return _write(draft, entry, option_key, row, row.value, day, member, seen_version)


def clean_typed(entry: Field, value: Any, stored: Any) -> Any:
    """The value as plain data, within the range that a person may type. Raises ValueProblem.

    What the clock moved below that range and nobody touched is taken as it stands: the same value, or a list's entry
    with the same month as a stored one.
    """
    cleaned = entry.clean(value, shifted=True)
    if cleaned == stored or not is_anchored(entry):
        return cleaned
    if entry.type == "list":
        moved = [key for key, item in entry.items.items() if item.clock == "anchored"]
        known = {tuple(one.get(key) for key in moved) for one in stored or ()}
        typed = [
            {**one, **{key: entry.items[key].min or 0 for key in moved}}
            if tuple(one[key] for key in moved) in known
            else one
            for one in cleaned
        ]
        entry.clean(typed)
        return cleaned
    return entry.clean(value)


def _place(draft: ProfileDraft, field: str, option_key: str) -> tuple[Field, DraftValue | None]:
    """The field and its row. Raises Invalid for a field or an option that there is not, with the nearest name."""
    schema = framework_of(draft.program.criteria_version).schema
    entry = _known(schema, draft, field, option_key)
    return entry, draft.values.filter(option_key=option_key, field=entry.key).first()


def _known(schema: Schema, draft: ProfileDraft, field: str, option_key: str) -> Field:
    if not option_key:
        entry = schema.fields.get(field)
        if entry is not None and entry.scope == "program":
            return entry
        hint = nearest(str(field)[:80], tuple(one.key for one in schema.program_fields()))
        said = f"{field!r} is a fact of an option; name the option." if entry else f"Unknown field.{hint}"
        raise Invalid([problem(field, said)])
    option = draft.options.filter(key=option_key).first()
    if option is None:
        raise Invalid([problem(field, f"There is no option {option_key!r}.", option=option_key)])
    own = {one.key: one for one in schema.option_fields(option.kind)}
    if field not in own:
        hint = nearest(str(field)[:80], tuple(own))
        raise Invalid([problem(field, f"Unknown field of {option.name}.{hint}", option=option_key)])
    return own[field]


def _may_edit(member: Membership, draft: ProfileDraft, entry: Field) -> None:
    rights = ProgramRights(member.now(), draft.program)
    rights.edit_fact(entry.owner, commercial=entry.commercial).require()


def _day(entry: Field, option_key: str, row: DraftValue | None, cleaned: Any, as_of: Any) -> datetime.date | None:
    """The day as of which the fact is known: as given; else as before where the value stays; else today."""
    if as_of in (None, ""):
        if not entry.dated or cleaned is None:
            return None
        return row.as_of if row is not None and row.value == cleaned and row.as_of else database_now().date()
    try:
        day = datetime.date.fromisoformat(date_of_fact(entry, as_of))
    except ValueProblem as refused:
        raise Invalid([problem(entry.key, str(refused), option=option_key, value=as_of)]) from refused
    if day > database_now().date():
        said = f"{entry.label} is known as of a day that has come."
        raise Invalid([problem(entry.key, said, option=option_key, value=as_of)])
    return day


def _write(
    draft: ProfileDraft, entry: Field, option_key: str, row: DraftValue | None, value: Any, day: datetime.date | None,
    member: Membership, seen_version: int,
) -> DraftValue:  # fmt: skip
    stored = (row.value, row.as_of, row.to_confirm) if row else (None, None, False)
    if stored == (value, day, False):
        return row or DraftValue(draft=draft, option_key=option_key, field=entry.key, value=None, version=0)
    current, moved = row.version if row else 0, f"{entry.label} was changed meanwhile."
    require_seen(entry.label, seen_version, current, moved=moved, current=stored[0], attempted=value)
    values = {
        "value": value,
        "as_of": day,
        "to_confirm": False,
        "version": count_change(draft, member),
        "updated_by": member,
        "updated_at": Now(),
    }
    DraftValue.objects.update_or_create(
        draft=draft,
        option_key=option_key,
        field=entry.key,
        defaults=values,
        create_defaults=values | {"organization_id": draft.organization_id},
    )
    option = draft.options.filter(key=option_key).first() if option_key else None
    record_event(
        "facts.confirmed" if stored[0] == value and stored[2] else "facts.edited",
        organization_id=draft.organization_id,
        actor=member,
        subject=draft,
        label=f"{entry.label} ({option.name})" if option else entry.label,
        program=draft.program,
        old={"field": entry.key, "option": option_key, "value": stored[0], "as_of": stored[1]},
        new={"field": entry.key, "option": option_key, "value": value, "as_of": day},
    )
    return DraftValue.objects.select_related("updated_by__user").get(
        draft=draft, option_key=option_key, field=entry.key
    )
