"""Moving month 0 of the draft on: anchored values shift, remaining ones wait for someone to confirm them."""

import datetime
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.audit import database_now, record_event
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.models import DraftValue, Program
from assessments.scoring.clock import after_months, elapsed_months, is_anchored, reaches_earliest, shifted_value
from assessments.services.drafts.reading import Cell, Draft, read_draft
from assessments.services.drafts.rows import count_change, lock_draft, require_version
from assessments.services.revisions import problem


@dataclass(frozen=True)
class Plan:
    """What re-anchoring does to a draft.

    day      the day it is done for; `old_date` and `new_date` are month 0 before and after
    months   whole calendar months that have passed between `old_date` and `day`
    moved    (cell, new value) of every anchored value that changes
    confirm  cells of remaining values, whose value stays and is to be confirmed
    """

    day: datetime.date
    old_date: datetime.date
    new_date: datetime.date
    months: int
    moved: tuple[tuple[Cell, Any], ...]
    confirm: tuple[Cell, ...]


def plan_re_anchor(draft: Draft, day: datetime.date | None = None) -> Plan:
    """What re-anchoring to a day (UTC, by default today) would do; changes nothing.

    Month 0 moves by the elapsed whole months and not to the day itself: so every anchored month keeps its calendar
    date, and days short of a month are not lost however often it is done.
    Raises WrongState without a month 0 or before a whole month has passed; Invalid for values that would go too far back
    """
    day = day or database_now().date()
    start = draft.assessment_date
    if start is None:
        raise WrongState("These facts have no assessment date yet: there is no month 0 to move.")
    months = elapsed_months(start, day)
    if months == 0:
        raise WrongState(f"Less than a month has passed since {start.day} {start:%b %Y}: nothing moves yet.")
    moved, confirm, problems = [], [], []
    for cell in draft.cells:
        if cell.value is None:
            continue
        if is_anchored(cell.field):
            value = shifted_value(cell.field, cell.value, months)
            if reaches_earliest(cell.field, value):
                said = f"{cell.label} would lie more than ten years back. Correct or clear it first."
                problems.append(problem(cell.field.key, said, option=cell.option_key, value=cell.value))
            if value != cell.value:
                moved.append((cell, value))
        elif cell.field.clock == "remaining":
            confirm.append(cell)
    if problems:
        raise Invalid(problems)
    return Plan(day, start, after_months(start, months), months, tuple(moved), tuple(confirm))


@transaction.atomic
def re_anchor(
    *, member: Membership, program: Program, day: datetime.date | None = None, seen_version: int | None = None
) -> Plan:
    """Re-anchor the draft to a day (UTC, by default today) and answer what was done.

    seen_version  of the draft
    Raises        NotAllowed, Clash, and as `plan_re_anchor` does
    """
    row = lock_draft(program.pk)
    permissions.can_re_anchor(member.now(), row.program).require()
    require_version(row, seen_version)
    plan = plan_re_anchor(read_draft(row.program), day)
    version = count_change(row, member)
    changed = []
    for cell, value in plan.moved:
        changed.append(copy(cell.row))
        changed[-1].value = value
    for cell in plan.confirm:
        changed.append(copy(cell.row))
        changed[-1].to_confirm = True
    for row_of_value in changed:
        row_of_value.version, row_of_value.updated_by, row_of_value.updated_at = version, member, Now()
    DraftValue.objects.bulk_update(changed, ["value", "to_confirm", "version", "updated_by", "updated_at"])
    row.values.filter(option_key="", field="assessment_date").update(
        value=plan.new_date.isoformat(), version=version, updated_by=member, updated_at=Now()
    )
    record_event(
        "facts.re_anchored",
        organization_id=row.organization_id,
        actor=member,
        subject=row,
        label=f"Month 0 moved by {plan.months}",
        program=row.program,
        old={"assessment_date": plan.old_date, "values": {cell.name: cell.value for cell, _ in plan.moved}},
        new={
            "assessment_date": plan.new_date,
            "months": plan.months,
            "values": {cell.name: value for cell, value in plan.moved},
            "to_confirm": [cell.name for cell in plan.confirm],
        },
    )
    return plan
