"""The rows of a draft: locking it, counting its changes, and making it say what given facts say."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Membership
from assessments.live import announce
from assessments.models import DraftOption, DraftValue, ProfileDraft, Program
from assessments.scoring.profile import known_on
from assessments.scoring.schema import HOSTED, Schema
from assessments.services.versions import require_seen


def lock_draft(program_id: int) -> ProfileDraft:
    """Lock the draft of a program; the first statement of every change of it."""
    return (
        ProfileDraft.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__criteria_version", "program__revision")
        .get(program_id=program_id)
    )


def count_change(draft: ProfileDraft, member: Membership) -> int:
    """Count one change of the locked draft and answer the count: the version of whatever was changed."""
    ProfileDraft.objects.filter(pk=draft.pk).update(version=F("version") + 1, updated_by=member, updated_at=Now())
    draft.version += 1
    announce(draft.program, draft.program.inputs_revision)
    return draft.version


def require_version(draft: ProfileDraft, seen_version: int | None) -> None:
    """Raises Clash if the locked draft changed since it was looked at."""
    moved = "Somebody changed the draft since you looked at it. Look at it again before you go on."
    require_seen("the draft", seen_version, draft.version, moved=moved, current=draft.version, attempted=seen_version)


def new_draft(program: Program, schema: Schema, known: Mapping[str, Any]) -> ProfileDraft:
    """The first draft of a program: one option of each kind, and the facts that are known already."""
    draft = ProfileDraft.objects.create(organization_id=program.organization_id, program=program)
    own = {"organization_id": program.organization_id, "draft": draft}
    for at, (kind, name) in enumerate(schema.kinds.items()):
        host = HOSTED.get(kind, "")
        DraftOption.objects.create(
            **own, key=kind, kind=kind, name=name, host=host if host in schema.kinds else "", position=at
        )
    DraftValue.objects.bulk_create(
        DraftValue(**own, field=field, value=value) for field, value in known.items() if field in schema.fields
    )
    return draft


def follow(draft: ProfileDraft, facts: Mapping[str, Any], member: Membership) -> None:
    """Make the locked draft say exactly what the facts say. Unchanged values keep their version."""
    version = count_change(draft, member)
    _follow_options(draft, facts["options"], version)
    wanted = {("", name): value for name, value in facts["program"].items()}
    for key, option in facts["options"].items():
        wanted |= {(key, name): value for name, value in option["facts"].items()}
    stored = {(row.option_key, row.field): row for row in draft.values.all()}
    changed = []
    for place, row in stored.items():
        value, as_of = wanted.get(place), facts.get("as_of", {}).get(known_on(place[1], place[0]))
        if row.value == value and row.to_confirm is False and _iso(row.as_of) == as_of:
            continue
        row.value, row.as_of, row.to_confirm = value, as_of, False
        row.version, row.updated_by, row.updated_at = version, member, Now()
        changed.append(row)
    DraftValue.objects.bulk_update(changed, ["value", "as_of", "to_confirm", "version", "updated_by", "updated_at"])
    DraftValue.objects.bulk_create(
        DraftValue(
            organization_id=draft.organization_id,
            draft=draft,
            option_key=key,
            field=name,
            value=value,
            as_of=facts.get("as_of", {}).get(known_on(name, key)),
            version=version,
            updated_by=member,
        )
        for (key, name), value in wanted.items()
        if (key, name) not in stored
    )


def _iso(day) -> str | None:
    return day.isoformat() if day else None


def _follow_options(draft: ProfileDraft, options: Mapping[str, Any], version: int) -> None:
    stored = {row.key: row for row in draft.options.all()}
    gone = [key for key, row in stored.items() if options.get(key, {}).get("kind") != row.kind]
    if gone:
        draft.options.filter(key__in=gone).delete()
        draft.values.filter(option_key__in=gone).delete()
    for at, (key, option) in enumerate(options.items()):
        said = {"kind": option["kind"], "name": option["name"], "host": option.get("host") or "", "position": at}
        row = stored.get(key) if key not in gone else None
        if row is None:
            DraftOption.objects.create(
                organization_id=draft.organization_id, draft=draft, key=key, version=version, **said
            )
        elif any(getattr(row, name) != value for name, value in said.items()):
            draft.options.filter(key=key).update(version=version, **said)
